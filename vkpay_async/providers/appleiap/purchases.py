"""From what a customer bought to an order's payment or refund.

``provider_order_no`` is the app account token: the one thing of ours that a purchase carries. An order that a renewal makes
has the renewal's transaction as its number.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vkpay_async.errors import NotificationMismatch
from vkpay_async.models import JsonObject, OrderRef, Refund, RefundState, Trade, TradeState
from vkpay_async.money import Fen
from vkpay_async.providers.appleiap.about import AppleNode
from vkpay_async.providers.appleiap.models import Moment, Transaction

PURCHASED = "PURCHASED"
WHOLE = 100_000
MILLIUNITS_OF_A_FEN = 10
REVERSED = "REFUND_REVERSED"


def trade_of(transaction: Transaction, node: AppleNode) -> Trade:
    """A verified purchase as a trade that is looked up by its token. One that was given back is ``CLOSED``.

    ``total_fee`` is the price in ``products``, else what was paid where that is the config's currency.
    """
    _check_owner(transaction, node)
    token = transaction.app_account_token
    return Trade(
        out_trade_no="",
        state=TradeState.CLOSED if transaction.revoked else TradeState.SUCCESS,
        raw_state=transaction.revocation_type or transaction.transaction_reason or "PURCHASE",
        description="订单已退款" if transaction.revoked else "",
        transaction_id=transaction.transaction_id,
        provider_order_no=token.lower() if token else None,
        total_fee=_amount(transaction, node),
        product_id=transaction.product_id,
        quantity=transaction.quantity,
        recurring=renewed(transaction),
        environment=transaction.environment,
        appid=node.bundle_id,
        success_time=_ms(transaction.purchase_date),
        raw=raw_of(transaction),
    )


def trade_of_order(transaction: Transaction, node: AppleNode, order: OrderRef) -> Trade:
    """As :func:`trade_of`, for the order that its caller names. Raises :class:`NotificationMismatch` without a token."""
    trade = trade_of(transaction, node)
    if trade.provider_order_no is None and not node.link_without_token:
        raise NotificationMismatch(
            f"transaction {transaction.transaction_id} carries no app account token: hand the order's appAccountToken to "
            "StoreKit with the purchase, or set link_without_token = true to believe whoever names the order"
        )
    return msgspec.structs.replace(trade, out_trade_no=order.out_trade_no)


def refund_of(transaction: Transaction, node: AppleNode) -> Refund:
    """Money that Apple gave back, or a family's share that ended: ``share`` of the order, in thousandths of a percent."""
    revoked = _ms(transaction.revocation_date) or 0
    return _refund(
        transaction,
        node,
        number=f"{transaction.transaction_id}-{revoked}",
        state=RefundState.SUCCESS,
        raw_state=transaction.revocation_type or "REFUND_FULL",
        at=revoked,
    )


def reversal_of(transaction: Transaction, node: AppleNode, signed_ms: int) -> Refund:
    """A refund that Apple has taken back; which one it was, the order knows."""
    return _refund(
        transaction,
        node,
        number=f"{transaction.transaction_id}-{signed_ms}",
        state=RefundState.CLOSED,
        raw_state=REVERSED,
        at=signed_ms,
    )


def renewed(transaction: Transaction) -> bool:
    """It came by itself, without anybody ordering it."""
    if transaction.transaction_reason is not None:
        return transaction.transaction_reason == "RENEWAL"
    return transaction.renews and transaction.transaction_id != transaction.original_transaction_id


def raw_of(transaction: Transaction) -> JsonObject:
    """The purchase in Apple's own words, without what does not apply."""
    return JsonObject(msgspec.json.encode(transaction))


def _refund(
    transaction: Transaction,
    node: AppleNode,
    *,
    number: str,
    state: RefundState,
    raw_state: str,
    at: int,
) -> Refund:
    token = transaction.app_account_token
    own = renewed(transaction)
    return Refund(
        out_trade_no=str(transaction.transaction_id) if own else "",
        out_refund_no=number,
        state=state,
        raw_state=raw_state,
        refund_fee=0,
        share=WHOLE if transaction.revocation_percentage is None else transaction.revocation_percentage,
        transaction_id=transaction.transaction_id,
        provider_order_no=None if own or not token else token.lower(),
        refund_id=transaction.transaction_id,
        appid=node.bundle_id,
        success_time=at,
        raw=raw_of(transaction),
    )


def _check_owner(transaction: Transaction, node: AppleNode) -> None:
    owner = transaction.in_app_ownership_type
    if owner != PURCHASED and not node.allow_family_shared:
        raise NotificationMismatch(
            f"transaction {transaction.transaction_id} is {owner}: somebody of the family paid for it; "
            "allow_family_shared = true delivers all the same"
        )


def _amount(transaction: Transaction, node: AppleNode) -> Fen | None:
    known = node.products.get(transaction.product_id or "")
    if known is not None:
        return known * (transaction.quantity or 1)
    if transaction.price is None or transaction.currency != node.currency:
        return None
    fen, rest = divmod(transaction.price, MILLIUNITS_OF_A_FEN)
    return None if rest else fen


def _ms(moment: Moment | None) -> int | None:
    return None if moment is None else int(moment)


def product_of(expand_data: dict[str, Any]) -> str | None:
    """What an order is for, where that was said when it was made."""
    product = expand_data.get("product_id")
    return product if isinstance(product, str) else None
