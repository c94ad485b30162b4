"""``create_order`` and ``query_order``."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vkpay_simulator.clock import CHINA, china_text
from vkpay_simulator.providers.douyin.accounts import App
from vkpay_simulator.providers.douyin.ecpay.gate import Call, Reply
from vkpay_simulator.providers.douyin.errors import NO_PAYMENT, ecpay_refusal, refused
from vkpay_simulator.providers.douyin.fields import Fields, parse_object
from vkpay_simulator.providers.douyin.money import DAY_MS, Order
from vkpay_simulator.providers.douyin.rules import Rules
from vkpay_simulator.providers.douyin.states import CREATED, SUCCESS, TIMEOUT, shown

if TYPE_CHECKING:
    from vkpay_simulator.world import World

LARGEST = 10_000_000_000
LIFE_S = (300, 172_800)
EXTRA_CHARACTERS = 2048
HIDDEN = {"LIMIT_WX": 1, "LIMIT_ALI": 2, "LIMIT_DYZF": 10}
TOKEN_BYTES = 96
SANDBOX_KEEPS_MS = 14 * DAY_MS
PURGE_WEEKDAY, PURGE_HOUR = 5, 4


@dataclass(slots=True, kw_only=True, eq=False)
class EcpayOrder(Order):
    """A pre-order. ``hidden`` are the ways of paying that its cashier does not show."""

    order_token: str
    subject: str
    body: str
    hidden: frozenset[int] = frozenset()


class OrderBook:
    """Every order, by the app's number and by Douyin's."""

    def __init__(self) -> None:
        self._by_number: dict[tuple[str, str], EcpayOrder] = {}
        self._by_id: dict[str, EcpayOrder] = {}

    def clear(self) -> None:
        self._by_number.clear()
        self._by_id.clear()

    def add(self, order: EcpayOrder) -> None:
        self._by_number[order.app.app_id, order.number] = order
        self._by_id[order.order_id] = order

    def remove(self, order: EcpayOrder) -> None:
        self._by_number.pop((order.app.app_id, order.number), None)
        self._by_id.pop(order.order_id, None)

    def find(self, app: App, number: object) -> EcpayOrder | None:
        return self._by_number.get((app.app_id, number)) if isinstance(number, str) else None

    def numbered(self, order_id: object) -> EcpayOrder | None:
        return self._by_id.get(order_id) if isinstance(order_id, str) else None

    def all(self) -> list[EcpayOrder]:
        return list(self._by_number.values())


class Orders:
    """The two calls about an order."""

    def __init__(self, world: World, book: OrderBook, rules: Rules) -> None:
        self._world = world
        self._book = book
        self._rules = rules

    def create(self, call: Call) -> Reply:
        """Repeating a number gives the same order, whatever else the call says."""
        number = call.fields.number("out_order_no")
        order = self._book.find(call.app, number)
        if order is None:
            order = self._placed(call, number)
        elif not order.payable:
            tips = "订单已支付" if order.paid else "订单已结束，请更换单号"
            raise refused(tips, f"Order {number} is {order.state}: its number is used up, take a new one.")
        return Reply({"data": {"order_id": order.order_id, "order_token": order.order_token}}, tips="")

    def query(self, call: Call) -> Reply:
        order = self._book.find(call.app, call.fields.number("out_order_no"))
        if order is None:
            why = f"App {call.app.app_id} has no such order: GET /_sim/orders lists those there are."
            raise ecpay_refusal(NO_PAYMENT, why=why)
        if order.state == CREATED and self._rules.unopened_is_unknown:
            why = "Nobody opened the cashier yet, and unopened_is_unknown of /_sim/douyin/rules is on."
            raise ecpay_refusal(NO_PAYMENT, why=why)
        return Reply(
            {
                "out_order_no": order.number,
                "order_id": order.order_id,
                "payment_info": _payment_info(order),
                "cps_info": {"share_amount": "0", "douyin_id": "", "nickname": ""},
            }
        )

    def expire(self, order: EcpayOrder) -> None:
        """Nobody is told of an order that was not paid."""
        order.move(TIMEOUT)

    def _placed(self, call: Call, number: str) -> EcpayOrder:
        order = self._read(call, number)
        self._book.add(order)
        order.deadline = self._world.agenda.at(order.expires_ms, lambda: self.expire(order))
        if call.app.sandbox:
            self._world.agenda.at(_purged_ms(order.created_ms), lambda: self._book.remove(order))
        return order

    def _read(self, call: Call, number: str) -> EcpayOrder:
        fields, now, ids = call.fields, self._world.clock.now(), self._world.ids
        total = fields.required_integer("total_amount", least=1, most=LARGEST)
        subject, body = (_title(fields, name) for name in ("subject", "body"))
        life = fields.required_integer("valid_time", least=-(2**31), most=2**31)
        notify_url = fields.notify_url("notify_url") or call.app.console_url
        _check_rest(fields)
        return EcpayOrder(
            app=call.app,
            number=number,
            order_id="7" + ids.digits(18),
            order_token=_token(ids.hex(2 * TOKEN_BYTES)),
            total=total,
            subject=subject,
            body=body,
            cp_extra=extra(fields),
            notify_url=notify_url,
            created_ms=now,
            expires_ms=now + 1000 * max(LIFE_S[0], min(life, LIFE_S[1])),
            hidden=_hidden(fields),
        )


def extra(fields: Fields) -> str:
    """What is given back in notifications, cut where it gets long."""
    return (fields.text("cp_extra", most=2**31) or "")[:EXTRA_CHARACTERS]


def _title(fields: Fields, name: str) -> str:
    text = fields.required(name, most=42)
    fields.text(name, most=128, in_bytes=True)
    return text


def _check_rest(fields: Fields) -> None:
    fields.text("store_uid")
    fields.text("msg_page", most=1024)
    fields.integer("disable_msg", least=0, most=1)
    delivery = fields.text("expand_order_info", most=2048)
    if delivery is not None and parse_object(delivery.encode()) is None:
        raise fields.invalid("expand_order_info", "send the text of a JSON object")


def _hidden(fields: Fields) -> frozenset[int]:
    names = [name for name in (fields.text("limit_pay_way") or "").split(",") if name]
    if unknown := [name for name in names if name not in HIDDEN]:
        raise fields.invalid("limit_pay_way", f"{unknown[0]} is none of {', '.join(HIDDEN)}")
    return frozenset(HIDDEN[name] for name in names)


def _token(digits: str) -> str:
    """As published ones begin."""
    return "Cgw" + base64.b64encode(bytes.fromhex(digits)).decode()[3:]


def _payment_info(order: EcpayOrder) -> dict[str, Any]:
    paid = order.state == SUCCESS
    return {
        "total_fee": order.total,
        "order_status": shown(order.state),
        "pay_time": china_text(order.paid_ms) if order.paid_ms is not None else "",
        "way": order.way if paid else 0,
        "channel_no": order.channel_no,
        "channel_gateway_no": "",
        "seller_uid": order.app.mch_id,
        "item_id": "",
        "cp_extra": order.cp_extra,
    }


def _purged_ms(created_ms: int) -> int:
    """The first Saturday, 04:00 in Beijing, at least fourteen days later."""
    kept_until = dt.datetime.fromtimestamp((created_ms + SANDBOX_KEEPS_MS) / 1000, CHINA)
    day = kept_until.replace(hour=PURGE_HOUR, minute=0, second=0, microsecond=0)
    day += dt.timedelta(days=(PURGE_WEEKDAY - day.weekday()) % 7)
    if day < kept_until:
        day += dt.timedelta(days=7)
    return int(day.timestamp() * 1000)
