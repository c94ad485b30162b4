"""The buyer's phone: the order string is handed to the cashier, which checks it, and the buyer pays or gives up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vkpay_simulator.providers.base import OrderView, SimulatorError
from vkpay_simulator.providers.huawei import signing
from vkpay_simulator.providers.huawei.accounts import Account, Accounts
from vkpay_simulator.providers.huawei.errors import printable
from vkpay_simulator.providers.huawei.notify import Notifier
from vkpay_simulator.providers.huawei.numbering import system_number
from vkpay_simulator.providers.huawei.orders import PREPAY_LIFE_MS, Order, OrderBook
from vkpay_simulator.providers.huawei.rules import Rules

if TYPE_CHECKING:
    from vkpay_simulator.world import World

TOOLS = ("AGMT", "ACCT", "HUAWEIPAY", "WECHAT_MICROPAY")
CANCELLED, FAILED, DONE_BEFORE, REPEATED = 1001930000, 1001930001, 1001930002, 1001930010
FIELDS = ("merc_no", "prepay_id", "timestamp", "noncestr", "sign", "auth_id")
OUTCOMES = ("pay", "cancel", "fail", "wait")


class Refused(Exception):
    """``requestPayment`` rejects with ``code``; the text says why."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderString:
    """The members of an order string, all texts."""

    merc_no: str
    prepay_id: str
    noncestr: str
    app_id: str | None
    account: Account


class Cashier:
    """Moves orders as buyers do."""

    def __init__(
        self, world: World, book: OrderBook, accounts: Accounts, notifier: Notifier, rules: Rules
    ) -> None:
        self._world = world
        self._book = book
        self._accounts = accounts
        self._notifier = notifier
        self._rules = rules

    def request_payment(
        self, order_str: str, outcome: str, payer: str | None, channel: str | None
    ) -> dict[str, Any]:
        """What ``requestPayment`` resolves or rejects with: code 0 is paid."""
        if outcome not in OUTCOMES:
            raise SimulatorError(f"{outcome!r} is no outcome: choose one of {', '.join(OUTCOMES)}.")
        try:
            order = self._launched(self._read(order_str))
        except Refused as refused:
            return {"code": refused.code, "why": str(refused)}
        if outcome == "cancel":
            return {"code": CANCELLED, "why": "The buyer closed the cashier; the order can still be paid."}
        self._confirmed(order, payer, channel)
        if outcome == "wait":
            return {"code": 0, "why": "", "state": order.state}
        return self._ended(order, "FAILED" if outcome == "fail" else "SUCCESS")

    def pay(self, out_trade_no: str, pid: str | None, payer: str | None, channel: str | None) -> OrderView:
        """Pays as if the order string had been right; one that waits for the bank is paid now."""
        order = self._payable(out_trade_no, pid)
        waiting = order.state == "PROC"
        if not waiting:
            self._open(order)
            self._confirmed(order, payer, channel)
        if waiting or not self._rules.pay_delay_s:
            self._end(order, "SUCCESS")
        return order.view()

    def scan(self, out_trade_no: str, pid: str | None, payer: str | None) -> OrderView:
        """The cashier is open, and nothing is confirmed."""
        order = self._payable(out_trade_no, pid)
        if order.state == "PROC":
            raise SimulatorError(f"huawei order {out_trade_no!r} is being paid already", 409)
        self._open(order)
        order.open_id = payer or order.open_id
        return order.view()

    def cancel(self, out_trade_no: str, pid: str | None) -> OrderView:
        """The buyer closes the cashier; a payment that waits for the bank is refused."""
        order = self._payable(out_trade_no, pid)
        if order.state == "PROC":
            self._end(order, "FAILED")
        return order.view()

    def _payable(self, out_trade_no: str, pid: str | None) -> Order:
        order = self._book.pick(out_trade_no, pid)
        if order.state not in ("PREPAID", "LAUNCHED", "PROC"):
            raise SimulatorError(
                f"huawei order {out_trade_no!r} is {order.state}: create another, with a new out_trade_no",
                409,
            )
        if order.state == "PREPAID" and self._outlived(order):
            raise SimulatorError(
                f"the prepayId of {out_trade_no!r} is older than 10 minutes: create another order, with a new out_trade_no",
                409,
            )
        return order

    def _outlived(self, order: Order) -> bool:
        return self._world.clock.now() > order.created_ms + PREPAY_LIFE_MS

    def _read(self, order_str: str) -> OrderString:
        try:
            members = signing.parse(order_str.encode(errors="replace"))
        except ValueError as error:
            raise Refused(FAILED, f"The order string cannot be read: {error}.") from None
        for name in FIELDS:
            if type(members.get(name)) is not str or not members[name]:
                raise Refused(FAILED, f"The order string has no text {name}; it is JSON with texts only.")
        account = self._signer(members)
        if len(members["noncestr"]) > 32:
            raise Refused(FAILED, "noncestr is longer than 32 characters.")
        text = signing.sign_string(members)
        if not signing.verifies(account.certificates[members["auth_id"]].public, text, members["sign"]):
            shown = text.decode(errors="replace")
            raise Refused(FAILED, f"sign does not hold for {members['auth_id']}; the text is {shown}")
        _check_reserved(members.get("reserved"))
        return OrderString(
            merc_no=members["merc_no"],
            prepay_id=members["prepay_id"],
            noncestr=members["noncestr"],
            app_id=members.get("app_id"),
            account=account,
        )

    def _signer(self, members: dict[str, Any]) -> Account:
        account = self._accounts.find(members["merc_no"])
        certificate = account.certificates.get(members["auth_id"]) if account else None
        if account is None or certificate is None or certificate.state != "valid":
            whose = f"merc_no {printable(members['merc_no'])}"
            raise Refused(FAILED, f"{whose} has no certificate {printable(members['auth_id'])} that is good.")
        return account

    def _launched(self, given: OrderString) -> Order:
        order = self._book.by_prepay_id(given.prepay_id)
        if order is None or order.account is not given.account:
            raise Refused(FAILED, f"{given.merc_no} has no prepayment {printable(given.prepay_id)}.")
        if given.app_id not in (None, order.party.app_id, order.party.sub_app_id):
            raise Refused(FAILED, f"app_id is not that of the prepayment, {order.party.app_id}.")
        if order.state in ("SUCCESS", "PROC"):
            raise Refused(DONE_BEFORE, f"The order is {order.state}.")
        if order.state not in ("PREPAID", "LAUNCHED") or self._outlived(order):
            raise Refused(FAILED, f"The order is {order.state}, or its prepayId older than 10 minutes.")
        if given.noncestr in order.nonces:
            raise Refused(REPEATED, "The order was opened with this noncestr before: draw another.")
        order.nonces.add(given.noncestr)
        self._open(order)
        return order

    def _open(self, order: Order) -> None:
        if order.state == "PREPAID":
            order.move("LAUNCHED")
            self._book.opened(order, system_number(self._world.ids, self._world.clock.now()))

    def _confirmed(self, order: Order, payer: str | None, channel: str | None) -> None:
        if channel is not None and channel not in TOOLS:
            raise SimulatorError(f"{channel!r} is no way to pay: use one of {', '.join(TOOLS)}.")
        order.tool = channel or "AGMT"
        order.open_id = payer or order.open_id or "MDF" + self._world.ids.alnum(61)
        order.promotion = order.total * self._rules.promotion_percent // 100
        order.move("PROC")
        if self._rules.pay_delay_s:
            self._world.agenda.after(self._rules.pay_delay_s, lambda: self._end(order, "SUCCESS"))

    def _ended(self, order: Order, state: str) -> dict[str, Any]:
        if state == "SUCCESS" and self._rules.pay_delay_s:
            return {"code": 0, "why": "", "state": order.state}
        self._end(order, state)
        if state == "FAILED":
            return {"code": FAILED, "why": "The bank refused the payment.", "state": order.state}
        return {"code": 0, "why": "", "state": order.state}

    def _end(self, order: Order, state: str) -> None:
        if order.state != "PROC":
            return
        order.move(state)
        order.finished_ms = self._world.clock.now()
        if state == "SUCCESS":
            order.account.balances[order.payee] += order.total
        self._notifier.order(order)


def _check_reserved(reserved: Any) -> None:
    """JSON inside the JSON, as a text."""
    if reserved is None:
        return
    try:
        held = json.loads(reserved) if isinstance(reserved, str) else None
    except (ValueError, RecursionError):
        held = None
    if not isinstance(held, dict) or not isinstance(held.get("sandbox_flag", False), bool):
        raise Refused(FAILED, 'reserved has to be a text such as {"sandbox_flag": true}.')
