"""Spans and metrics for OpenTelemetry, extra ``[otel]``.

The tracer and the meter are OpenTelemetry's global ones: the application configures them. Until it has, nothing here
imports OpenTelemetry or measures anything. Spans and metrics carry names, outcomes and numbers: no key, no body, no person.
"""

from vkpay_async.telemetry.calls import CallOutcome, ProviderCall, provider_call
from vkpay_async.telemetry.instruments import listener
from vkpay_async.telemetry.notifications import (
    count_notification,
    count_parked,
    current_trace,
    notification_span,
    record_lag,
)

__all__ = [
    "CallOutcome",
    "ProviderCall",
    "count_notification",
    "count_parked",
    "current_trace",
    "listener",
    "notification_span",
    "provider_call",
    "record_lag",
]
