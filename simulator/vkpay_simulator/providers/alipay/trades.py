"""The book of trades: how they come to be, are opened, paid, refunded and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_simulator.clock import Due, china_text
from vkpay_simulator.providers.alipay import hints, states
from vkpay_simulator.providers.alipay.errors import Refusal
from vkpay_simulator.providers.alipay.fields import Fields, end_of_day, parse_duration
from vkpay_simulator.providers.alipay.models import Buyer, Call, Refund, Terms, Trade
from vkpay_simulator.providers.alipay.notify import Notifier
from vkpay_simulator.providers.alipay.rules import Rules

if TYPE_CHECKING:
    from vkpay_simulator.world import World

FACE_TO_FACE_S = 3 * 3600
OTHERS_S = 15 * 24 * 3600
QR_CODE_S = 2 * 3600
DAY_S = 24 * 3600
# Their timeout runs from the call, or from the display of the page, and not from the buyer's arrival.
COUNTED_FROM_CALL = ("alipay.trade.precreate", "alipay.trade.page.pay")

FAMILIES = {
    "FACE_TO_FACE_PAYMENT": "face_to_face",
    "FAST_INSTANT_TRADE_PAY": "page",
    "JSAPI_PAY": "jsapi",
    "QUICK_MSECURITY_PAY": "app",
    "QUICK_WAP_WAY": "wap",
}


def day_of(ms: int) -> str:
    """``20180608``."""
    return china_text(ms)[:10].replace("-", "")


class Trades:
    """Every order of every seller, by the seller's number and by Alipay's."""

    def __init__(self, world: World, rules: Rules, notifier: Notifier) -> None:
        self._world = world
        self._rules = rules
        self._notifier = notifier
        self._by_merchant: dict[tuple[str, str], Trade] = {}
        self._by_alipay: dict[str, Trade] = {}
        self._cancelled: set[tuple[str, str]] = set()
        self._seller_pids: dict[str, None] = {}

    def clear(self) -> None:
        self._by_merchant.clear()
        self._by_alipay.clear()
        self._cancelled.clear()
        self._seller_pids.clear()

    def all(self) -> list[Trade]:
        return list(self._by_merchant.values())

    def of(self, seller_pid: str, out_trade_no: str) -> Trade | None:
        return self._by_merchant.get((seller_pid, out_trade_no))

    def of_any(self, out_trade_no: str) -> list[Trade]:
        """Of every seller: there are few of these, and many trades."""
        found = (self.of(seller_pid, out_trade_no) for seller_pid in self._seller_pids)
        return [trade for trade in found if trade is not None]

    def numbered(self, trade_no: str) -> Trade | None:
        return self._by_alipay.get(trade_no)

    def find(self, call: Call) -> Trade | None:
        """The order a request names; ``trade_no`` wins over ``out_trade_no``."""
        fields = Fields(call.biz)
        trade_no, out_trade_no = fields.text("trade_no", 64), fields.text("out_trade_no", 64)
        if trade_no is not None:
            trade = self.numbered(trade_no)
            return trade if trade is not None and trade.seller.pid == call.seller.pid else None
        if out_trade_no is None:
            raise fields.invalid("out_trade_no 和 trade_no 不能同时为空")
        return self.of(call.seller.pid, out_trade_no)

    def get(self, call: Call) -> Trade:
        """The trade a request names. Raises :class:`Refusal` ``ACQ.TRADE_NOT_EXIST``, also before it is opened."""
        trade = self.find(call)
        if trade is None or not trade.exists:
            raise Refusal("ACQ.TRADE_NOT_EXIST", why=self._why_missing(call, trade))
        return trade

    def submit(self, call: Call, terms: Terms) -> Trade:
        """The order of these terms: a new one, or the one there is when it was asked for alike.

        Raises :class:`Refusal` for a number used with other terms, paid, closed or cancelled.
        """
        if (call.seller.pid, terms.out_trade_no) in self._cancelled:
            raise Refusal("ACQ.TRADE_HAS_CLOSE")
        trade = self.of(call.seller.pid, terms.out_trade_no)
        if trade is not None and trade.state != states.VOID:
            return _repeated(trade, terms)
        return self._submitted(call, terms)

    def _submitted(self, call: Call, terms: Terms) -> Trade:
        now = self._world.clock.now()
        trade = Trade(call=call, terms=terms, family=FAMILIES[terms.product_code], submitted_ms=now)
        if call.method in COUNTED_FROM_CALL or terms.time_expire:
            trade.deadline = self._world.agenda.at(self._deadline(trade, now), lambda: self.expire(trade))
        self._by_merchant[call.seller.pid, terms.out_trade_no] = trade
        self._seller_pids[call.seller.pid] = None
        return trade

    def show_code(self, trade: Trade) -> str:
        """The address in the QR code: two hours at most, whatever the order's own time is."""
        if trade.qr_code is None:
            trade.qr_code = f"https://qr.alipay.com/bax{self._world.ids.lower_alnum(21)}"
            seconds = min(QR_CODE_S, parse_duration(trade.terms.qr_code_timeout or "") or QR_CODE_S)
            trade.qr_deadline = self._world.agenda.after(seconds, lambda: self._void_unopened(trade))
        return trade.qr_code

    def open(self, trade: Trade, buyer: Buyer) -> None:
        """The buyer stands at the cashier: from here on Alipay has a trade. Does nothing the second time."""
        if trade.exists:
            return
        now = self._world.clock.now()
        trade.buyer, trade.created_ms = buyer, now
        trade.trade_no = f"{day_of(now)}220014{buyer.user_id[-5:-1]}{self._world.ids.digits(10)}"
        self._by_alipay[trade.trade_no] = trade
        if trade.deadline is None:
            trade.deadline = self._world.agenda.at(self._deadline(trade, now), lambda: self.expire(trade))
        self._step(trade, states.WAIT_BUYER_PAY)
        self._notifier.state(trade)

    def pay(self, trade: Trade, buyer: Buyer, channel: str = "ALIPAYACCOUNT") -> None:
        """Opens the trade if need be and pays it."""
        self.open(trade, buyer)
        self._step(trade, states.TRADE_SUCCESS)
        self._stop_timers(trade)
        trade.paid_ms, trade.channel = self._world.clock.now(), channel
        trade.seller.balance += trade.terms.total
        self._world.agenda.after(self._rules.refund_window_days * DAY_S, lambda: self.finish(trade))
        self._notifier.state(trade)

    def pay_later(self, trade: Trade, seconds: float) -> None:
        """The buyer types the password in ``seconds`` from now, unless the trade ends before."""
        trade.pending = self._world.agenda.after(seconds, lambda: self.pay(trade, trade.payer))

    def close(self, trade: Trade) -> None:
        """Ends a trade nobody paid."""
        self._step(trade, states.TRADE_CLOSED)
        self._stop_timers(trade)
        trade.closed_ms = self._world.clock.now()
        self._notifier.state(trade)

    def void(self, trade: Trade) -> None:
        """Makes an order unpayable that nobody opened."""
        self._step(trade, states.VOID)
        self._stop_timers(trade)

    def forbid(self, call: Call) -> None:
        """Nobody opened the order a cancellation names, or there is none: its number is used up all the same, so
        that a payment on its way comes too late."""
        if "trade_no" in call.biz:
            return
        key = call.seller.pid, call.biz["out_trade_no"]
        self._cancelled.add(key)
        trade = self._by_merchant.get(key)
        if trade is not None:
            self._void_unopened(trade)

    def give_up(self, trade: Trade) -> None:
        """The buyer does not type the password; the trade stays payable."""
        _cancel(trade.pending)
        trade.pending = None

    def expire(self, trade: Trade) -> None:
        if trade.exists:
            self.close(trade)
        else:
            self.void(trade)

    def finish(self, trade: Trade) -> None:
        """The refund window is over."""
        if trade.state == states.TRADE_SUCCESS:
            self._step(trade, states.TRADE_FINISHED)
            self._notifier.state(trade)

    def refund(self, trade: Trade, out_request_no: str, amount: int, reason: str | None) -> Refund:
        """Moves money back. Raises :class:`Refusal` ``ACQ.SELLER_BALANCE_NOT_ENOUGH``."""
        if trade.seller.balance < amount:
            raise Refusal("ACQ.SELLER_BALANCE_NOT_ENOUGH")
        trade.seller.balance -= amount
        now = self._world.clock.now()
        left = trade.remaining - amount
        refund = Refund(out_request_no=out_request_no, amount=amount, reason=reason, at_ms=now)
        trade.refunds[out_request_no] = refund
        self._step(trade, states.TRADE_SUCCESS if left else states.TRADE_CLOSED)
        trade.closed_ms = None if left else now
        self._notifier.refund(trade, refund)
        return refund

    def _void_unopened(self, trade: Trade) -> None:
        if trade.state == states.UNOPENED:
            self.void(trade)

    def _why_missing(self, call: Call, trade: Trade | None) -> str:
        number = call.biz.get("trade_no") or call.biz["out_trade_no"]
        if trade is None:
            same = (one for one in self.all() if number in (one.trade_no, one.terms.out_trade_no))
            return hints.no_trade(number, call.seller.pid, [one.seller.pid for one in same])
        if trade.state == states.VOID:
            return hints.void(number)
        return hints.unopened(number, trade.call.method)

    @staticmethod
    def _step(trade: Trade, state: str) -> None:
        trade.state = states.TRADE.check(trade.state, state)

    @staticmethod
    def _stop_timers(trade: Trade) -> None:
        for due in (trade.deadline, trade.qr_deadline, trade.pending):
            _cancel(due)

    @staticmethod
    def _deadline(trade: Trade, start_ms: int) -> int:
        terms = trade.terms
        if terms.time_expire:
            return terms.time_expire
        if terms.timeout_express == "1c":
            return end_of_day(start_ms)
        default = FACE_TO_FACE_S if trade.family == "face_to_face" else OTHERS_S
        return start_ms + 1000 * (parse_duration(terms.timeout_express or "") or default)


def _cancel(due: Due | None) -> None:
    if due is not None:
        due.cancel()


def _repeated(trade: Trade, terms: Terms) -> Trade:
    if trade.state in (states.TRADE_SUCCESS, states.TRADE_FINISHED):
        raise Refusal("ACQ.TRADE_HAS_SUCCESS")
    if trade.state == states.TRADE_CLOSED:
        raise Refusal("ACQ.TRADE_HAS_CLOSE")
    if trade.terms != terms:
        raise Refusal("ACQ.CONTEXT_INCONSISTENT")
    return trade
