"""Values that a provider gives out for a while and all processes share: one asks for a new one, the others wait.

A token is refreshed by whoever has the lease, a conditional update. A refresher that died is taken over when its lease
has ended.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from vkpay_async.config.secret import Secret
from vkpay_async.config.vault import required
from vkpay_async.crypto.vault import Vault
from vkpay_async.errors import ConfigError, InvalidArgument, TransportError
from vkpay_async.ledger.schema import tokens

if TYPE_CHECKING:
    from vkpay_async.ledger.ledger import Ledger

log = logging.getLogger("vkpay_async.tokens")

LEASE_MS = 30_000
REFRESH_LIMIT_S = 25.0
"""How long asking for a new one may take: less than the lease, so that no two ask at once."""

POLL_S = 0.1
AHEAD_MS = 300_000
"""How long before its end a token is refreshed, or a tenth of its life where that is less."""

LONGEST_NAME = 192


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """``expires`` in ms since the epoch."""

    value: Secret
    expires: int


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    value: bytes | None
    expires: int
    refresh_until: int


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in ``value``. ``key_id`` is ``None`` where it is not encrypted."""

    key_id: str | None
    fresh_until: int
    text: bytes


Refresh: TypeAlias = Callable[[], Awaitable[Token]]
Now: TypeAlias = Callable[[], int]


class Tokens:
    """The shared tokens of a ledger's database, encrypted where there is a key."""

    def __init__(self, ledger: Ledger, vault: Vault | None) -> None:
        self._ledger = ledger
        self._vault = vault
        self._me = secrets.token_hex(16)
        self._flights: dict[str, asyncio.Task[Token]] = {}
        self._replaced: dict[str, Token] = {}

    async def get(self, name: str, refresh: Refresh, now: Now) -> Token:
        """The token of this name, from ``refresh`` where there is none or it is about to end.

        Many callers are one call of ``refresh``, in all processes together. While the old token holds, whoever comes during
        the call gets the old one, and what ``refresh`` raises is only logged.

        Raises :class:`LedgerUnavailable`, and what ``refresh`` raises.
        """
        if not 0 < len(name) <= LONGEST_NAME:
            raise InvalidArgument(f"a token's name is 1–{LONGEST_NAME} characters")
        if name in self._replaced and self._replaced[name].expires > now():
            return self._replaced[name]
        if name not in self._flights:
            task = asyncio.get_running_loop().create_task(self._get(name, refresh, now))
            self._flights[name] = task
            task.add_done_callback(lambda done: self._landed(name, done))
        return await asyncio.shield(self._flights[name])

    async def find(self, name: str, now: Now) -> Token | None:
        """The token of this name while it holds."""
        return self._read(name, await self._ledger.read(lambda c: _find(c, name)), now())[0]

    async def put(self, name: str, token: Token, now: Now) -> None:
        """Keeps a token that was given to us, in place of any before it."""
        value = self._sealed(name, token, now())
        await self._ledger.write(lambda c: _put(c, name, value, token.expires))

    async def discard(self, name: str, token: Token) -> None:
        """The provider takes this token no longer: the next :meth:`get` fetches another. One that has come since stays."""
        same = (tokens.c.name == name, tokens.c.expires == token.expires)
        await self._ledger.write(
            lambda c: c.execute(update(tokens).where(*same).values(value=None, expires=0))
        )

    async def delete_expired(self, *, before: int) -> int:
        """Deletes tokens that ended before a time; how many."""
        ended = delete(tokens).where(tokens.c.expires < before, tokens.c.refresh_until < before)
        return await self._ledger.write(lambda c: int(c.execute(ended).rowcount))

    def _landed(self, name: str, task: asyncio.Task[Token]) -> None:
        del self._flights[name]
        self._replaced.pop(name, None)
        if not task.cancelled():
            task.exception()  # whoever waited was told

    async def _get(self, name: str, refresh: Refresh, now: Now) -> Token:
        while True:
            row = await self._ledger.read(lambda c: _find(c, name))
            token, fresh = self._read(name, row, now())
            if token is not None and fresh:
                return token
            if await self._taken(name, row, now()):
                return await self._fetched(name, refresh, now, token)
            if token is not None:
                return token
            await asyncio.sleep(POLL_S)

    async def _taken(self, name: str, row: _Row | None, now: int) -> bool:
        """Whether the lease is ours. It is not asked for where somebody is seen to have it."""
        if row is not None and row.refresh_until > now:
            return False
        return await self._ledger.write(lambda c: _take(c, name, row, self._me, now))

    async def _fetched(self, name: str, refresh: Refresh, now: Now, old: Token | None) -> Token:
        if old is not None:
            self._replaced[name] = old
        try:
            value, token = await self._asked(name, refresh, now)
        except Exception as error:
            await self._ledger.write(lambda c: _ours(c, name, self._me))
            if old is None or old.expires <= now():
                raise
            log.warning("token %s: not refreshed, the old one still holds: %s", name, type(error).__name__)
            return old
        kept = await self._ledger.write(
            lambda c: _ours(c, name, self._me, value=value, expires=token.expires)
        )
        # Not kept: somebody took over meanwhile, and what they brought has replaced ours at the provider.
        return token if kept else await self._get(name, refresh, now)

    async def _asked(self, name: str, refresh: Refresh, now: Now) -> tuple[bytes, Token]:
        began = now()
        try:
            async with asyncio.timeout(REFRESH_LIMIT_S):
                token = await refresh()
        except TimeoutError as error:
            raise TransportError(
                f"token {name}: no answer within {REFRESH_LIMIT_S:g} s; try again"
            ) from error
        return self._sealed(name, token, began), token

    def _sealed(self, name: str, token: Token, began: int) -> bytes:
        life = token.expires - began
        text, key_id = token.value.reveal().encode(), None
        if self._vault is not None:
            text, key_id = self._vault.seal(text, name), self._vault.key_id
        fresh_until = token.expires - min(AHEAD_MS, life // 10)
        return msgspec.msgpack.encode(_Kept(key_id=key_id, fresh_until=fresh_until, text=text))

    def _read(self, name: str, row: _Row | None, now: int) -> tuple[Token | None, bool]:
        """The token while it holds, and whether it is not to be refreshed yet. One under a lost key is as none."""
        if row is None or row.value is None or row.expires <= now:
            return None, False
        try:
            kept = msgspec.msgpack.decode(row.value, type=_Kept)
            text = kept.text
            if kept.key_id is not None:
                text = required(self._vault).open(text, name, kept.key_id)
        except (ConfigError, msgspec.DecodeError) as error:
            log.warning("token %s: cannot be read and is fetched anew: %s", name, error)
            return None, False
        return Token(value=Secret(text.decode()), expires=row.expires), now < kept.fresh_until


def _find(connection: Connection, name: str) -> _Row | None:
    wanted = select(tokens.c.value, tokens.c.expires, tokens.c.refresh_until).where(tokens.c.name == name)
    row = connection.execute(wanted).first()
    return (
        None if row is None else _Row(value=row.value, expires=row.expires, refresh_until=row.refresh_until)
    )


def _take(connection: Connection, name: str, seen: _Row | None, me: str, now: int) -> bool:
    """The lease, if nobody has it, and nobody has brought a new token since it was looked at."""
    lease = {"refresher": me, "refresh_until": now + LEASE_MS}
    if seen is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(tokens).values(name=name, **lease))
        except IntegrityError:
            return False
        return True
    same = (tokens.c.name == name, tokens.c.expires == seen.expires)
    free = or_(tokens.c.refresher.is_(None), tokens.c.refresh_until <= now)
    return connection.execute(update(tokens).where(*same, free).values(**lease)).rowcount == 1


def _put(connection: Connection, name: str, value: bytes, expires: int) -> None:
    changed = update(tokens).where(tokens.c.name == name).values(value=value, expires=expires)
    if connection.execute(changed).rowcount == 0:
        try:
            with connection.begin_nested():
                connection.execute(insert(tokens).values(name=name, value=value, expires=expires))
        except IntegrityError:
            connection.execute(changed)


def _ours(connection: Connection, name: str, me: str, **values: Any) -> bool:
    """Gives the lease back, with what it was taken for; not when another has taken over."""
    mine = (tokens.c.name == name, tokens.c.refresher == me)
    statement = update(tokens).where(*mine).values(refresher=None, refresh_until=0, **values)
    return connection.execute(statement).rowcount == 1
