"""VksPay, simulated: one endpoint at ``/api``, the pay page at ``/pay``, and the buyer.

Nearly everything beyond the five methods' names and fields is designed and not observed: the vendor's document is not public.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import structs

from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.providers.base import Merchant, OrderView, SimulatorError
from vkpay_simulator.providers.vkspay import settings
from vkpay_simulator.providers.vkspay.accounts import Account, config_row, open_account
from vkpay_simulator.providers.vkspay.cashier import Cashier
from vkpay_simulator.providers.vkspay.control import Hand
from vkpay_simulator.providers.vkspay.errors import TEXTS, Refusal
from vkpay_simulator.providers.vkspay.gateway import OPERATION, Gateway, refuse
from vkpay_simulator.providers.vkspay.micropay import Micropay
from vkpay_simulator.providers.vkspay.notify import Notifier, spoil
from vkpay_simulator.providers.vkspay.orders import PAY_PAGE, Book, Orders
from vkpay_simulator.providers.vkspay.refunds import Refunds
from vkpay_simulator.providers.vkspay.rules import Rules

if TYPE_CHECKING:
    from vkpay_simulator.world import World


class VkspaySim:
    """The VksPay half of a simulated world. ``accounts`` by merchant pid, ``rules`` may be changed at any time."""

    name: ClassVar[str] = "vkspay"

    def __init__(self, world: World) -> None:
        self.accounts: dict[str, Account] = {}
        self.rules = Rules()
        self._ids = world.ids
        self._notifier = Notifier(world, self.rules)
        self._book = Book(world, self.rules, self._notifier)
        self._micropay = Micropay(self._book, self.rules)
        self._cashier = Cashier(self._book, self.rules)
        refunds = Refunds(world, self._book, self.rules)
        self._hand = Hand(self._book, refunds)
        orders = Orders(self._book)
        methods = {
            "webpay": orders.webpay,
            "micropay": self._micropay.pay,
            "orderquery": orders.query,
            "orderrefund": refunds.refund,
            "orderrefundquery": refunds.query,
        }
        self._gateway = Gateway(world, self.rules, self.accounts, methods)

    def routes(self) -> Sequence[Route]:
        control = {
            "rules": settings.json_handler(settings.RulesChange, self._change_rules),
            "account": settings.json_handler(settings.AccountChange, self._change_account),
            "close": settings.json_handler(settings.Close, self._close),
            "forge": settings.json_handler(settings.Forge, self._forge),
        }
        return [
            Route(
                method="POST",
                path="/api",
                operation=OPERATION,
                handler=self._gateway.handle,
                operation_of=self._gateway.operation_of,
            ),
            Route(method="GET", path=PAY_PAGE, operation="cashier", handler=self._cashier.show),
            Route(method="POST", path=PAY_PAGE, operation="cashier", handler=self._cashier.press),
            *(
                Route(method="POST", path=f"/_sim/vkspay/{name}", operation=name, handler=act)
                for name, act in control.items()
            ),
        ]

    def open_account(self, merchant: Merchant) -> None:
        taken = {account.merchantno for account in self.accounts.values()}
        account = open_account(merchant, self._ids, taken)
        merchant.accounts[self.name] = self.accounts[merchant.pid] = account

    def config_row(self, merchant: Merchant) -> dict[str, Any]:
        return config_row(self.accounts[merchant.pid])

    def subject_of(self, request: Request, operation: str) -> str | None:
        if request.path == PAY_PAGE:
            order = self._cashier.order_of(request)
            return order.number if order else None
        if request.path != "/api":
            return None
        return self._gateway.number_in(request)

    def error_codes(self) -> frozenset[str]:
        return frozenset(TEXTS)

    def business_error(self, request: Request, operation: str, code: str) -> Answer:
        """Raises :class:`SimulatorError` with every code there is when ``code`` is none of them."""
        if code not in TEXTS:
            raise SimulatorError(f"VksPay has no code {code!r}. Choose one of: {', '.join(sorted(TEXTS))}.")
        return refuse(Refusal(code, why="Asked for by a fault."))

    def spoil_signature(self, answer: Answer) -> Answer:
        """The gateway signs no answer: there is nothing to spoil."""
        return answer

    def spoil_outgoing(self, outgoing: Outgoing) -> Outgoing:
        return structs.replace(outgoing, body=spoil(outgoing.body))

    def orders(self) -> list[OrderView]:
        return self._hand.orders()

    def pay(
        self,
        out_trade_no: str,
        *,
        pid: str | None = None,
        payer: str | None = None,
        channel: str | None = None,
    ) -> OrderView:
        """``channel`` is the wallet, ``wxpay`` (unless told otherwise) or ``alipay``. Payers have no ids here."""
        return self._hand.pay(out_trade_no, pid, channel)

    def scan(self, out_trade_no: str, *, pid: str | None = None, payer: str | None = None) -> OrderView:
        return self._hand.scan(out_trade_no, pid)

    def cancel(self, out_trade_no: str, *, pid: str | None = None) -> OrderView:
        return self._hand.give_up(out_trade_no, pid)

    def settle_refund(self, out_refund_no: str, status: str, *, pid: str | None = None) -> dict[str, Any]:
        """``SUCCESS`` or ``FAIL``, while it is ``PROCESSING``."""
        return self._hand.refund(out_refund_no, status, pid)

    def settle_transfer(self, out_bill_no: str, outcome: str, *, pid: str | None = None) -> dict[str, Any]:
        raise SimulatorError("VksPay has no transfers.", 404)

    def reset(self) -> None:
        """Rules and bans go back to what they were; stores and keys stay."""
        self.rules.restore()
        for kept in (self._book, self._micropay, self._gateway):
            kept.clear()
        for account in self.accounts.values():
            account.restore()

    def _change_rules(self, body: settings.RulesChange) -> dict[str, Any]:
        return settings.change_rules(self.rules, body)

    def _change_account(self, body: settings.AccountChange) -> dict[str, Any]:
        if body.pid not in self.accounts:
            raise SimulatorError(
                f"There is no merchant {body.pid!r}: there are {', '.join(self.accounts)}.", 404
            )
        return settings.change_account(self.accounts[body.pid], body)

    def _close(self, body: settings.Close) -> OrderView:
        return self._hand.close(body.out_trade_no, body.pid)

    def _forge(self, body: settings.Forge) -> dict[str, str]:
        order = self._hand.find(body.out_trade_no, body.pid)
        if order.notify_url is None:
            raise SimulatorError(f"Order {order.number} has no notify_url to be called.", 409)
        return {"delivery": self._notifier.forge(order, body.names or order.number)}
