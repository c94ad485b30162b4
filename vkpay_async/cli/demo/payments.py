"""A payment's whole life: the steps that every way of paying takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from vkpay_async.cli.demo.report import Act, DemoFlow, require
from vkpay_async.cli.demo.shop import ORDER_TYPE, Shop
from vkpay_async.cli.demo.ways import TOTAL, WAYS, Sale
from vkpay_async.models import RefundState
from vkpay_async.money import Fen, yuan_from_fen
from vkpay_async.order_info import CodeUrl
from vkpay_async.pay_type import split_pay_type

PART: Fen = 500
REFUNDS = 2
FULLY_REFUNDED = 3
BY_NOTIFICATION = 1

# WeChat Pay and Huawei Pay take one refund of an order a minute, and like Douyin settle it later; virtual payment takes one
# when the one before has ended. The others' are final at once.
PAUSE_S = {"wxpay": 61, "wxpay-virtual": 4, "huawei": 61}
SETTLING_S = {"wxpay": 2, "douyin": 2, "wxpay-virtual": 4, "huawei": 2}

PARTNER_WAYS = ("wxpay_mp-weixin", "alipay_h5", "huawei_mp-harmony")


def payment_flows(shop: Shop, merchant: str) -> list[DemoFlow]:
    """Every way of paying at a merchant."""
    return [_flow(Sale(shop, way, merchant)) for way in WAYS if way.playable]


def partner_flows(shop: Shop, merchant: str) -> list[DemoFlow]:
    """A service provider's payments for its sub-merchant."""
    ways = (way for way in WAYS if way.pay_type in PARTNER_WAYS and way.playable)
    return [
        _flow(Sale(shop, way, merchant, shop.sub_merchants[split_pay_type(way.pay_type)[0]])) for way in ways
    ]


async def create(sale: Sale) -> str:
    if sale.way.entry is not None:
        await sale.way.entry(sale)
    payment = await sale.shop.pay.create_payment(
        provider=sale.provider,
        out_trade_no=sale.number,
        total_fee=TOTAL,
        subject="Tea, 500 g",
        type=ORDER_TYPE,
        pid=sale.merchant,
        **{**sale.way.call, **sale.code, **sale.party},
    )
    sale.info = payment.order_info
    require(payment.pay_type == sale.way.pay_type, f"the call was taken for {payment.pay_type}")
    require(isinstance(sale.info, sale.way.gives), f"order_info is a {type(sale.info).__name__}")
    if isinstance(sale.info, CodeUrl) and sale.provider == "wxpay":
        sale.shop.code_url = sale.shop.code_url or sale.info.code_url
    return type(sale.info).__name__


async def pay(sale: Sale) -> str:
    return await sale.way.buyer(sale, sale.info)


async def notify(sale: Sale) -> str:
    """The signed notification has come and the order's handler ran, once."""
    how = await (_notification(sale) if sale.way.notified else _asked_for(sale))
    runs = sale.shop.handled[sale.number]
    require(runs == 1, f"the order's handler ran {runs} times")
    return f"{how}; handler ran once"


async def _notification(sale: Sale) -> str:
    await sale.shop.pay.first_arrival(sale.number)
    arrived = sale.shop.pay.arrived[sale.number]
    for result in arrived:
        result.raise_for_error()
    # VksPay sends the first one twice at once, and either copy may be the one that counts.
    require(any(result.first for result in arrived), "no notification moved the order to paid")
    order = await sale.shop.pay.orders.require(sale.number)
    require(order.notify_mode == BY_NOTIFICATION, f"notify_mode is {order.notify_mode}")
    return "signed notification"


async def _asked_for(sale: Sale) -> str:
    status = await sale.shop.pay.query_payment(out_trade_no=sale.number, await_notify=True)
    require(status.user_order_success, f"await_notify ended with {status.trade_state}")
    require(not sale.shop.pay.arrived[sale.number], "a notification came, which the specification rules out")
    return "not notified of by specification; query with await_notify"


async def query(sale: Sale) -> str:
    status = await sale.shop.pay.query_payment(out_trade_no=sale.number)
    require(status.order_paid, f"the provider says {status.trade_state}: {status.msg}")
    require(status.user_order_success, "the ledger has no success of the handler")
    return f"{status.trade_state} {status.transaction_id}"


async def partial_refund(sale: Sale) -> str:
    refund = await sale.shop.pay.refund(
        out_trade_no=sale.number, refund_fee=PART, refund_desc="one box broken"
    )
    require(refund.refund_fee == PART, f"{refund.refund_fee} fen were refunded")
    return f"{yuan_from_fen(PART)} yuan {refund.state}"


async def full_refund(sale: Sale) -> str:
    """All that is left, by leaving the amount out."""
    pause = PAUSE_S.get(sale.provider, 0)
    await _wait(sale, pause)
    refund = await sale.shop.pay.refund(out_trade_no=sale.number)
    require(refund.refund_fee == TOTAL - PART, f"{refund.refund_fee} fen were refunded")
    return f"{yuan_from_fen(TOTAL - PART)} yuan {refund.state}" + (f" after {pause} s" if pause else "")


async def query_refund(sale: Sale) -> str:
    await _wait(sale, SETTLING_S.get(sale.provider, 0))
    order = await sale.shop.pay.orders.require(sale.number)
    found = [await _refund_found(sale, entry.out_refund_no, entry.refund_fee) for entry in order.refund_list]
    return ", ".join(found)


async def _refund_found(sale: Sale, number: str, amount: Fen) -> str:
    refund = (await sale.shop.pay.query_refund(out_trade_no=sale.number, out_refund_no=number)).refund
    require(refund.state is RefundState.SUCCESS, f"refund {number} is {refund.state}")
    require(refund.refund_fee == amount, f"refund {number} has {refund.refund_fee} fen instead of {amount}")
    return f"{yuan_from_fen(amount)} yuan {refund.state}"


async def ledger(sale: Sale) -> str:
    """The amounts add up, no notification was refused, and none made the handler run again."""
    order = await sale.shop.pay.orders.require(sale.number)
    require(order.status == FULLY_REFUNDED, f"the order's status is {order.status}")
    require(order.refund_fee == order.total_fee, f"{order.refund_fee} of {order.total_fee} fen are refunded")
    _check_refund_notices(sale)
    require(sale.shop.handled[sale.number] == 1, "the handler ran again after a refund")
    return f"status {order.status}, {yuan_from_fen(order.refund_fee)} of {yuan_from_fen(TOTAL)} yuan refunded"


def _check_refund_notices(sale: Sale) -> None:
    """None was refused. WeChat Pay tells of each refund, VksPay of none; whether Alipay does is not documented."""
    kinds = []
    for result in sale.shop.pay.arrived[sale.number]:
        result.raise_for_error()
        kinds.append(result.notification.kind if result.notification else "")
    told = kinds.count("refund")
    require(told == REFUNDS or sale.provider != "wxpay", f"{told} of {REFUNDS} refunds were notified of")


async def _wait(sale: Sale, seconds: int) -> None:
    if seconds:
        await sale.shop.simulator.advance(seconds)


STEPS: Mapping[str, Callable[[Sale], Awaitable[str]]] = {
    "create": create,
    "pay": pay,
    "notify": notify,
    "query": query,
    "partial_refund": partial_refund,
    "full_refund": full_refund,
    "query_refund": query_refund,
    "ledger": ledger,
}


def _flow(sale: Sale) -> DemoFlow:
    steps: list[tuple[str, Act]] = [(name, partial(act, sale)) for name, act in STEPS.items()]
    return DemoFlow(pay_type=sale.way.pay_type, merchant=sale.merchant, steps=steps)
