"""Whether what a provider says fits what we have: number, app, merchant, amount."""

from __future__ import annotations

from contextlib import suppress

from vkpay_async.errors import NotificationMismatch
from vkpay_async.models import Refund, Trade, Transfer, TransferAuthorization
from vkpay_async.order import Order
from vkpay_async.providers.base import Provider


def check_trade(order: Order, trade: Trade, provider: Provider) -> None:
    """Raises :class:`NotificationMismatch` unless number, app, merchant and amount are the order's.

    Where the provider is the shop and the order names a product, that product counts and not its price.
    """
    _same("order number", trade.out_trade_no or None, order.out_trade_no)
    _check_providers_number(order, trade.provider_order_no)
    _same("app id", trade.appid, provider.appid)
    _same("merchant", trade.mch_id, _merchant(order, provider))
    if order.sub_mchid:
        _same("sub-merchant", trade.sub_mchid or "", order.sub_mchid)
    if trade.total_fee is None and trade.product_id is None and trade.provider_order_no is not None:
        return  # the provider says no amount; its order of that number was made with ours
    if not _same_goods(order, trade) and trade.total_fee != order.total_fee:
        raise NotificationMismatch(
            f"amount {trade.total_fee} fen does not fit the order's {order.total_fee}; nothing was changed"
        )


def way_of(order: Order, pay_type: str, trade: Trade, provider: Provider) -> Order:
    """The order as it was begun in the way that was paid. Raises :class:`NotificationMismatch` unless it fits."""
    ways = order.ways
    if len(ways) > 1:
        ways = tuple(way for way in ways if way.pay_type == pay_type) or ways[:1]
    *before, last = ways
    for way in before:
        with suppress(NotificationMismatch):
            check_trade(way, trade, provider)
            return way
    check_trade(last, trade, provider)
    return last


def check_renewal(order: Order, trade: Trade, provider: Provider) -> None:
    """Raises :class:`NotificationMismatch` unless the payment goes on from this order's."""
    _check_providers_number(order, trade.provider_order_no)
    _same("app id", trade.appid, provider.appid)
    _same("merchant", trade.mch_id, _merchant(order, provider))


def check_refund(order: Order, refund: Refund, provider: Provider) -> None:
    """Raises :class:`NotificationMismatch` unless number, app, merchant and total are the order's."""
    _same("app id", refund.appid, provider.appid)
    _same("merchant", refund.mch_id, _merchant(order, provider))
    _same("order number", refund.out_trade_no or None, order.out_trade_no)
    if refund.transaction_id is None or refund.transaction_id != order.transaction_id:
        _check_providers_number(order, refund.provider_order_no)
    _same("total", refund.total_fee, order.total_fee)


def check_transfer(transfer: Transfer, out_bill_no: str, provider: Provider) -> None:
    """Raises :class:`NotificationMismatch` unless merchant and number are the transfer's."""
    _same("merchant", transfer.mch_id, provider.mch_id)
    _same("transfer number", transfer.out_bill_no, out_bill_no)


def check_authorization(
    authorization: TransferAuthorization, out_authorization_no: str, provider: Provider
) -> None:
    """Raises :class:`NotificationMismatch` unless merchant and number are the authorisation's."""
    _same("merchant", authorization.mch_id, provider.mch_id)
    _same("authorisation number", authorization.out_authorization_no, out_authorization_no)


def check_pid(order: Order, pid: str) -> None:
    """Raises :class:`NotificationMismatch` for another merchant's order."""
    _same("pid", order.pid or "default", pid)


def _check_providers_number(order: Order, theirs: str | None) -> None:
    """A number that the order was never given belongs to another: an address can be made up, a payment cannot."""
    if theirs is not None and theirs not in (order.provider_order_no, *order.former_order_nos):
        raise NotificationMismatch(
            f"the provider's order {theirs!r} is not this one's, {order.provider_order_no!r}; nothing was changed"
        )


def _same_goods(order: Order, trade: Trade) -> bool:
    """Whether what was bought is what the order is for. Raises for something else."""
    wanted = order.expand_data.get("product_id")
    if wanted is None or trade.product_id is None:
        return False
    _same("product", trade.product_id, wanted)
    _same("quantity", trade.quantity, order.expand_data.get("quantity"))
    return True


def _merchant(order: Order, provider: Provider) -> str | None:
    """Who must be paid: our own node's merchant, or, under an Alipay ``app_auth_token``, one we have no number of."""
    return None if order.app_auth_token else provider.mch_id


def _same(what: str, theirs: object, ours: object) -> None:
    if theirs is not None and ours is not None and theirs != ours:
        raise NotificationMismatch(f"{what} {theirs!r} does not fit ours, {ours!r}; nothing was changed")
