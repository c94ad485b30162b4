"""Users and their codes: ``/sns/jscode2session`` for mini programs, ``/sns/oauth2/access_token`` for pages and apps."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.weixin.apps import Apps, WeixinApp
from vkpay_simulator.providers.weixin.errors import WeixinError

if TYPE_CHECKING:
    from vkpay_simulator.world import World

CODE_LIFE_MS = 300_000
ACCESS_LIFE_S = 7200
NAMES = {"mini": "js_code", "web": "code"}

Said = dict[str, str | int]


@dataclass(slots=True, kw_only=True)
class Code:
    """What the client got for its server."""

    app: WeixinApp
    openid: str
    issued_ms: int
    used: bool = False


class Logins:
    """Gives codes out and says whose they are, once. A user has one session_key in an app: a new login ends the old one."""

    def __init__(self, world: World, apps: Apps) -> None:
        self._world = world
        self._apps = apps
        self._codes: dict[str, Code] = {}
        self._keys: dict[tuple[str, str], str | None] = {}

    def clear(self) -> None:
        self._codes.clear()
        self._keys.clear()

    def log_in(self, app: WeixinApp, openid: str | None) -> dict[str, str]:
        """A user, new unless named, opens the app."""
        ids = self._world.ids
        openid = openid or "o" + ids.alnum(27)
        code = "0" + ids.alnum(31)
        self._codes[code] = Code(app=app, openid=openid, issued_ms=self._world.clock.now())
        return {"code": code, "openid": openid}

    def session(self, request: Request) -> Said:
        """A session_key of 24 characters, another one each time."""
        code = self._taken(request, "mini")
        key = b64encode(bytes.fromhex(self._world.ids.hex(32))).decode()
        self._keys[code.app.appid, code.openid] = key
        return {"session_key": key, "openid": code.openid}

    def access(self, request: Request) -> Said:
        code = self._taken(request, "web")
        return {
            "access_token": self._token(),
            "expires_in": ACCESS_LIFE_S,
            "refresh_token": self._token(),
            "openid": code.openid,
            "scope": "snsapi_base",
        }

    def knows(self, appid: str, openid: str) -> bool:
        """Whether the user has ever logged in to the mini program."""
        return (appid, openid) in self._keys

    def session_key(self, appid: str, openid: str) -> str | None:
        """The user's session_key as it now is; ``None`` without one that holds."""
        return self._keys.get((appid, openid))

    def end_session(self, appid: str, openid: str) -> None:
        """The session_key holds no more; the user stays known. Raises :class:`SimulatorError` (404)."""
        if not self.knows(appid, openid):
            raise SimulatorError(f"{openid!r} has not logged in to {appid}: POST /_sim/login first.", 404)
        self._keys[appid, openid] = None

    def _taken(self, request: Request, kind: str) -> Code:
        """The code of a request, used up. Raises :class:`WeixinError`."""
        query = request.query
        app = self._apps.proven(query)
        if query.get("grant_type") != "authorization_code":
            raise WeixinError(40002, "grant_type has to be authorization_code.")
        code = self._code(app, kind, query.get(NAMES[kind], ""))
        code.used = True
        return code

    def _code(self, app: WeixinApp, kind: str, given: str) -> Code:
        if not given:
            raise WeixinError(41008, f"Send {NAMES[kind]} in the query.")
        code = self._codes.get(given)
        if code is None:
            raise WeixinError(40029, "No such code was given out: POST /_sim/login with the appid gives one.")
        if code.app != app:
            raise WeixinError(
                40029, f"The code was given to a user of {code.app.appid}, and not of {app.appid}."
            )
        if app.kind != kind:
            raise WeixinError(40029, hint_of(app))
        if code.used:
            raise WeixinError(40163, "A code works once: log the user in again.")
        if self._world.clock.now() > code.issued_ms + CODE_LIFE_MS:
            raise WeixinError(40029, "The code is older than five minutes: log the user in again.")
        return code

    def _token(self) -> str:
        return f"{self._world.ids.digits(2)}_{self._world.ids.alnum(86)}"


def hint_of(app: WeixinApp) -> str:
    path = "/sns/jscode2session" if app.kind == "mini" else "/sns/oauth2/access_token"
    return f"{app.appid} is {'a mini program' if app.kind == 'mini' else 'no mini program'}: ask {path}."
