"""Douyin, simulated: guaranteed payment, the general trade system, and the mini program that pays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from msgspec import structs

from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.providers.base import Merchant, OrderView, SimulatorError
from vkpay_simulator.providers.douyin import settings
from vkpay_simulator.providers.douyin.accounts import Accounts, config_row
from vkpay_simulator.providers.douyin.answers import Answers
from vkpay_simulator.providers.douyin.cashier import Cashier
from vkpay_simulator.providers.douyin.ecpay.routes import Ecpay
from vkpay_simulator.providers.douyin.errors import ECPAY, TRADE, Refusal
from vkpay_simulator.providers.douyin.fields import parse_object
from vkpay_simulator.providers.douyin.hand import TRANSFERS, Hand
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.signing import spoilt
from vkpay_simulator.providers.douyin.subjects import Subjects
from vkpay_simulator.providers.douyin.tokens import Tokens
from vkpay_simulator.providers.douyin.trade.routes import Trade

if TYPE_CHECKING:
    from vkpay_simulator.world import World

RSA_SIGNATURE = "Byte-Signature"
CODES = frozenset(map(str, ECPAY.keys() | TRADE.keys()))


class DouyinSim:
    """The Douyin half of a simulated world. ``rules`` may be changed at any time."""

    name: ClassVar[str] = "douyin"

    def __init__(self, world: World) -> None:
        self.rules = Rules()
        self.accounts = Accounts(world.keys, world.ids)
        answers = Answers(world.clock, world.ids)
        self._tokens = Tokens(world, self.accounts, answers)
        self._ecpay = Ecpay(world, self.accounts, self.rules, answers, self._tokens)
        self._trade = Trade(world, self.rules, answers, self._tokens, self._ecpay.funds)
        self._cashier = Cashier(world, self.accounts, self._ecpay, self._trade, answers)
        self._hand = Hand(self._ecpay, self._trade, self._cashier)
        self._subjects = Subjects(self.accounts, self._ecpay, self._trade)

    def routes(self) -> Sequence[Route]:
        login = [
            Route(
                method="POST",
                path="/api/apps/v2/jscode2session",
                operation="jscode2session",
                handler=self._tokens.session,
            ),
            Route(
                method="POST",
                path="/api/apps/v2/token",
                operation="app_token",
                handler=self._tokens.app_token,
            ),
        ]
        return [*self._ecpay.routes(), *self._trade.routes(), *login, *self._control()]

    def open_account(self, merchant: Merchant) -> None:
        merchant.accounts[self.name] = self.accounts.open(merchant)

    def config_row(self, merchant: Merchant) -> dict[str, Any]:
        return config_row(self.accounts.of(merchant.pid))

    def subject_of(self, request: Request, operation: str) -> str | None:
        return self._subjects.of(request)

    def error_codes(self) -> frozenset[str]:
        """Every code that :meth:`business_error` knows, as text."""
        return CODES

    def business_error(self, request: Request, operation: str, code: str) -> Answer:
        """The refusal somebody asked for. It explains nothing: the journal names the fault."""
        table = TRADE if operation in self._trade.operations else ECPAY
        number = int(code) if code in CODES else 0
        if number not in table:
            known = ", ".join(map(str, sorted(table)))
            raise SimulatorError(f"douyin.{operation} has no code {code!r}: choose of {known}.")
        refusal = Refusal(number, table[number])
        endpoint = self._ecpay.endpoint(operation)
        made = (
            self._trade.gate.refuse(refusal)
            if endpoint is None
            else self._ecpay.gate.refuse(refusal, endpoint)
        )
        made.explain = ""
        return made

    def spoil_signature(self, answer: Answer) -> Answer:
        """Douyin signs no answers: there is nothing to spoil."""
        return answer

    def spoil_outgoing(self, outgoing: Outgoing) -> Outgoing:
        if RSA_SIGNATURE in outgoing.headers:
            headers = outgoing.headers | {RSA_SIGNATURE: spoilt(outgoing.headers[RSA_SIGNATURE])}
            return structs.replace(outgoing, headers=headers)
        envelope = parse_object(outgoing.body) or {}
        envelope["msg_signature"] = spoilt(envelope["msg_signature"])
        return structs.replace(outgoing, body=msgspec.json.encode(envelope))

    def login(self, appid: str, openid: str | None) -> dict[str, str]:
        """What ``tt.login`` gives. Raises :class:`SimulatorError` (404) for another's app."""
        app = self.accounts.find(appid)
        if app is None:
            raise SimulatorError(f"Douyin has no app {appid!r}.", 404)
        return self._tokens.login(app, openid)

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
        """``channel`` is ``wxpay`` (unless told otherwise), ``alipay`` or ``douyin``. Douyin names no payer."""
        return self._hand.pay(out_trade_no, pid, channel)

    def scan(self, out_trade_no: str, *, pid: str | None = None, payer: str | None = None) -> OrderView:
        return self._hand.scan(out_trade_no, pid)

    def cancel(self, out_trade_no: str, *, pid: str | None = None) -> OrderView:
        return self._hand.cancel(out_trade_no, pid)

    def settle_refund(self, out_refund_no: str, status: str, *, pid: str | None = None) -> dict[str, Any]:
        return self._hand.refund(out_refund_no, status, pid)

    def settle_transfer(self, out_bill_no: str, outcome: str, *, pid: str | None = None) -> dict[str, Any]:
        raise SimulatorError(TRANSFERS, 404)

    def reset(self) -> None:
        """Rules, balances and switches go back to what they were at the opening; secrets and keys stay."""
        self.rules.restore()
        self.accounts.restore()
        for kept in (self._ecpay, self._trade, self._tokens):
            kept.clear()

    def _control(self) -> list[Route]:
        handler = settings.json_handler
        calls = {
            "tt-pay": handler(settings.TtPay, self._tt_pay),
            "request-order": handler(settings.RequestOrder, self._request_order),
            "get-order-payment": handler(settings.GetOrderPayment, self._get_order_payment),
            "settle": handler(settings.End, self._end),
            "user-refund": handler(settings.AskBack, self._ask_back),
            "check-url": handler(settings.CheckUrl, self._check_url),
            "account": handler(settings.AccountChange, self._change_account),
            "rules": handler(settings.RulesChange, self._change_rules),
        }
        return [
            Route(method="POST", path=f"/_sim/douyin/{name}", operation=name, handler=act)
            for name, act in calls.items()
        ]

    def _tt_pay(self, body: settings.TtPay) -> dict[str, Any]:
        info = body.orderInfo or settings.OrderInfo(order_id=body.order_id, order_token=body.order_token)
        return self._cashier.tt_pay(info.order_id, info.order_token, body.app_id, body.outcome, body.way)

    def _request_order(self, body: settings.RequestOrder) -> dict[str, Any]:
        return self._cashier.request_order(body.data, body.byteAuthorization)

    def _get_order_payment(self, body: settings.GetOrderPayment) -> dict[str, Any]:
        return self._cashier.get_order_payment(body.orderId, body.outcome, body.way)

    def _end(self, body: settings.End) -> dict[str, Any]:
        if body.out_order_id is not None:
            return self._ecpay.funds.settle(body.out_order_id, body.status, body.pid)
        return self._hand.settle(body.out_settle_no or "", body.status, body.pid)

    def _ask_back(self, body: settings.AskBack) -> dict[str, Any]:
        return self._hand.ask_back(body.out_trade_no, body.amount, body.pid)

    def _check_url(self, body: settings.CheckUrl) -> dict[str, str]:
        return self._ecpay.notifier.url_check(self.accounts.of(body.pid))

    def _change_account(self, body: settings.AccountChange) -> dict[str, Any]:
        return settings.change_account(self.accounts, self._tokens, body)

    def _change_rules(self, body: settings.RulesChange) -> dict[str, Any]:
        return settings.change_rules(self.rules, body)
