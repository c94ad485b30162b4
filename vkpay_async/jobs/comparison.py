"""A provider's bill against the ledger: what one side has and the other has not, or has otherwise.

Pure: rows in, differences out. Which rows of the ledger belong to a day is the caller's to decide: those that were paid
or refunded on it, and those whose numbers the bill names, since a payment at midnight may stand under another day here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from vkpay_async.models import BillRow, Value
from vkpay_async.money import Fen

DifferenceKind: TypeAlias = Literal[
    "missing_here", "missing_there", "amount_differs", "state_differs", "refund_differs"
]

_CLAIMED = frozenset({"PROCESSING", "SUCCESS", "ABNORMAL"})
"""Refunds that the ledger believes in. One that is open, refused or closed need not stand in a bill."""

_AGREES: Mapping[str, frozenset[str]] = {
    "SUCCESS": frozenset({"SUCCESS"}),
    "退款": frozenset({"SUCCESS"}),
    "PROCESSING": frozenset({"PROCESSING", "SUCCESS", "ABNORMAL"}),
}
"""A bill's word for a refund → what the ledger may say: a bill is made once, and the ledger goes on."""

_NOT_HERE = (
    "The provider has this payment and the ledger does not: look for another system that uses this merchant, or a database "
    "that was restored; if nobody knows the order, refund it in the provider's console."
)
_NOT_HERE_AND_BACK = (
    "The provider has this payment, taken back as a whole, and the ledger does not: find out who made it; no money is left "
    "to be moved."
)
_NOT_THERE = (
    "The ledger has this order as paid and the bill does not: query the order, and deliver nothing until the provider "
    "confirms the payment; paid around midnight, it stands in the bill of the day beside."
)
_AMOUNT = "The amounts are not the same: compare the order with the provider's console, and refund or charge the rest."
_UNPAID = "The payer has paid and the ledger does not know: query the order, which marks it paid and runs its handler."
_TWICE = (
    "The ledger has this order as paid in another way, and the payer has paid in this one too: give one of the two payments "
    "back at the provider."
)
_REVERSED = (
    "The provider has taken the whole payment back and the ledger still has it as paid: take the order back, and find out "
    "who reversed it."
)
_REFUND_NOT_HERE = (
    "The provider gave money back that the ledger knows nothing of: it was refunded in the provider's console or by "
    "another system; enter it here, so that it is not refunded twice."
)
_REFUND_NOT_THERE = (
    "The ledger has a refund that the bill does not have: query the refund; if the provider does not know it, ask for it "
    "again under the same number."
)
_REFUND_AMOUNT = "The refund's amounts are not the same: see the provider's console, and correct what the ledger has as refunded."
_REFUND_STATE = "The refund's states are not the same: query the refund, which brings the ledger up to date."


class LedgerPayment(Value, frozen=True, kw_only=True):
    """An order as the ledger has it. ``status`` is that of ``vk_pay_orders``: above 0 it was paid.

    ``elsewhere``: it was begun in this account, and then in another way, by which it was paid if it is.
    """

    out_trade_no: str
    amount: Fen
    status: int
    elsewhere: bool = False


class LedgerRefund(Value, frozen=True, kw_only=True):
    """A refund as the ledger has it: ``state`` as in an order's ``refund_list``."""

    out_trade_no: str
    out_refund_no: str
    amount: Fen
    state: str


class Side(Value, frozen=True, kw_only=True):
    """What one side says, in its own word for the state: the ledger's ``status`` is written as ``1 paid``."""

    amount: Fen
    state: str


class Difference(Value, frozen=True, kw_only=True):
    """One thing to look into. ``here`` is the ledger, ``there`` the provider; ``None`` where a side has nothing."""

    kind: DifferenceKind
    out_trade_no: str
    out_refund_no: str | None = None
    here: Side | None = None
    there: Side | None = None
    advice: str

    @property
    def number(self) -> str:
        """The refund's number for a refund, else the order's."""
        return self.out_refund_no or self.out_trade_no


RefundKey: TypeAlias = tuple[str, str]


def differences(
    bill: Iterable[BillRow], payments: Iterable[LedgerPayment], refunds: Iterable[LedgerRefund]
) -> list[Difference]:
    """What is not the same, in the bill's order, then what only the ledger has; one pass over each.

    Orders that are unpaid on both sides, and refunds that the ledger does not claim to have happened, are no difference.
    A payment that differs in amount and in state is named twice; a refund once, for its amount first.
    """
    rows = list(bill)
    reversed_ = {row.out_trade_no: row for row in rows if row.kind == "refund" and row.out_refund_no is None}
    orders = {payment.out_trade_no: payment for payment in payments}
    known = {(refund.out_trade_no, refund.out_refund_no): refund for refund in refunds}
    found: list[Difference] = []
    for row in rows:
        if row.kind == "payment":
            found += _payment(row, orders.pop(row.out_trade_no, None), row.out_trade_no in reversed_)
        elif row.out_refund_no is not None:
            found += _refund(row, row.out_refund_no, known.pop((row.out_trade_no, row.out_refund_no), None))
    found += (left for payment in orders.values() for left in _left_over(payment, reversed_))
    found += (_no_refund_there(refund) for refund in known.values() if refund.state in _CLAIMED)
    return found


def _payment(row: BillRow, payment: LedgerPayment | None, taken_back: bool) -> Iterator[Difference]:
    number, there = row.out_trade_no, Side(amount=row.amount, state=row.state)
    if payment is None:
        advice = _NOT_HERE_AND_BACK if taken_back else _NOT_HERE
        yield Difference(kind="missing_here", out_trade_no=number, there=there, advice=advice)
        return
    here = _side(payment)
    if payment.amount != row.amount:
        yield Difference(kind="amount_differs", out_trade_no=number, here=here, there=there, advice=_AMOUNT)
    if payment.status > 0 and payment.elsewhere:
        if not taken_back:
            yield Difference(kind="state_differs", out_trade_no=number, here=here, there=there, advice=_TWICE)
    elif (payment.status > 0) == taken_back:
        advice = _REVERSED if taken_back else _UNPAID
        yield Difference(kind="state_differs", out_trade_no=number, here=here, there=there, advice=advice)


def _left_over(payment: LedgerPayment, reversed_: Mapping[str, BillRow]) -> Iterator[Difference]:
    """An order that no payment of the bill belongs to: one that was taken back on a later day may still be named."""
    if payment.status <= 0 or payment.elsewhere:
        return
    number, here, row = payment.out_trade_no, _side(payment), reversed_.get(payment.out_trade_no)
    if row is None:
        yield Difference(kind="missing_there", out_trade_no=number, here=here, advice=_NOT_THERE)
    else:
        there = Side(amount=row.amount, state=row.state)
        yield Difference(kind="state_differs", out_trade_no=number, here=here, there=there, advice=_REVERSED)


def _refund(row: BillRow, out_refund_no: str, refund: LedgerRefund | None) -> Iterator[Difference]:
    there = Side(amount=row.amount, state=row.state)
    here = Side(amount=refund.amount, state=refund.state) if refund else None
    if refund is None:
        advice = _REFUND_NOT_HERE
    elif refund.amount != row.amount:
        advice = _REFUND_AMOUNT
    elif refund.state not in _AGREES.get(row.state, (row.state,)):
        advice = _REFUND_STATE
    else:
        return
    yield Difference(
        kind="refund_differs",
        out_trade_no=row.out_trade_no,
        out_refund_no=out_refund_no,
        here=here,
        there=there,
        advice=advice,
    )


def _no_refund_there(refund: LedgerRefund) -> Difference:
    return Difference(
        kind="refund_differs",
        out_trade_no=refund.out_trade_no,
        out_refund_no=refund.out_refund_no,
        here=Side(amount=refund.amount, state=refund.state),
        advice=_REFUND_NOT_THERE,
    )


_STATUS = {-1: "-1 closed", 0: "0 unpaid", 1: "1 paid", 2: "2 partly refunded", 3: "3 refunded"}


def _side(payment: LedgerPayment) -> Side:
    return Side(amount=payment.amount, state=_STATUS.get(payment.status, str(payment.status)))
