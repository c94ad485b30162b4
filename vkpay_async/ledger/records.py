"""What the notification pipeline hands to the ledger and gets back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from vkpay_async.errors import VKPayError
from vkpay_async.ledger.refunds import RefundChange
from vkpay_async.ledger.transfers import TransferRecord
from vkpay_async.models import Value
from vkpay_async.order import Order


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


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a claim is decided over, locked: the order or transfer, and the event if it is known."""

    order: Order | None = None
    transfer: TransferRecord | None = None
    event: Event | None = None


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
