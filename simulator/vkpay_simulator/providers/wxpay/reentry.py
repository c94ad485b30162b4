"""A number that comes again: what makes two requests the same, and what is said when they are not."""

from __future__ import annotations

from vkpay_simulator.clock import china_rfc3339
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.errors import WxpayError
from vkpay_simulator.providers.wxpay.models import Model
from vkpay_simulator.providers.wxpay.orders import Order, OrderBook, OrderRequest, party_of

ANOTHER = "create another order, with a new out_trade_no"


def reentered(
    book: OrderBook, account: Account, wanted: OrderRequest, product: str, now: int
) -> Order | None:
    """The order a repeated request is about. Raises :class:`WxpayError` if it cannot be gone on with."""
    order = book.find(account.mchid, wanted.out_trade_no)
    if order is None:
        return None
    if order.party.sub_mchid != party_of(wanted).sub_mchid or order.state == "REVOKED":
        whose = f"an order of {order.payee} that is {order.state}"
        raise WxpayError(
            "OUT_TRADE_NO_USED", advice=f"{order.out_trade_no} is the number of {whose}: {ANOTHER}."
        )
    if order.transaction_id is not None:
        raise already_paid(order)
    if order.state in ("CLOSED", "PAYERROR"):
        raise WxpayError("ORDER_CLOSED", advice=f"{order.out_trade_no} is {order.state}: {ANOTHER}.")
    if order.product != product or order.request != wanted:
        raise re_entered(_changes(order, product, wanted))
    if now > order.expires_ms:
        advice = f"It could be paid until {china_rfc3339(order.expires_ms)}, now it is {china_rfc3339(now)}: {ANOTHER}."
        raise WxpayError("ORDER_CLOSED", "该订单已失效", advice=advice)
    return order


def already_paid(order: Order) -> WxpayError:
    """For create and close."""
    paid = china_rfc3339(order.paid_ms or 0)
    advice = f"{order.out_trade_no} was paid at {paid}: query it; to be paid once more, {ANOTHER}."
    return WxpayError("ORDERPAID", advice=advice)


def re_entered(changes: list[str]) -> WxpayError:
    """The same number with other parameters."""
    advice = f"Not as in the first request with this number: {', '.join(changes)}. Repeat it unchanged, or take a new number."
    return WxpayError(
        "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致", number=268498688, advice=advice
    )


def _changes(order: Order, product: str, wanted: OrderRequest) -> list[str]:
    return (
        [f"{product} instead of {order.product}"]
        if order.product != product
        else differing(order.request, wanted)
    )


def differing(first: Model, second: Model) -> list[str]:
    """The fields in which two requests of one kind are not the same."""
    return [name for name in first.__struct_fields__ if getattr(first, name) != getattr(second, name)]
