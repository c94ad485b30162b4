"""Purchases as the control API shows them beside other providers' orders."""

from __future__ import annotations

from vkpay_simulator.providers.appleiap.accounts import App
from vkpay_simulator.providers.appleiap.models import Store, Transaction
from vkpay_simulator.providers.base import OrderView, RefundView

WHOLE = 100_000
MILLIUNITS_OF_A_FEN = 10


def view(app: App, store: Store, one: Transaction) -> OrderView:
    """``out_trade_no`` is the transaction's number: Apple knows no other. Amounts in hundredths of the currency."""
    total = one.price // MILLIUNITS_OF_A_FEN
    return OrderView(
        provider="appleiap",
        pid=app.pid,
        out_trade_no=one.transaction_id,
        transaction_id=one.transaction_id,
        product=one.product.product_id,
        state=_state(one),
        total_fee=total,
        refunded_fee=_refunded(one, total),
        created_ms=one.purchase_ms,
        paid_ms=one.purchase_ms,
        notify_url=app.notify_url(store.environment) or None,
        payer=one.customer.name,
        refunds=_given_back(one, total),
        detail={
            "environment": store.environment,
            "type": one.product.type,
            "app_account_token": one.app_account_token,
            "original_transaction_id": one.original_transaction_id,
            "subscription_status": one.subscription.status if one.subscription else None,
            "expires_ms": one.expires_ms,
            "finished": one.finished,
        },
    )


def _state(one: Transaction) -> str:
    if one.revocation is None:
        return "PURCHASED"
    return "REFUNDED" if one.revocation.refund else "REVOKED"


def _given_back(one: Transaction, total: int) -> tuple[RefundView, ...]:
    """Nobody but Apple gives a purchase back; it goes by the transaction's number."""
    if one.revocation is None or not one.revocation.refund:
        return ()
    return (
        RefundView(
            out_refund_no=one.transaction_id,
            amount=_refunded(one, total),
            state=_state(one),
            created_ms=one.revocation.at_ms,
        ),
    )


def _refunded(one: Transaction, total: int) -> int:
    if one.revocation is None or not one.revocation.refund:
        return 0
    percentage = one.revocation.percentage
    return total * (WHOLE if percentage is None else percentage) // WHOLE
