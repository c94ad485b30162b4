"""Huawei Pay (Payment Kit), put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from msgspec import structs

from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.providers.base import Merchant, OrderView, SimulatorError
from vkpay_simulator.providers.huawei.accounts import Account, Accounts
from vkpay_simulator.providers.huawei.bills import Bills
from vkpay_simulator.providers.huawei.cashier import Cashier
from vkpay_simulator.providers.huawei.config import config_row
from vkpay_simulator.providers.huawei.errors import CODES, HuaweiError
from vkpay_simulator.providers.huawei.gate import Gate
from vkpay_simulator.providers.huawei.notify import Notifier
from vkpay_simulator.providers.huawei.orders import OrderBook
from vkpay_simulator.providers.huawei.payments import Payments
from vkpay_simulator.providers.huawei.refunds import Refunds
from vkpay_simulator.providers.huawei.routes import bill_routes, payment_routes, refund_routes
from vkpay_simulator.providers.huawei.rules import Rules
from vkpay_simulator.providers.huawei.settings import control_routes
from vkpay_simulator.providers.huawei.signing import SIGN, spoilt

if TYPE_CHECKING:
    from vkpay_simulator.world import World

NO_TRANSFERS = "Huawei Pay has no public interface for transfers: wxpay and alipay have."


class HuaweiSim:
    """The simulated Huawei Pay. ``accounts`` and ``rules`` may be changed while the world runs."""

    name: ClassVar[str] = "huawei"

    def __init__(self, world: World) -> None:
        self.accounts = Accounts(world)
        self.rules = Rules()
        self._book = OrderBook()
        self._gate = Gate(world, self.accounts, self.rules)
        notifier = Notifier(world, self.accounts, self._gate, self.rules)
        self._payments = Payments(world, self._book)
        self._refunds = Refunds(world, self._book, notifier, self.rules)
        self._cashier = Cashier(world, self._book, self.accounts, notifier, self.rules)
        self._bills = Bills(world, self._book)

    def routes(self) -> Sequence[Route]:
        return [
            *payment_routes(self._gate, self._payments),
            *refund_routes(self._gate, self._refunds),
            *bill_routes(self._gate, self._bills),
            *control_routes(self.accounts, self._cashier, self.rules),
        ]

    def open_account(self, merchant: Merchant) -> None:
        merchant.accounts[self.name] = self.accounts.open(merchant)

    def config_row(self, merchant: Merchant) -> dict[str, Any]:
        account: Account = merchant.accounts[self.name]
        return {self.name: config_row(account, self.accounts.platform)}

    def subject_of(self, request: Request, operation: str) -> str | None:
        """``mercOrderNo``, of a refund that of its order; ``None`` if nothing is named."""
        named = dict(request.params) | _top_level(request.body)
        account = self._gate.claimed(request)
        number = named.get("mercRefundOrderNo") or named.get("sysRefundOrderNo")
        refund = self._refunds.find(account.merc_no if account else "", str(number)) if number else None
        if refund is not None:
            return refund.order.merc_order_no
        if named.get("mercOrderNo"):
            return str(named["mercOrderNo"])
        order = self._book.by_number(str(named.get("sysTransOrderNo")))
        return order.merc_order_no if order else None

    def error_codes(self) -> frozenset[str]:
        return CODES

    def business_error(self, request: Request, operation: str, code: str) -> Answer:
        if code not in CODES:
            raise SimulatorError(f"huawei has no code {code!r}: use one of {sorted(CODES)}")
        return self._gate.refuse(HuaweiError(code))

    def spoil_signature(self, answer: Answer) -> Answer:
        return replace(answer, body=_spoilt(answer.body))

    def spoil_outgoing(self, outgoing: Outgoing) -> Outgoing:
        return structs.replace(outgoing, body=_spoilt(outgoing.body))

    def orders(self) -> list[OrderView]:
        return [order.view() for order in self._book.all()]

    def pay(
        self,
        out_trade_no: str,
        *,
        pid: str | None = None,
        payer: str | None = None,
        channel: str | None = None,
    ) -> OrderView:
        """``payer`` is an openId, ``channel`` one of paymentTools such as ``ACCT``."""
        return self._cashier.pay(out_trade_no, pid, payer, channel)

    def scan(self, out_trade_no: str, *, pid: str | None = None, payer: str | None = None) -> OrderView:
        return self._cashier.scan(out_trade_no, pid, payer)

    def cancel(self, out_trade_no: str, *, pid: str | None = None) -> OrderView:
        return self._cashier.cancel(out_trade_no, pid)

    def settle_refund(self, out_refund_no: str, status: str, *, pid: str | None = None) -> dict[str, Any]:
        """``SUCCESS`` or ``FAILED``, with or without ``REFUND_`` before it."""
        return self._refunds.settle(out_refund_no, status, pid)

    def settle_transfer(self, out_bill_no: str, outcome: str, *, pid: str | None = None) -> dict[str, Any]:
        raise SimulatorError(NO_TRANSFERS, 404)

    def reset(self) -> None:
        for part in (self._gate, self._book, self._refunds, self._bills):
            part.clear()
        self.accounts.restore()
        self.rules.restore()


def _top_level(body: bytes) -> dict[str, Any]:
    """The body's own fields, if it is a JSON object at all."""
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _spoilt(body: bytes) -> bytes:
    """The same object with a ``sign`` that does not hold; what has none stays as it is."""
    content = _top_level(body)
    if isinstance(content.get(SIGN), str):
        content[SIGN] = spoilt(content[SIGN])
        return msgspec.json.encode(content)
    return body
