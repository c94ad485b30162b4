from __future__ import annotations

import pytest
from opentelemetry.trace import SpanKind, StatusCode, format_trace_id

from tests.vkpay_async.observed import Observed
from vkpay_async.telemetry import (
    count_notification,
    count_parked,
    current_trace,
    notification_span,
    record_lag,
)

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
ORDER = f"00-{TRACE_ID}-b7ad6b7169203331-01"


def test_a_notification_is_a_consumer_span_of_its_order(observed: Observed) -> None:
    with notification_span("wxpay", out_trade_no="T1") as span:
        span.note(kind="payment")
        span.note(outcome="handled")
    done = observed.span()
    assert (done.name, done.kind) == ("wxpay.notification", SpanKind.CONSUMER)
    assert dict(done.attributes or {}) == {
        "vkpay.provider": "wxpay",
        "vkpay.out_trade_no": "T1",
        "vkpay.kind": "payment",
        "vkpay.outcome": "handled",
    }


def test_what_a_handler_does_is_part_of_the_notification(observed: Observed) -> None:
    with notification_span("wxpay"), observed.tracer.start_as_current_span("ship"):
        pass
    ship, notification = observed.spans
    assert ship.parent == notification.context


def test_the_orders_trace_goes_on_in_its_notification(observed: Observed) -> None:
    with observed.tracer.start_as_current_span("checkout") as checkout:
        kept = current_trace()
    with notification_span("alipay", order_trace=kept):
        pass
    notification = observed.spans[1]
    assert notification.parent is not None
    assert notification.parent.span_id == checkout.get_span_context().span_id
    assert notification.context.trace_id == checkout.get_span_context().trace_id


def test_inside_a_web_frameworks_span_the_order_is_linked(observed: Observed) -> None:
    with (
        observed.tracer.start_as_current_span("POST /pay") as request,
        notification_span("wxpay", order_trace=ORDER),
    ):
        pass
    notification, _ = observed.spans
    assert notification.parent == request.get_span_context()
    assert [format_trace_id(link.context.trace_id) for link in notification.links] == [TRACE_ID]


@pytest.mark.parametrize("kept", [None, "", "nonsense", f"00-{'0' * 32}-b7ad6b7169203331-01", "x" * 600])
def test_a_trace_that_is_none_starts_a_new_one(kept: str | None, observed: Observed) -> None:
    with notification_span("wxpay", order_trace=kept):
        pass
    span = observed.span()
    assert (span.parent, span.links) == (None, ())


def test_an_error_is_told_by_its_type_alone(observed: Observed) -> None:
    with pytest.raises(ValueError, match="openid"), notification_span("wxpay"):
        raise ValueError("openid oUpF8 is not ours")
    span = observed.span()
    assert (span.status.status_code, span.status.description, span.events) == (StatusCode.ERROR, None, ())
    assert (span.attributes or {})["error.type"] == "ValueError"


def test_there_is_a_trace_only_inside_a_span(observed: Observed) -> None:
    assert current_trace() is None
    with observed.tracer.start_as_current_span("checkout") as span:
        trace_id = format_trace_id(span.get_span_context().trace_id)
        assert (current_trace() or "").startswith(f"00-{trace_id}-")


def test_notifications_lag_and_what_is_parked_are_measured(observed: Observed) -> None:
    count_notification("wxpay", "payment", "handled")
    count_notification("wxpay", "payment", "handled")
    count_notification("alipay", "refund", "refused")
    record_lag("wxpay", 0.25)
    for change in (1, 1, -1):
        count_parked("wxpay", change)
    assert observed.points("vkpay.notifications") == [
        ({"vkpay.provider": "wxpay", "vkpay.kind": "payment", "vkpay.outcome": "handled"}, 2),
        ({"vkpay.provider": "alipay", "vkpay.kind": "refund", "vkpay.outcome": "refused"}, 1),
    ]
    assert observed.points("vkpay.handler.lag") == [({"vkpay.provider": "wxpay"}, 0.25)]
    assert observed.points("vkpay.parked") == [({"vkpay.provider": "wxpay"}, 1)]


def test_without_a_listener_all_of_it_does_nothing() -> None:
    with notification_span("wxpay", out_trade_no="T1", order_trace=ORDER) as span:
        span.note(kind="payment", outcome="handled")
        assert current_trace() is None
    count_notification("wxpay", "payment", "handled")
    record_lag("wxpay", 0.25)
    count_parked("wxpay", 1)
