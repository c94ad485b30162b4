"""Access tokens of both kinds, and the codes that a user's login gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.douyin.accounts import Accounts, App
from vkpay_simulator.providers.douyin.answers import Answers
from vkpay_simulator.providers.douyin.errors import TOKEN_EXPIRED, TOKEN_INVALID, trade_refusal
from vkpay_simulator.providers.douyin.fields import parse_object

if TYPE_CHECKING:
    from vkpay_simulator.world import World

LIFE_S = 7200
OVERLAP_MS = 300_000
CODE_LIFE_MS = 180_000
BAD_APP, BAD_SECRET, BAD_CODE = 40015, 40017, 40018
NO_CLIENT = 10003


@dataclass(slots=True, kw_only=True)
class Token:
    """``until_ms``: business time."""

    app: App
    kind: str
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    app: App
    openid: str
    until_ms: int


class Tokens:
    """Gives tokens out. The one before stays good for five more minutes."""

    def __init__(self, world: World, accounts: Accounts, answers: Answers) -> None:
        self._world = world
        self._accounts = accounts
        self._answers = answers
        self._tokens: dict[str, Token] = {}
        self._logins: dict[str, Login] = {}

    def clear(self) -> None:
        self._tokens.clear()
        self._logins.clear()

    def client_token(self, request: Request) -> Answer:
        """``POST /oauth/client_token/``."""
        asked = parse_object(request.body) or {}
        app = self._accounts.find(asked.get("client_key"))
        if app is None or asked.get("client_secret") != app.secret:
            why = "client_key is appId and client_secret is secret of GET /_sim/merchants/{pid}."
            return self._no_client(NO_CLIENT, "client_key或client_secret错误", why)
        if asked.get("grant_type") != "client_credential":
            return self._no_client(NO_CLIENT, "grant_type错误", "grant_type is client_credential.")
        data = {
            "access_token": self._issued(app, "client", f"clt.{self._world.ids.hex(64)}"),
            "expires_in": LIFE_S,
            "error_code": 0,
            "description": "",
        }
        return self._answers.json({"data": data, "message": "success"})

    def app_token(self, request: Request) -> Answer:
        """``POST /api/apps/v2/token``, for pushing orders."""
        asked = parse_object(request.body) or {}
        app = self._accounts.find(asked.get("appid"))
        if app is None:
            return self._no(BAD_APP, "bad appid", "appid is appId of GET /_sim/merchants/{pid}.")
        if asked.get("secret") != app.secret:
            return self._no(BAD_SECRET, "bad secret", "secret is that of GET /_sim/merchants/{pid}.")
        token = self._issued(app, "app", self._world.ids.hex(64))
        data = {"access_token": token, "expires_in": LIFE_S}
        return self._answers.json({"err_no": 0, "err_tips": "success", "data": data})

    def session(self, request: Request) -> Answer:
        """``POST /api/apps/v2/jscode2session``; a code works once."""
        asked = parse_object(request.body) or {}
        app = self._accounts.find(asked.get("appid"))
        if app is None:
            return self._no(BAD_APP, "bad appid", "appid is appId of GET /_sim/merchants/{pid}.")
        if asked.get("secret") != app.secret:
            return self._no(BAD_SECRET, "bad secret", "secret is that of GET /_sim/merchants/{pid}.")
        login = self._logins.pop(str(asked.get("code")), None)
        if login is None or login.app is not app or login.until_ms < self._world.clock.now():
            why = "A code comes from POST /_sim/login, is good for three minutes, and works once."
            return self._no(BAD_CODE, "bad code", why)
        data = {
            "session_key": self._world.ids.alnum(22) + "==",
            "openid": login.openid,
            "anonymous_openid": "",
            "unionid": "",
        }
        return self._answers.json({"err_no": 0, "err_tips": "success", "data": data})

    def login(self, app: App, openid: str | None) -> dict[str, str]:
        """What ``tt.login`` gives to the mini program."""
        code = self._world.ids.hex(32)
        openid = openid or self._world.ids.alnum(36)
        self._logins[code] = Login(app=app, openid=openid, until_ms=self._world.clock.now() + CODE_LIFE_MS)
        return {"code": code, "openid": openid}

    def app_of_client(self, token: str | None) -> App:
        """Whose client token this is. Raises :class:`Refusal`."""
        found = self._tokens.get(token or "")
        if found is None or found.kind != "client":
            why = "The header access-token has none that POST /oauth/client_token/ gave out."
            raise trade_refusal(TOKEN_INVALID, why=why)
        if found.until_ms <= self._world.clock.now():
            raise trade_refusal(TOKEN_EXPIRED, why="The token is too old, or a newer one replaced it.")
        return found.app

    def app_of_pusher(self, token: object) -> App | None:
        found = self._tokens.get(token) if isinstance(token, str) else None
        if found is None or found.kind != "app" or found.until_ms <= self._world.clock.now():
            return None
        return found.app

    def expire(self, app: App) -> int:
        """For the control API: no token of the app is good any more. Gives how many there were."""
        mine = [token for token in self._tokens.values() if token.app is app]
        for token in mine:
            token.until_ms = 0
        return len(mine)

    def _issued(self, app: App, kind: str, text: str) -> str:
        now = self._world.clock.now()
        for token in self._tokens.values():
            if token.app is app and token.kind == kind:
                token.until_ms = min(token.until_ms, now + OVERLAP_MS)
        self._tokens[text] = Token(app=app, kind=kind, until_ms=now + LIFE_S * 1000)
        return text

    def _no_client(self, code: int, description: str, why: str) -> Answer:
        data: dict[str, Any] = {"error_code": code, "description": description}
        return self._answers.json({"data": data, "message": "error"}, explain=why)

    def _no(self, code: int, tips: str, why: str) -> Answer:
        return self._answers.json({"err_no": code, "err_tips": tips, "data": None}, explain=why)
