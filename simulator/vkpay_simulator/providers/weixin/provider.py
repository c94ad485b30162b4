"""api.weixin.qq.com, put together. It takes no payments: it says who the users are of the apps that do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from multidict import CIMultiDict

from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.exchange import Answer, Handler, Request, Route
from vkpay_simulator.providers.base import Merchant, OrderView, SimulatorError
from vkpay_simulator.providers.weixin.apps import Apps
from vkpay_simulator.providers.weixin.errors import CATALOGUE, WeixinError
from vkpay_simulator.providers.weixin.logins import Logins, Said

if TYPE_CHECKING:
    from vkpay_simulator.world import World

NO_MONEY = "api.weixin.qq.com has no orders: name the provider that is paid."


class WeixinSim:
    """Logins of every app that a merchant's account at another provider has. ``logins`` knows the users' session_keys."""

    name: ClassVar[str] = "weixin"

    def __init__(self, world: World) -> None:
        self._world = world
        self._apps = Apps(world)
        self.logins = Logins(world, self._apps)

    def routes(self) -> Sequence[Route]:
        table = [
            ("/sns/jscode2session", "jscode2session", self.logins.session),
            ("/sns/oauth2/access_token", "oauth2_access_token", self.logins.access),
        ]
        return [
            Route(method="GET", path=path, operation=name, handler=self._framed(work))
            for path, name, work in table
        ]

    def login(self, appid: str, openid: str | None) -> dict[str, str]:
        """The code that the client hands to its server. Raises :class:`SimulatorError` (404) for another's app."""
        app = self._apps.find(appid)
        if app is None:
            raise SimulatorError(f"WeChat has no app {appid!r}.", 404)
        return self.logins.log_in(app, openid)

    def open_account(self, merchant: Merchant) -> None:
        """Its apps stand in its accounts at the providers that are paid."""

    def config_row(self, merchant: Merchant) -> dict[str, Any]:
        return {}

    def subject_of(self, request: Request, operation: str) -> str | None:
        return None

    def error_codes(self) -> frozenset[str]:
        return frozenset(map(str, CATALOGUE))

    def business_error(self, request: Request, operation: str, code: str) -> Answer:
        if code not in self.error_codes():
            raise SimulatorError(f"weixin has no code {code!r}: use one of {sorted(self.error_codes())}")
        return self._refused(WeixinError(int(code)))

    def spoil_signature(self, answer: Answer) -> Answer:
        """Nothing is signed here."""
        return answer

    def spoil_outgoing(self, outgoing: Outgoing) -> Outgoing:
        return outgoing

    def orders(self) -> list[OrderView]:
        return []

    def pay(
        self,
        out_trade_no: str,
        *,
        pid: str | None = None,
        payer: str | None = None,
        channel: str | None = None,
    ) -> OrderView:
        raise SimulatorError(NO_MONEY, 404)

    def scan(self, out_trade_no: str, *, pid: str | None = None, payer: str | None = None) -> OrderView:
        raise SimulatorError(NO_MONEY, 404)

    def cancel(self, out_trade_no: str, *, pid: str | None = None) -> OrderView:
        raise SimulatorError(NO_MONEY, 404)

    def settle_refund(self, out_refund_no: str, status: str, *, pid: str | None = None) -> dict[str, Any]:
        raise SimulatorError(NO_MONEY, 404)

    def settle_transfer(self, out_bill_no: str, outcome: str, *, pid: str | None = None) -> dict[str, Any]:
        raise SimulatorError(NO_MONEY, 404)

    def reset(self) -> None:
        self.logins.clear()

    def _framed(self, work: Callable[[Request], Said]) -> Handler:
        def handle(request: Request) -> Answer:
            try:
                return _answer(work(request))
            except WeixinError as error:
                return self._refused(error)

        return handle

    def _refused(self, error: WeixinError) -> Answer:
        """HTTP 200 all the same: the code says no."""
        request_id = "-".join(self._world.ids.hex(8) for _ in range(3))
        body = {"errcode": error.code, "errmsg": f"{error}, rid: {request_id}"}
        return _answer(body, f"{error.code}: {error.advice or error}")


def logins_of(world: World) -> Logins:
    """For a provider whose calls a user's session_key signs; WeChat's logins come first in the registry."""
    weixin = world.providers.get(WeixinSim.name)
    if not isinstance(weixin, WeixinSim):
        raise SimulatorError("A world with virtual payment needs the provider weixin before it.")
    return weixin.logins


def _answer(body: Said | dict[str, Any], explain: str = "") -> Answer:
    headers = CIMultiDict({"Content-Type": "text/plain"})
    return Answer(body=msgspec.json.encode(body), headers=headers, explain=explain)
