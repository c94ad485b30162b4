"""What is measured, by which names, and whether somebody listens."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING

from vkpay_async.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.trace import SpanContext, Tracer

_CALL_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LAG_S = (0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_LOOK_AGAIN_S = 1.0


class Instruments:
    """What is measured, and by which names. Without arguments, on OpenTelemetry's global providers."""

    def __init__(self, tracer: Tracer | None = None, meter: Meter | None = None) -> None:
        from opentelemetry import context, metrics, trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.context, self.trace, self.w3c = context, trace, TraceContextTextMapPropagator()
        self.tracer = tracer or trace.get_tracer("vkpay_async", VERSION)
        meter = meter or metrics.get_meter("vkpay_async", VERSION)
        self.calls = meter.create_counter("vkpay.calls", "{call}", "Calls to a provider")
        self.call_duration = meter.create_histogram(
            "vkpay.call.duration",
            "s",
            "A call to a provider with its retries",
            explicit_bucket_boundaries_advisory=_CALL_S,
        )
        self.notifications = meter.create_counter(
            "vkpay.notifications", "{notification}", "Notifications that came in"
        )
        self.handler_lag = meter.create_histogram(
            "vkpay.handler.lag",
            "s",
            "From a notification's claim to its handler's end",
            explicit_bucket_boundaries_advisory=_LAG_S,
        )
        self.parked = meter.create_up_down_counter(
            "vkpay.parked", "{notification}", "Notifications that wait for a person"
        )

    def span_of(self, traceparent: str | None) -> SpanContext | None:
        """The span that a W3C ``traceparent`` names; ``None`` for none, and for a text that is not one."""
        context = self.w3c.extract({"traceparent": traceparent or ""}, self.context.Context())
        found = self.trace.get_current_span(context).get_span_context()
        return found if found.is_valid else None


class _Listener:
    """The instruments, once somebody listens; looked for once a second until then."""

    def __init__(self) -> None:
        self.instruments: Instruments | None = None
        self.look_at = 0.0

    def __call__(self) -> Instruments | None:
        if self.instruments is None and monotonic() >= self.look_at:
            self.look_at = monotonic() + _LOOK_AGAIN_S
            self.instruments = Instruments() if _is_configured() else None
        return self.instruments


listener = _Listener()


def _is_configured() -> bool:
    """Whether somebody has put a provider in the place of the API's own, which do nothing."""
    if "opentelemetry.trace" not in sys.modules and "opentelemetry.metrics" not in sys.modules:
        return False
    from opentelemetry import metrics, trace

    providers = (trace.get_tracer_provider(), metrics.get_meter_provider())
    own = (trace.__name__, metrics.__name__)
    return not all(type(one).__module__.startswith(own) for one in providers)
