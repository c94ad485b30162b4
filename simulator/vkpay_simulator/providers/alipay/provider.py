"""Alipay, simulated: OpenAPI v2 at ``/gateway.do``, its cashier, and the buyer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import structs

from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.providers.alipay import settings
from vkpay_simulator.providers.alipay.accounts import Account, App, Registrar, config_row
from vkpay_simulator.providers.alipay.admission import Method
from vkpay_simulator.providers.alipay.barcode import Barcode
from vkpay_simulator.providers.alipay.bills import DOWNLOAD, Bills
from vkpay_simulator.providers.alipay.buyers import Buyers
from vkpay_simulator.providers.alipay.cashier import PATH, Cashier, refused_result
from vkpay_simulator.providers.alipay.control import Hand
from vkpay_simulator.providers.alipay.envelope import with_spoilt_sign
from vkpay_simulator.providers.alipay.errors import ALL, Refusal
from vkpay_simulator.providers.alipay.gateway import GATEWAY_OPERATION, Gateway
from vkpay_simulator.providers.alipay.logins import Logins
from vkpay_simulator.providers.alipay.messages import Messenger
from vkpay_simulator.providers.alipay.methods import method_table
from vkpay_simulator.providers.alipay.notify import Notifier, spoil
from vkpay_simulator.providers.alipay.orders import Content, Orders
from vkpay_simulator.providers.alipay.parameters import parse_order_string
from vkpay_simulator.providers.alipay.refunds import Refunds
from vkpay_simulator.providers.alipay.rules import Rules
from vkpay_simulator.providers.alipay.subjects import Subjects
from vkpay_simulator.providers.alipay.trades import Trades
from vkpay_simulator.providers.alipay.transfers import Transfers
from vkpay_simulator.providers.base import Merchant, Numbered, OrderView, SimulatorError

if TYPE_CHECKING:
    from vkpay_simulator.world import World


class AlipaySim:
    """The Alipay half of a simulated world. ``accounts`` by merchant pid, ``rules`` may be changed at any time."""

    name: ClassVar[str] = "alipay"

    def __init__(self, world: World) -> None:
        self.accounts: dict[str, Account] = {}
        self.rules = Rules()
        self.registrar = Registrar(world.keys, world.ids)
        self._apps: dict[str, App] = {}
        self._buyers = Buyers(world.ids)
        notifier = Notifier(world, self.rules, self._buyers)
        self._trades = Trades(world, self.rules, notifier)
        self._barcode = Barcode(world.clock, self._trades, self._buyers, self.rules)
        self._transfers = Transfers(world, Messenger(world, self.rules))
        self._cashier = Cashier(world.clock, world.ids, self._trades, self._buyers, notifier)
        self._bills = Bills(world.clock, world.ids, self._trades)
        self._logins = Logins(world, self._buyers)
        self._gateway = Gateway(self._apps, self._methods(world), world.ids)
        self._hand = Hand(self.accounts, self._trades, self._transfers, self._buyers)
        self._subjects = Subjects(self._apps, self._trades, self._cashier)

    def _methods(self, world: World) -> dict[str, Method]:
        return method_table(
            Orders(world.clock, self._trades, self._buyers, self.rules),
            self._barcode,
            Refunds(self._trades, self._buyers),
            self._cashier,
            self._transfers,
            self._bills,
            self._logins,
        )

    def routes(self) -> Sequence[Route]:
        cashier = self._cashier
        control = {
            "app-pay": settings.json_handler(settings.AppPay, self._app_pay),
            "account": settings.json_handler(settings.AccountChange, self._change_account),
            "rules": settings.json_handler(settings.RulesChange, self._change_rules),
        }
        return [
            *(self._gateway_route(method) for method in ("GET", "POST")),
            Route(method="GET", path=DOWNLOAD, operation="alipay.bill", handler=self._bills.download),
            Route(method="GET", path=PATH + "{token}", operation="alipay.cashier", handler=cashier.revisit),
            Route(method="POST", path=PATH + "{token}", operation="alipay.cashier", handler=cashier.press),
            *(
                Route(method="POST", path=f"/_sim/alipay/{name}", operation=f"alipay.{name}", handler=act)
                for name, act in control.items()
            ),
        ]

    def _gateway_route(self, method: str) -> Route:
        return Route(
            method=method,
            path="/gateway.do",
            operation=GATEWAY_OPERATION,
            handler=self._gateway.handle,
            operation_of=self._gateway.operation_of,
        )

    def open_account(self, merchant: Merchant) -> None:
        account = self.registrar.open(merchant)
        merchant.accounts[self.name] = self.accounts[merchant.pid] = account
        self._apps.update((app.app_id, app) for app in account.distinct_apps)

    def config_row(self, merchant: Merchant) -> dict[str, Any]:
        return config_row(self.accounts[merchant.pid])

    def subject_of(self, request: Request, operation: str) -> str | None:
        return self._subjects.of(request)

    def error_codes(self) -> frozenset[str]:
        """Every sub_code that :meth:`business_error` knows."""
        return ALL

    def business_error(self, request: Request, operation: str, code: str) -> Answer:
        """Raises :class:`SimulatorError` with every code there is when ``code`` is none of them."""
        if code not in ALL:
            raise SimulatorError(f"Alipay has no sub_code {code!r}. Choose one of: {', '.join(sorted(ALL))}.")
        return self._gateway.business_error(request, code)

    def spoil_signature(self, answer: Answer) -> Answer:
        return replace(answer, body=with_spoilt_sign(answer.body))

    def spoil_outgoing(self, outgoing: Outgoing) -> Outgoing:
        return structs.replace(outgoing, body=spoil(outgoing.body))

    def login(self, appid: str, openid: str | None) -> dict[str, str]:
        """``openid`` is a user id where the app knows people by that. Raises :class:`SimulatorError` (404)."""
        if appid not in self._apps:
            raise SimulatorError(f"Alipay has no app {appid!r}.", 404)
        return self._logins.log_in(self._apps[appid], openid)

    def orders(self) -> list[OrderView]:
        return self._hand.orders()

    def numbered(self, out_trade_no: str, pid: str | None) -> list[Numbered]:
        return self._hand.numbered(out_trade_no, pid)

    def pay(
        self,
        out_trade_no: str,
        *,
        pid: str | None = None,
        payer: str | None = None,
        channel: str | None = None,
    ) -> OrderView:
        return self._hand.pay(out_trade_no, pid, payer, channel)

    def scan(self, out_trade_no: str, *, pid: str | None = None, payer: str | None = None) -> OrderView:
        return self._hand.scan(out_trade_no, pid, payer)

    def cancel(self, out_trade_no: str, *, pid: str | None = None) -> OrderView:
        return self._hand.give_up(out_trade_no, pid)

    def settle_refund(self, out_refund_no: str, status: str, *, pid: str | None = None) -> dict[str, Any]:
        return self._hand.refund(out_refund_no, status, pid)

    def settle_transfer(self, out_bill_no: str, outcome: str, *, pid: str | None = None) -> dict[str, Any]:
        return self._hand.transfer(out_bill_no, outcome, pid)

    def reset(self) -> None:
        """Rules, balances and the settings of apps go back to what they were at the opening; keys and
        certificates stay."""
        self.rules.restore()
        parts = (
            self._trades,
            self._barcode,
            self._transfers,
            self._cashier,
            self._buyers,
            self._bills,
            self._logins,
        )
        for part in parts:
            part.clear()
        for account in self.accounts.values():
            account.restore()

    def _app_pay(self, body: settings.AppPay) -> Content:
        try:
            call = self._gateway.admit_order_string(parse_order_string(body.order_string))
            return self._cashier.app_pay(call, body.payer, confirm=body.confirm)
        except Refusal as refused:
            return refused_result(refused)

    def _change_account(self, body: settings.AccountChange) -> dict[str, Any]:
        if body.pid not in self.accounts:
            raise SimulatorError(
                f"There is no merchant {body.pid!r}: there are {', '.join(self.accounts)}.", 404
            )
        return settings.change_account(self.accounts[body.pid], body, self.registrar)

    def _change_rules(self, body: settings.RulesChange) -> dict[str, Any]:
        return settings.change_rules(self.rules, body)
