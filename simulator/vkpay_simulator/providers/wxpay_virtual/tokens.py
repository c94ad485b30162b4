"""Access tokens: ``/cgi-bin/token`` and ``/cgi-bin/stable_token``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.wxpay_virtual.accounts import Accounts, App
from vkpay_simulator.providers.wxpay_virtual.envelope import json_object
from vkpay_simulator.providers.wxpay_virtual.errors import XpayError

if TYPE_CHECKING:
    from vkpay_simulator.world import World

LIFE_S = 7200
OVERLAP_MS = 300_000
"""How long a token still holds that another has replaced; so long before its end a stable one is replaced."""


@dataclass(slots=True, kw_only=True)
class Token:
    app: App
    value: str
    ends_ms: int


class Tokens:
    """Gives tokens out and knows them again. The two calls do not disturb each other."""

    def __init__(self, world: World, accounts: Accounts) -> None:
        self._world = world
        self._accounts = accounts
        self._known: dict[str, Token] = {}
        self._current: dict[tuple[str, bool], Token] = {}

    def clear(self) -> None:
        self._known.clear()
        self._current.clear()

    def plain(self, request: Request) -> dict[str, Any]:
        """A new token each time; the one before holds for five more minutes."""
        app = self._app(request.query)
        return self._answer(self._replaced(app, stable=False))

    def stable(self, request: Request) -> dict[str, Any]:
        """The same token until shortly before its end, or a forced new one, which ends the old at once."""
        asked = json_object(request.body)
        app = self._app(asked)
        current, forced = self._current.get((app.appid, True)), asked.get("force_refresh") is True
        if current is None or forced or current.ends_ms - OVERLAP_MS <= self._now:
            current = self._replaced(app, stable=True)
        return self._answer(current)

    def check(self, value: str | None) -> App:
        """The app of a token that holds."""
        if not value:
            raise XpayError(
                41001, advice="Send access_token in the query: POST /cgi-bin/stable_token gives it."
            )
        token = self._known.get(value)
        if token is None:
            raise XpayError(
                40001, advice="No such token was given out, or another has replaced it: fetch one again."
            )
        if token.ends_ms <= self._now:
            raise XpayError(42001, advice="The token has ended (business time): fetch one again.")
        return token.app

    def expire(self, app: App) -> None:
        """Ends every token of an app now."""
        for token in self._known.values():
            if token.app is app:
                token.ends_ms = min(token.ends_ms, self._now)

    @property
    def _now(self) -> int:
        return self._world.clock.now()

    def _app(self, asked: Mapping[str, Any]) -> App:
        if asked.get("grant_type") != "client_credential":
            raise XpayError(40002, advice="grant_type has to be client_credential.")
        for name, code in (("appid", 41002), ("secret", 41004)):
            if not asked.get(name):
                raise XpayError(code, advice=f"Send {name}.")
        return self.client(str(asked["appid"]), str(asked["secret"]))

    def client(self, appid: str, secret: str) -> App:
        """The app that these two open."""
        app = self._accounts.find(appid)
        if app is None:
            raise XpayError(
                40013, advice=f"No app {appid} is here: take appId of GET /_sim/merchants/{{pid}}."
            )
        if app.secret != secret:
            raise XpayError(40125, advice="Take secret of GET /_sim/merchants/{pid}, node wxpay-virtual.")
        return app

    def _replaced(self, app: App, *, stable: bool) -> Token:
        old = self._current.get((app.appid, stable))
        if old is not None and not stable:
            old.ends_ms = min(old.ends_ms, self._now + OVERLAP_MS)
        elif old is not None and old.ends_ms - OVERLAP_MS > self._now:
            self._known.pop(old.value, None)
        ids = self._world.ids
        token = Token(app=app, value=f"{ids.digits(2)}_{ids.alnum(130)}", ends_ms=self._now + LIFE_S * 1000)
        self._known[token.value] = self._current[app.appid, stable] = token
        return token

    def _answer(self, token: Token) -> dict[str, Any]:
        return {"access_token": token.value, "expires_in": max(0, (token.ends_ms - self._now) // 1000)}
