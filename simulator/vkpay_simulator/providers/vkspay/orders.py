"""``webpay`` and ``orderquery``, and the book of all orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vkpay_simulator.clock import china_text
from vkpay_simulator.providers.vkspay import states
from vkpay_simulator.providers.vkspay.accounts import Account
from vkpay_simulator.providers.vkspay.errors import Refusal, parameter
from vkpay_simulator.providers.vkspay.fields import yuan
from vkpay_simulator.providers.vkspay.models import WALLETS, Call, Order
from vkpay_simulator.providers.vkspay.notify import Notifier
from vkpay_simulator.providers.vkspay.rules import Rules

if TYPE_CHECKING:
    from vkpay_simulator.world import World

Content = dict[str, Any]

PAY_PAGE = "/pay"


def success(**fields: object) -> Content:
    return {"return_code": "SUCCESS", "return_msg": "SUCCESS", **fields}


class Book:
    """Every order of every store, by the gateway's number and by its pay link."""

    def __init__(self, world: World, rules: Rules, notifier: Notifier) -> None:
        self._world = world
        self._rules = rules
        self._notifier = notifier
        self._orders: dict[tuple[str, str], Order] = {}
        self._links: dict[str, Order] = {}

    def clear(self) -> None:
        self._orders.clear()
        self._links.clear()

    def all(self) -> list[Order]:
        return list(self._orders.values())

    def linked(self, link: str) -> Order | None:
        return self._links.get(link)

    def find(self, account: Account, number: str) -> Order | None:
        return self._orders.get((account.merchantno, number))

    def get(self, call: Call) -> Order:
        """The order a request names. Raises :class:`Refusal` ``ORDERNOTEXIST``."""
        number = call.fields.required_number("out_trade_no")
        order = self.find(call.account, number)
        if order is None:
            raise Refusal(
                "ORDERNOTEXIST",
                why=f"Store {call.account.merchantno} has no order {number}: send data.out_trade_no of the webpay answer.",
            )
        return order

    def add(self, call: Call, product: str, **more: Any) -> Order:
        """A new order of what the request says. Raises :class:`Refusal`."""
        fields, wished = call.fields, call.fields.number("out_trade_no")
        order = Order(
            account=call.account,
            number=wished if wished and self._rules.own_numbers else self.new_number(call.account),
            merchant_number=None if self._rules.own_numbers else wished,
            product=product,
            total=self._total(call),
            subject=fields.get("subject", 128),
            notify_url=fields.address("notify_url"),
            return_url=fields.address("return_url"),
            attach=fields.get("attach", 256),
            created_ms=self._world.clock.now(),
            **more,
        )
        self._orders[call.account.merchantno, order.number] = order
        return order

    def limit_life(self, order: Order) -> None:
        """An order that is not paid in time is closed. Designed: nothing is known of the real one's life."""
        order.deadline = self._world.agenda.after(self._rules.life_s, lambda: order.move(states.CLOSED))

    def show_link(self, order: Order) -> str:
        if not order.link:
            order.link = self._world.ids.lower_alnum(24)
            self._links[order.link] = order
        return f"{PAY_PAGE}?o={order.link}"

    def new_number(self, account: Account) -> str:
        """``3493-20231114221320000001``: inferred from the one number that was seen."""
        moment = "".join(filter(str.isdigit, china_text(self._world.clock.now())))
        return f"{account.merchantno}-{moment}{self._world.ids.digits(6)}"

    def pay(self, order: Order, wallet: str) -> None:
        """The money has moved; the merchant is told, where it gave an address."""
        now = self._world.clock.now()
        order.move(states.SUCCESS)
        day = china_text(now)[:10].replace("-", "")
        order.wallet, order.paid_ms = wallet, now
        order.transaction_id = f"{'4200' if wallet == 'wxpay' else '2'}{day}{self._world.ids.digits(16)}"
        self._notifier.paid(order)

    def pay_later(self, order: Order, wallet: str) -> None:
        """The payer types the password in a moment, unless the order ends before."""
        order.pending = self._world.agenda.after(self._rules.pay_delay_s, lambda: self.pay(order, wallet))

    def _total(self, call: Call) -> int:
        total = call.fields.fen("total_fee")
        if total > self._rules.amount_limit:
            raise parameter("total_fee超过单笔限额", f"The limit is {yuan(self._rules.amount_limit)} yuan.")
        return total


class Orders:
    """The methods about one cashier order."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def webpay(self, call: Call) -> Content:
        """Answers with the order's number and its pay link; with the same ones when it is asked for again."""
        only = call.fields.one_of("pay_chnl", (*WALLETS, "auto"))
        number = call.fields.number("out_trade_no")
        order = self._book.find(call.account, number) if number else None
        if order is None:
            order = self._book.add(call, "webpay", only=None if only == "auto" else only)
            self._book.limit_life(order)
        else:
            _check_repeated(call, order)
        link = call.origin + self._book.show_link(order)
        return success(data={"out_trade_no": order.number, "qrcode": link})

    def query(self, call: Call) -> Content:
        """``SUCCESS`` means paid and nothing else does, which is observed; what stands in ``data`` is designed."""
        order = self._book.get(call)
        if order.state != states.SUCCESS:
            raise Refusal(order.state)
        return success(
            data={
                "out_trade_no": order.number,
                "transaction_id": order.transaction_id,
                "pay_chnl": order.wallet,
                "total_fee": yuan(order.total),
                "pay_time": china_text(order.paid_ms or 0),
                "refund_fee": yuan(order.refunded),
                "attach": order.attach or "",
            }
        )


def _check_repeated(call: Call, order: Order) -> None:
    if order.state == states.CLOSED:
        raise Refusal("CLOSED", why=f"Order {order.number} is closed: take a new out_trade_no.")
    if not order.payable:
        raise parameter("out_trade_no已支付", f"Order {order.number} is paid: take a new out_trade_no.")
    if order.product != "webpay" or call.fields.fen("total_fee") != order.total:
        raise parameter("out_trade_no重复", f"Order {order.number} exists with another amount or product.")
