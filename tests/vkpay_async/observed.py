"""OpenTelemetry's SDK, keeping in memory what it is told."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from vkpay_async.telemetry.instruments import Instruments


class Observed:
    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        meter = MeterProvider([self._reader], shutdown_on_exit=False).get_meter("test")
        self.tracer = provider.get_tracer("test")
        self.instruments = Instruments(self.tracer, meter)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """The finished ones, in the order they ended."""
        return self._exporter.get_finished_spans()

    def span(self) -> ReadableSpan:
        [span] = self.spans
        return span

    def points(self, metric: str) -> list[tuple[dict[str, Any], Any]]:
        """Labels and value of each series; of a histogram, the sum."""
        data = self._reader.get_metrics_data()
        return [
            (dict(point.attributes or {}), point.value if hasattr(point, "value") else point.sum)
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for one in scope.metrics
            if one.name == metric
            for point in one.data.data_points
        ]
