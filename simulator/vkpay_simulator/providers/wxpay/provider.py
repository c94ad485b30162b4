"""WeChat Pay API v3, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.providers.base import Merchant, Numbered, OrderView, SimulatorError
from vkpay_simulator.providers.wxpay.accounts import Account, Accounts
from vkpay_simulator.providers.wxpay.authorizations import Authorizations
from vkpay_simulator.providers.wxpay.bills import Bills
from vkpay_simulator.providers.wxpay.cashier import Cashier
from vkpay_simulator.providers.wxpay.codepay import CodePayments
from vkpay_simulator.providers.wxpay.config import config_row
from vkpay_simulator.providers.wxpay.errors import CATALOGUE, WxpayError
from vkpay_simulator.providers.wxpay.gate import Gate
from vkpay_simulator.providers.wxpay.notify import Notifier
from vkpay_simulator.providers.wxpay.orders import OrderBook
from vkpay_simulator.providers.wxpay.payments import Payments
from vkpay_simulator.providers.wxpay.platform import Platform
from vkpay_simulator.providers.wxpay.refunds import Refunds
from vkpay_simulator.providers.wxpay.routes import (
    authorization_routes,
    bill_routes,
    money_routes,
    payment_routes,
    platform_routes,
)
from vkpay_simulator.providers.wxpay.settings import settings_routes
from vkpay_simulator.providers.wxpay.signing import probe
from vkpay_simulator.providers.wxpay.transfers import Transfers
from vkpay_simulator.providers.wxpay.v2 import v2_routes

if TYPE_CHECKING:
    from vkpay_simulator.world import World

SIGNATURE = "Wechatpay-Signature"
REFUND_OPERATIONS = frozenset({"refund", "query_refund", "apply_abnormal_refund"})


class WxpaySim:
    """The simulated WeChat Pay. ``accounts`` changes merchants while the world runs: certificates, switch-over."""

    name: ClassVar[str] = "wxpay"

    def __init__(self, world: World) -> None:
        self.accounts = Accounts(world)
        self._book = OrderBook()
        self._gate = Gate(world, self.accounts)
        notifier = Notifier(world, self._gate)
        self._cashier = Cashier(world, self._book, notifier)
        self._payments = Payments(world, self._book)
        self._codes = CodePayments(world, self._book, self._cashier)
        self._refunds = Refunds(world, self._book, notifier)
        self._authorizations = Authorizations(world, notifier)
        self._transfers = Transfers(world, self.accounts, notifier, self._authorizations)
        self._bills = Bills(world, self._book)
        self._platform = Platform(world, notifier)

    def routes(self) -> Sequence[Route]:
        return [
            *payment_routes(self._gate, self._payments, self._codes),
            *money_routes(self._gate, self._refunds, self._transfers),
            *authorization_routes(self._gate, self._authorizations, self._transfers),
            *bill_routes(self._gate, self._bills),
            *platform_routes(self._gate, self._platform),
            *v2_routes(self.accounts),
            *settings_routes(self.accounts),
        ]

    def open_account(self, merchant: Merchant) -> None:
        merchant.accounts[self.name] = self.accounts.open(merchant)

    def config_row(self, merchant: Merchant) -> dict[str, Any]:
        account: Account = merchant.accounts[self.name]
        return {self.name: config_row(account)}

    def addresses(self, origin: str) -> dict[str, str]:
        """The host of logins is another than that of payments."""
        return {"weixinBaseUrl": origin}

    def rotate_certificate(self, pid: str) -> str:
        """Issues a platform certificate that signs from now on, and gives its serial."""
        return self.accounts.rotate(self.accounts.of(pid)).id

    def enable_public_key(self, pid: str, notify_share: float = 1.0) -> str:
        """Starts a merchant's switch-over to the public key or goes on with it, and gives the key's ID."""
        return self.accounts.switch_over(self.accounts.of(pid), notify_share).id

    def subject_of(self, request: Request, operation: str) -> str | None:
        """``out_trade_no``, ``out_bill_no`` of a transfer, or ``out_authorization_no``; ``None`` if nothing is named."""
        named = {**request.params, **_top_level(request.body)}
        if operation in REFUND_OPERATIONS:
            self._name_order(request, named)
        found = (
            named.get("out_trade_no")
            or named.get("out_bill_no")
            or named.get("out_authorization_no")
            or self._by_number(named)
        )
        return str(found) if found else None

    def _name_order(self, request: Request, named: dict[str, Any]) -> None:
        account = self._gate.claimed(request)
        refund = self._refunds.find(account.mchid if account else "", str(named.get("out_refund_no")))
        if refund is not None:
            named["out_trade_no"] = refund.order.out_trade_no

    def _by_number(self, named: dict[str, Any]) -> str | None:
        order = self._book.by_transaction(str(named.get("transaction_id")))
        if order is not None:
            return order.out_trade_no
        return self._transfers.out_bill_no_of(str(named.get("transfer_bill_no")))

    def error_codes(self) -> frozenset[str]:
        return frozenset(CATALOGUE)

    def business_error(self, request: Request, operation: str, code: str) -> Answer:
        if code not in CATALOGUE:
            raise SimulatorError(f"wxpay has no code {code!r}: use one of {sorted(CATALOGUE)}")
        status = 404 if code == "MCH_NOT_EXISTS" and operation in REFUND_OPERATIONS else None
        return self._gate.refuse(request, WxpayError(code, status=status))

    def spoil_signature(self, answer: Answer) -> Answer:
        headers = answer.headers.copy()
        if SIGNATURE in headers:
            headers[SIGNATURE] = probe(headers[SIGNATURE])
        return replace(answer, headers=headers)

    def spoil_outgoing(self, outgoing: Outgoing) -> Outgoing:
        headers = outgoing.headers | {SIGNATURE: probe(outgoing.headers[SIGNATURE])}
        return Outgoing(headers=headers, body=outgoing.body)

    def orders(self) -> list[OrderView]:
        return [order.view() for order in self._book.all()]

    def numbered(self, out_trade_no: str, pid: str | None) -> list[Numbered]:
        return [
            Numbered(order.account.pid, out_trade_no, order.view)
            for order in self._book.numbered(out_trade_no, pid)
        ]

    def pay(
        self,
        out_trade_no: str,
        *,
        pid: str | None = None,
        payer: str | None = None,
        channel: str | None = None,
    ) -> OrderView:
        """``payer`` is an openid, ``channel`` a bank_type such as ``ICBC_DEBIT``."""
        return self._cashier.pay(out_trade_no, pid, payer, channel)

    def scan(self, out_trade_no: str, *, pid: str | None = None, payer: str | None = None) -> OrderView:
        return self._cashier.scan(out_trade_no, pid, payer)

    def cancel(self, out_trade_no: str, *, pid: str | None = None) -> OrderView:
        return self._cashier.cancel(out_trade_no, pid)

    def settle_refund(self, out_refund_no: str, status: str, *, pid: str | None = None) -> dict[str, Any]:
        return self._refunds.settle(out_refund_no, status, pid)

    def settle_transfer(self, out_bill_no: str, outcome: str, *, pid: str | None = None) -> dict[str, Any]:
        """``confirm``, ``fail``, ``expire``, or a fail_reason such as ``NAME_NOT_CORRECT``; ``confirm_only`` takes the
        money and gives no authorisation, where the transfer asks for one."""
        return self._transfers.settle(out_bill_no, outcome, pid)

    def settle_authorization(
        self, out_authorization_no: str, outcome: str, *, pid: str | None = None
    ) -> dict[str, Any]:
        """``confirm``, ``close``, ``expire``, or a close_reason such as ``TRANSFER_RISK``."""
        return self._authorizations.settle(out_authorization_no, outcome, pid)

    def reset(self) -> None:
        parts = (
            self._book,
            self._codes,
            self._refunds,
            self._transfers,
            self._authorizations,
            self._bills,
        )
        for part in parts:
            part.clear()
        self.accounts.restore()


def _top_level(body: bytes) -> dict[str, Any]:
    """The body's own fields, if it is a JSON object at all."""
    if not body:
        return {}
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
