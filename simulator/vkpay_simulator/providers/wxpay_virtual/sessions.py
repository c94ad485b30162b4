"""Users and their logins: ``wx.login`` gives a code, ``/sns/jscode2session`` an openid and a session_key for it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.wxpay_virtual.accounts import App
from vkpay_simulator.providers.wxpay_virtual.errors import XpayError
from vkpay_simulator.providers.wxpay_virtual.tokens import Tokens

if TYPE_CHECKING:
    from vkpay_simulator.world import World

CODE_LIFE_MS = 300_000


@dataclass(slots=True, kw_only=True)
class Code:
    """What ``wx.login`` gave to the mini program."""

    app: App
    openid: str
    issued_ms: int
    used: bool = False


class Sessions:
    """Knows who has logged in to which app. A user has one session_key: a new login makes the old one worthless."""

    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens
        self._codes: dict[str, Code] = {}
        self._keys: dict[tuple[str, str], str | None] = {}

    def clear(self) -> None:
        self._codes.clear()
        self._keys.clear()

    def login(self, app: App, openid: str | None) -> dict[str, str]:
        """For the control API: a user opens the mini program, and it calls ``wx.login``."""
        ids = self._world.ids
        openid = openid or "o" + ids.alnum(27)
        code = "0" + ids.alnum(31)
        self._codes[code] = Code(app=app, openid=openid, issued_ms=self._world.clock.now())
        return {"code": code, "openid": openid}

    def expire(self, app: App, openid: str) -> dict[str, str]:
        """For the control API: the session_key ends; the user stays known."""
        if (app.appid, openid) not in self._keys:
            raise SimulatorError(f"{openid!r} has not logged in to {app.appid}: POST …/login first.", 404)
        self._keys[app.appid, openid] = None
        return {"openid": openid, "session": "expired"}

    def code2session(self, request: Request) -> dict[str, Any]:
        query = request.query
        app = self._tokens.client(query.get("appid", ""), query.get("secret", ""))
        if query.get("grant_type", "authorization_code") != "authorization_code":
            raise XpayError(40002, advice="grant_type has to be authorization_code.")
        code = self._code(app, query.get("js_code", ""))
        code.used = True
        key = b64encode(bytes.fromhex(self._world.ids.hex(32))).decode()
        self._keys[app.appid, code.openid] = key
        return {"session_key": key, "openid": code.openid}

    def knows(self, app: App, openid: str) -> bool:
        return (app.appid, openid) in self._keys

    def key(self, app: App, openid: str) -> str | None:
        """The user's session_key as it now is; ``None`` without one that holds."""
        return self._keys.get((app.appid, openid))

    def _code(self, app: App, js_code: str) -> Code:
        if not js_code:
            raise XpayError(41008, advice="Send js_code: wx.login gives it.")
        code = self._codes.get(js_code)
        if code is None or code.app is not app:
            advice = "No such code was given out for this app: POST /_sim/wxpay-virtual/login gives one."
            raise XpayError(40029, advice=advice)
        if code.used:
            raise XpayError(40163, advice="A code works once: call wx.login again.")
        if self._world.clock.now() > code.issued_ms + CODE_LIFE_MS:
            raise XpayError(40029, advice="The code is older than five minutes: call wx.login again.")
        return code
