"""Notifications: a span each, in the trace of their order; counts, and how long handlers take."""

from __future__ import annotations

from typing import Self

from vkpay_async.telemetry.instruments import listener
from vkpay_async.telemetry.spans import Spanned


class NotificationSpan(Spanned):
    """A notification while it is worked on; :meth:`note` what becomes known of it."""

    __slots__ = ()

    def note(
        self, *, kind: str | None = None, outcome: str | None = None, out_trade_no: str | None = None
    ) -> None:
        values = {"vkpay.kind": kind, "vkpay.outcome": outcome, "vkpay.out_trade_no": out_trade_no}
        self._attributes |= {name: value for name, value in values.items() if value is not None}


class _Unwatched:
    """Stands in for :class:`NotificationSpan` when nobody listens."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def note(
        self, *, kind: str | None = None, outcome: str | None = None, out_trade_no: str | None = None
    ) -> None:
        """Does nothing."""


_UNWATCHED = _Unwatched()


def notification_span(
    provider: str, *, out_trade_no: str | None = None, order_trace: str | None = None
) -> NotificationSpan | _Unwatched:
    """A span around a notification's work, to be entered with ``with``.

    ``order_trace`` is what :func:`current_trace` gave when the order was made. The span goes on in that trace; where one
    of a web framework is current, it stays in the framework's and is linked to the order's.
    """
    otel = listener()
    if otel is None:
        return _UNWATCHED
    order, current = otel.span_of(order_trace), otel.trace.get_current_span()
    links, context = None, None
    if order is not None and current.get_span_context().is_valid:
        links = [otel.trace.Link(order)]
    elif order is not None:
        context = otel.trace.set_span_in_context(otel.trace.NonRecordingSpan(order))
    kind = otel.trace.SpanKind.CONSUMER
    started = otel.tracer.start_span(f"{provider}.notification", context=context, kind=kind, links=links)
    span = NotificationSpan(otel, started, {"vkpay.provider": provider})
    span.note(out_trade_no=out_trade_no)
    return span


def current_trace() -> str | None:
    """The current span as a W3C ``traceparent``, to be kept with an order; ``None`` when there is none."""
    otel = listener()
    carrier: dict[str, str] = {}
    if otel is not None:
        otel.w3c.inject(carrier)
    return carrier.get("traceparent")


def count_notification(provider: str, kind: str, outcome: str) -> None:
    """One more notification. All three become labels: use few and fixed words."""
    otel = listener()
    if otel is not None:
        labels = {"vkpay.provider": provider, "vkpay.kind": kind, "vkpay.outcome": outcome}
        otel.notifications.add(1, labels)


def record_lag(provider: str, seconds: float) -> None:
    """How long a notification's handler took to be done, from the claim to its end."""
    otel = listener()
    if otel is not None:
        otel.handler_lag.record(seconds, {"vkpay.provider": provider})


def count_parked(provider: str, change: int) -> None:
    """``change`` more notifications wait for a person: 1 when one is parked, −1 when one is taken up again."""
    otel = listener()
    if otel is not None:
        otel.parked.add(change, {"vkpay.provider": provider})
