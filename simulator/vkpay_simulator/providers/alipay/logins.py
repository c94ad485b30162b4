"""``alipay.system.oauth.token``: whose a code is, once, and new tokens for old ones. Its parameters stand at the top level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.alipay.accounts import App
from vkpay_simulator.providers.alipay.admission import refusal
from vkpay_simulator.providers.alipay.buyers import Buyers
from vkpay_simulator.providers.alipay.models import Buyer, Call
from vkpay_simulator.providers.alipay.orders import Content

if TYPE_CHECKING:
    from vkpay_simulator.world import World

CODE_LIFE_MS = 24 * 3_600_000
ACCESS_LIFE_S = 15 * 86_400
REFRESH_LIFE_S = 30 * 86_400


@dataclass(slots=True, kw_only=True)
class Grant:
    """What a code, or later a refresh token, stands for; ``used`` once somebody has had tokens for it."""

    app: App
    buyer: Buyer
    until_ms: int
    used: bool = False


class Logins:
    """Codes and refresh tokens that were given out."""

    def __init__(self, world: World, buyers: Buyers) -> None:
        self._world = world
        self._buyers = buyers
        self._codes: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}

    def clear(self) -> None:
        self._codes.clear()
        self._refresh.clear()

    def log_in(self, app: App, payer: str | None) -> dict[str, str]:
        """A user, new unless named by user id or open id, opens the app and gives it a code."""
        buyer = self._buyers.payer(app, payer)
        code = self._world.ids.hex(32)
        self._codes[code] = Grant(app=app, buyer=buyer, until_ms=self._world.clock.now() + CODE_LIFE_MS)
        (openid,) = self._identity(app, buyer).values()
        return {"code": code, "openid": openid}

    def token(self, call: Call) -> Content:
        match call.params.get("grant_type"):
            case "authorization_code":
                return self._tokens(self._by_code(call))
            case "refresh_token":
                return self._tokens(self._by_refresh_token(call))
        raise refusal("isv.grant-type-invalid", "grant_type is authorization_code or refresh_token.")

    def _by_code(self, call: Call) -> Grant:
        grant = self._codes.get(call.params.get("code"))
        if grant is None:
            raise refusal(
                "isv.code-invalid", "No such code was given out: POST /_sim/login with the app_id gives one."
            )
        if grant.app is not call.app:
            raise refusal("isv.unmatched-app-id", f"The code was given to app {grant.app.app_id}.")
        if grant.used:
            raise refusal("isv.code-invalid", "A code works once: log the user in again.")
        if self._world.clock.now() > grant.until_ms:
            raise refusal("isv.code-invalid", "The code is older than a day: log the user in again.")
        return grant

    def _by_refresh_token(self, call: Call) -> Grant:
        grant = self._refresh.get(call.params.get("refresh_token"))
        if grant is None or grant.app is not call.app:
            raise refusal("isv.refresh-token-invalid", "No such refresh_token was given to this app.")
        if grant.used:
            raise refusal("isv.refreshed-token-invalid", "A refresh_token works once: use the newest one.")
        if self._world.clock.now() > grant.until_ms:
            raise refusal("isv.refresh-token-time-out", "The refresh_token is older than re_expires_in said.")
        return grant

    def _tokens(self, grant: Grant) -> Content:
        """Unlike any other success it has no ``code``."""
        grant.used = True
        now = self._world.clock.now()
        refresh = self._token()
        self._refresh[refresh] = Grant(app=grant.app, buyer=grant.buyer, until_ms=now + REFRESH_LIFE_S * 1000)
        return {
            "access_token": self._token(),
            "auth_start": china_text(now),
            "expires_in": ACCESS_LIFE_S,
            "re_expires_in": REFRESH_LIFE_S,
            "refresh_token": refresh,
            **self._identity(grant.app, grant.buyer),
        }

    def _identity(self, app: App, buyer: Buyer) -> dict[str, str]:
        if app.id_mode == "open_id":
            return {"open_id": self._buyers.open_id(app, buyer)}
        return {"user_id": buyer.user_id}

    def _token(self) -> str:
        return f"authbseB{self._world.ids.hex(32)}X{self._world.ids.digits(2)}"
