"""WeChat's virtual payment, put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.providers.base import Merchant, OrderView, SimulatorError
from vkpay_simulator.providers.weixin import logins_of
from vkpay_simulator.providers.wxpay_virtual import control
from vkpay_simulator.providers.wxpay_virtual.accounts import Accounts, App, config_row
from vkpay_simulator.providers.wxpay_virtual.bills import Bills
from vkpay_simulator.providers.wxpay_virtual.cashier import Cashier
from vkpay_simulator.providers.wxpay_virtual.client import Attempt, Client
from vkpay_simulator.providers.wxpay_virtual.coins import Coins
from vkpay_simulator.providers.wxpay_virtual.complaints import Complaints
from vkpay_simulator.providers.wxpay_virtual.errors import CATALOGUE, XpayError
from vkpay_simulator.providers.wxpay_virtual.gate import Gate
from vkpay_simulator.providers.wxpay_virtual.goods import Shelf
from vkpay_simulator.providers.wxpay_virtual.notify import Pusher, spoilt
from vkpay_simulator.providers.wxpay_virtual.orders import OrderBook
from vkpay_simulator.providers.wxpay_virtual.refunds import Refunds
from vkpay_simulator.providers.wxpay_virtual.routes import (
    coin_routes,
    credential_routes,
    merchant_routes,
    order_routes,
)
from vkpay_simulator.providers.wxpay_virtual.subjects import subject_of
from vkpay_simulator.providers.wxpay_virtual.tokens import Tokens
from vkpay_simulator.providers.wxpay_virtual.withdrawals import Withdrawals

if TYPE_CHECKING:
    from vkpay_simulator.world import World


class WxpayVirtualSim:
    """The simulated virtual payment of mini programs. ``accounts`` may be changed while the world runs."""

    name: ClassVar[str] = "wxpay-virtual"

    def __init__(self, world: World) -> None:
        self.accounts = Accounts(world)
        self._tokens = Tokens(world, self.accounts)
        self._logins = logins_of(world)
        self._gate = Gate(world, self._tokens, self._logins)
        self._book = OrderBook()
        self._pusher = Pusher(world)
        self._coins = Coins()
        self._cashier = Cashier(world, self._book, self._coins, self._pusher)
        self._client = Client(world, self.accounts, self._logins, self._book, self._cashier)
        self._refunds = Refunds(world, self._book, self._pusher)
        self._bills = Bills(world, self._book)
        self._withdrawals = Withdrawals(world)
        self._shelf = Shelf(world)
        self._complaints = Complaints(world, self._pusher)

    def routes(self) -> Sequence[Route]:
        return [
            *credential_routes(self._gate, self._tokens),
            *coin_routes(self._gate, self._coins),
            *order_routes(self._gate, self._refunds, self._bills),
            *merchant_routes(self._gate, self._withdrawals, self._shelf, self._complaints),
            *self._control_routes(),
        ]

    def _control_routes(self) -> list[Route]:
        handlers = {
            "request-virtual-payment": control.json_handler(Attempt, self._client.request),
            "expire-session": control.json_handler(control.SessionEnd, self._expire_session),
            "account": control.json_handler(control.AccountChange, self._change_account),
            "complaint": control.json_handler(control.Complaint, self._complain),
            "check-url": control.json_handler(control.UrlCheck, self._check_url),
            "fail-withdrawal": control.json_handler(control.WithdrawalFailure, self._fail_withdrawal),
        }
        return [
            Route(
                method="POST",
                path=f"/_sim/{self.name}/{name}",
                operation=f"{self.name}.{name}",
                handler=handler,
            )
            for name, handler in handlers.items()
        ]

    def open_account(self, merchant: Merchant) -> None:
        merchant.accounts[self.name] = self.accounts.open(merchant)

    def config_row(self, merchant: Merchant) -> dict[str, Any]:
        app: App = merchant.accounts[self.name]
        return {self.name: config_row(app)}

    def subject_of(self, request: Request, operation: str) -> str | None:
        """The number of the order, of a refund's order, of a coin payment or of a withdrawal."""
        return subject_of(self._book, request)

    def error_codes(self) -> frozenset[str]:
        return frozenset(map(str, CATALOGUE))

    def business_error(self, request: Request, operation: str, code: str) -> Answer:
        if code not in self.error_codes():
            raise SimulatorError(
                f"wxpay-virtual has no code {code!r}: use one of {sorted(self.error_codes())}"
            )
        return self._gate.refuse(XpayError(int(code), advice="It was asked for by a fault."))

    def spoil_signature(self, answer: Answer) -> Answer:
        """Answers of these calls are not signed."""
        return answer

    def spoil_outgoing(self, outgoing: Outgoing) -> Outgoing:
        return spoilt(outgoing)

    def orders(self) -> list[OrderView]:
        return [order.view() for order in self._book.payments()]

    def pay(
        self,
        out_trade_no: str,
        *,
        pid: str | None = None,
        payer: str | None = None,
        channel: str | None = None,
    ) -> OrderView:
        """The user types the password. A ``channel`` other than ``WECHAT`` pays without WeChat Pay."""
        order = self._cashier.payable(out_trade_no, pid, payer)
        self._cashier.pay(order, channel or "WECHAT")
        return order.view()

    def scan(self, out_trade_no: str, *, pid: str | None = None, payer: str | None = None) -> OrderView:
        """There is nothing to scan: the client has opened the password dialogue."""
        return self._cashier.payable(out_trade_no, pid, payer).view()

    def cancel(self, out_trade_no: str, *, pid: str | None = None) -> OrderView:
        order = self._cashier.payable(out_trade_no, pid)
        self._cashier.give_up(order)
        return order.view()

    def settle_refund(self, out_refund_no: str, status: str, *, pid: str | None = None) -> dict[str, Any]:
        """``SUCCESS``, or ``FAIL``: the money is with the merchant again."""
        return self._refunds.settle(out_refund_no, status, pid)

    def settle_transfer(self, out_bill_no: str, outcome: str, *, pid: str | None = None) -> dict[str, Any]:
        raise SimulatorError("Virtual payment has no transfers to users.", 404)

    def reset(self) -> None:
        """Settings go back to the beginning as well; numbers and keys stay."""
        parts = (
            self._tokens,
            self._book,
            self._coins,
            self._bills,
            self._withdrawals,
            self._shelf,
            self._complaints,
        )
        for part in parts:
            part.clear()
        self.accounts.restore()

    def _expire_session(self, body: control.SessionEnd) -> dict[str, str]:
        self._logins.end_session(self.accounts.of(body.pid).appid, body.openid)
        return {"openid": body.openid, "session": "expired"}

    def _change_account(self, body: control.AccountChange) -> dict[str, Any]:
        app = self.accounts.of(body.pid)
        if body.expire_tokens:
            self._tokens.expire(app)
        return control.change_account(app, body)

    def _complain(self, body: control.Complaint) -> dict[str, Any]:
        return self._complaints.make(self._book.pick(body.out_trade_no, body.pid), body.detail)

    def _check_url(self, body: control.UrlCheck) -> dict[str, str]:
        return {"delivery": self._pusher.check_url(self.accounts.of(body.pid)).id}

    def _fail_withdrawal(self, body: control.WithdrawalFailure) -> dict[str, Any]:
        return self._withdrawals.fail(self.accounts.of(body.pid), body.withdraw_no)
