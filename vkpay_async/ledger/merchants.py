"""Merchants by pid in the database, encrypted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from vkpay_async.config import Merchant
from vkpay_async.config.export import merchant_from_settings, settings_of
from vkpay_async.config.vault import required
from vkpay_async.crypto.vault import Vault
from vkpay_async.errors import ConfigError, InvalidArgument
from vkpay_async.ledger.schema import merchants

if TYPE_CHECKING:
    from vkpay_async.ledger.ledger import Ledger

SOURCE = "database"
LONGEST_PID = 64
_AT_ONCE = 200

_ROWS = select(
    merchants.c.pid,
    merchants.c.settings,
    merchants.c.key_id,
    merchants.c.revision,
    merchants.c.update_date,
)


class MerchantRow(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant as it is kept. ``revision`` grows with every change; ``key_id`` names the key it is encrypted under."""

    pid: str
    revision: int
    key_id: str
    update_date: int


class StoredMerchant(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant, decrypted."""

    merchant: Merchant
    revision: int
    key_id: str


class Merchants:
    """The merchants in a ledger's database. ``vault`` holds the key; without one they can only be counted.

    Every method raises :class:`LedgerUnavailable` when the database cannot be used, and those that need the key
    :class:`ConfigError` when it is missing, or another one.
    """

    def __init__(self, ledger: Ledger, vault: Vault | None, now_ms: Callable[[], int]) -> None:
        self._ledger = ledger
        self._vault = vault
        self._now_ms = now_ms
        self.on_change: Callable[[str], None] = lambda _: None
        """Told of the pid that was saved or deleted here."""

    async def load(self, pid: str) -> StoredMerchant | None:
        """``None`` where there is no such merchant. Raises :class:`ConfigError`."""
        row = await self._ledger.read(lambda c: c.execute(_ROWS.where(merchants.c.pid == pid)).first())
        return None if row is None else self._opened(row)

    async def load_all(self, pids: Collection[str]) -> dict[str, StoredMerchant | ConfigError]:
        """Those of some pids that are there; what is wrong with one is no harm to the others."""
        found: dict[str, StoredMerchant | ConfigError] = {}
        wanted = sorted(pids)
        for start in range(0, len(wanted), _AT_ONCE):
            rows = await self._ledger.read(_reading(wanted[start : start + _AT_ONCE]))
            found.update((row.pid, self._opened_or_error(row)) for row in rows)
        return found

    async def save(self, pid: str, settings: Mapping[str, Any]) -> int:
        """Keeps a merchant, new or changed; its revision. ``settings`` are in the config's shape, as under ``merchants.<pid>``.

        What stands in files is read and kept along. Raises :class:`ConfigError` for settings that cannot be read.
        """
        return await self.keep(merchant_from_settings(_checked(pid), settings, source=SOURCE))

    async def keep(self, merchant: Merchant) -> int:
        """As :meth:`save`, for a merchant of a config."""
        vault = required(self._vault)
        pid = _checked(merchant.pid)
        sealed = vault.seal(msgspec.json.encode(settings_of(merchant)), pid)
        row = {"settings": sealed, "key_id": vault.key_id, "update_date": self._now_ms()}
        while True:
            revision = await self._ledger.write(lambda c: _kept(c, pid, row))
            if revision is not None:
                self.on_change(pid)
                return revision

    async def list(self) -> Sequence[MerchantRow]:
        """Which there are, without their settings."""
        columns = [merchants.c[name] for name in MerchantRow.__struct_fields__]
        rows = await self._ledger.read(lambda c: c.execute(select(*columns).order_by(merchants.c.pid)).all())
        return [MerchantRow(**dict(zip(MerchantRow.__struct_fields__, row, strict=True))) for row in rows]

    async def revisions(self) -> dict[str, int]:
        """Each pid's revision."""
        wanted = select(merchants.c.pid, merchants.c.revision)
        return dict(await self._ledger.read(lambda c: [(pid, number) for pid, number in c.execute(wanted)]))

    async def delete(self, pid: str) -> bool:
        """Whether it was there. Its orders stay, and cannot be asked about or refunded any longer."""
        statement = delete(merchants).where(merchants.c.pid == pid)
        there = await self._ledger.write(lambda c: c.execute(statement).rowcount == 1)
        self.on_change(pid)
        return there

    async def encrypt_anew(self) -> int:
        """Encrypts under the newest key what was under another; how many. Then the older keys can be given up."""
        vault = required(self._vault)
        older = [row.pid for row in await self.list() if row.key_id != vault.key_id]
        for pid in older:
            found = await self.load(pid)
            if found is not None:
                await self.keep(found.merchant)
        return len(older)

    def _opened(self, row: Any) -> StoredMerchant:
        plain = required(self._vault).open(row.settings, row.pid, row.key_id)
        merchant = merchant_from_settings(row.pid, msgspec.json.decode(plain), source=SOURCE)
        return StoredMerchant(merchant=merchant, revision=row.revision, key_id=row.key_id)

    def _opened_or_error(self, row: Any) -> StoredMerchant | ConfigError:
        try:
            return self._opened(row)
        except ConfigError as error:
            return error


def _reading(pids: list[str]) -> Callable[[Connection], Sequence[Any]]:
    return lambda connection: connection.execute(_ROWS.where(merchants.c.pid.in_(pids))).all()


def _kept(connection: Connection, pid: str, row: Mapping[str, Any]) -> int | None:
    """The new revision, greater than any that this pid has had; ``None`` when another process was quicker: try again."""
    mine = merchants.c.pid == pid
    before: int | None = connection.scalar(select(merchants.c.revision).where(mine).with_for_update())
    revision: int = max(row["update_date"], (before or 0) + 1)
    if before is not None:
        connection.execute(update(merchants).where(mine).values(**row, revision=revision))
        return revision
    try:
        with connection.begin_nested():
            connection.execute(insert(merchants).values(pid=pid, **row, revision=revision))
    except IntegrityError:
        return None
    return revision


def _checked(pid: str) -> str:
    if not isinstance(pid, str) or not 0 < len(pid) <= LONGEST_PID:
        raise InvalidArgument(f"a merchant's pid is 1–{LONGEST_PID} characters")
    return pid
