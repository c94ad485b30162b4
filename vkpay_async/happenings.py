"""What the notification pipeline hands to the ledger and gets back: something that happened, and what it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from vkpay_async.errors import VKPayError
from vkpay_async.models import Transfer, Value
from vkpay_async.money import Fen
from vkpay_async.order import Order, RefundEntry

DEFAULT_PID = "default"
ALONE = frozenset({"transfer_auth", "event"})
"""The kinds of event that are about no other row."""


class Event(Value, frozen=True, kw_only=True):
    """A row of ``vk_pay_notifications``: something that happened to a number, and how far its handler has come.

    ``what`` names it: provider, merchant, kind, subject and resulting state. ``state``: ``running`` (a process has it
    until ``due``), ``waiting`` and ``failed`` (to be run at ``due``), ``done``, ``parked`` and ``unmatched`` (for a person to
    see). ``source`` is 1 for a notification, 0 for a query's answer. ``happened`` is the typed object in JSON.
    """

    number: str
    what: str
    id: str
    provider: str
    pay_type: str
    kind: str
    state: str = "done"
    pid: str | None = None
    type: str | None = None
    attempts: int = 0
    due: int | None = None
    runner: str | None = None
    error: str | None = None
    source: int = 1
    path: str | None = None
    headers: Mapping[str, str] = {}
    body: bytes = b""
    happened: bytes = b"{}"
    traceparent: str | None = None
    create_date: int = 0
    done_date: int | None = None


class TransferRecord(Value, frozen=True, kw_only=True):
    """A row of ``vk_pay_transfers``. ``state`` is ``PENDING`` from the moment before it is sent, ``REFUSED`` after a no."""

    out_bill_no: str
    pid: str
    pay_type: str
    state: str = "PENDING"
    transfer_amount: Fen | None = None
    raw_state: str | None = None
    transfer_bill_no: str | None = None
    mch_id: str | None = None
    openid: str | None = None
    transfer_remark: str | None = None
    fail_reason: str | None = None
    create_date: int = 0
    update_date: int = 0
    user_order_success: bool | None = None
    handler_error: str | None = None


class RefundChange(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a refund. ``check_due`` is when the provider is to be asked again, ``None`` for never.

    ``new`` is kept where nobody had asked for it.
    """

    out_refund_no: str
    state: str
    refund_id: str | None = None
    success_date: int | None = None
    check_due: int | None = None
    new: RefundEntry | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a claim is decided over, locked: the order or transfer, and the event if it is known.

    ``events`` are those of its number and of others, by number and ``what``.
    """

    order: Order | None = None
    transfer: TransferRecord | None = None
    event: Event | None = None
    events: Mapping[tuple[str, str], Event] = {}


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of a claim. ``event`` is the row to keep, ``None`` to leave it as it is.

    ``paid`` holds the order's new values; it and the others say what changes beside the event. ``error`` is for whoever
    claimed.
    """

    event: Event | None = None
    error: VKPayError | None = None
    paid: dict[str, Any] | None = None
    closed: int | None = None
    refund: RefundChange | None = None
    transfer: TransferRecord | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, and how to decide what it changes. ``decide`` is pure: it may run more than once."""

    event: Event
    decide: Callable[[Found], Decision]
    about_transfer: bool = False

    @property
    def about_order(self) -> bool:
        return not self.about_transfer and self.event.kind not in ALONE


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A claim, committed. ``mine`` tells that this claim is to run the handler; ``moved`` that it moved the order."""

    event: Event
    order: Order | None
    mine: bool
    moved: bool
    error: VKPayError | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a handler ended. It counts only while ``event`` is still this runner's."""

    event: Event
    state: str
    due: int | None
    error: str | None
    success: bool | None
    now: int


Operation: TypeAlias = Claim | Outcome


def record_of(transfer: Transfer, *, pid: str | None, pay_type: str, now: int) -> TransferRecord:
    """A transfer as the provider has it, as a row."""
    return TransferRecord(
        out_bill_no=transfer.out_bill_no,
        pid=pid or DEFAULT_PID,
        pay_type=pay_type,
        state=transfer.state.value,
        raw_state=transfer.raw_state,
        transfer_amount=transfer.transfer_amount,
        transfer_bill_no=transfer.transfer_bill_no,
        mch_id=transfer.mch_id,
        openid=transfer.openid,
        fail_reason=transfer.fail_reason,
        create_date=now,
        update_date=now,
    )
