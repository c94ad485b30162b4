"""Calls to a provider: a span, a count and a duration each."""

from __future__ import annotations

from time import perf_counter
from types import TracebackType
from typing import Literal, TypeAlias

from vkpay_async.errors import ProviderError, TransportError, VKPayError
from vkpay_async.telemetry.instruments import Instruments, listener
from vkpay_async.telemetry.spans import Spanned

CallOutcome: TypeAlias = Literal["ok", "refused", "unknown", "no_answer"]
"""``unknown``: this call does not tell whether it was done, or gave an answer that cannot be believed."""


class ProviderCall(Spanned):
    """A call to a provider, from its first request to the end of its Flow, with retries and fetched keys."""

    __slots__ = ("_attempts", "_began", "_fetches_key", "_operation")

    def __init__(self, otel: Instruments, operation: str, fetches_key: bool) -> None:
        super().__init__(otel, otel.tracer.start_span(operation, kind=otel.trace.SpanKind.CLIENT), {})
        self._operation = operation
        self._fetches_key = fetches_key
        self._attempts = 0
        self._began = perf_counter()

    def goes_on(self, operation: str, fetches_key: bool) -> None:
        """Notes the Flow's next request. It names the call when those before only fetched a key for it."""
        if self._fetches_key and not fetches_key:
            self._operation, self._fetches_key = operation, False
            self._span.update_name(operation)

    def tried(self, status: int | None) -> None:
        """Notes an attempt and the HTTP status it got, ``None`` where no answer came."""
        self._attempts += 1
        if status is None:
            self._attributes.pop("http.response.status_code", None)
        else:
            self._attributes["http.response.status_code"] = status

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        labels = {
            "vkpay.provider": self._operation.partition(".")[0],
            "vkpay.operation": self._operation,
            "vkpay.outcome": call_outcome(error),
        }
        self._otel.calls.add(1, labels)
        self._otel.call_duration.record(perf_counter() - self._began, labels)
        self._attributes = {**labels, "vkpay.attempts": self._attempts, **self._attributes}
        super().__exit__(kind, error, trace)


def provider_call(operation: str, *, fetches_key: bool = False) -> ProviderCall | None:
    """A call to be watched; ``None`` when nobody listens."""
    otel = listener()
    return None if otel is None else ProviderCall(otel, operation, fetches_key)


def call_outcome(error: BaseException | None) -> CallOutcome:
    """What a call came to, by what it raised."""
    if error is None:
        return "ok"
    if not isinstance(error, VKPayError) or not error.outcome_known:
        return "unknown"
    if isinstance(error, TransportError):
        return "no_answer"
    return "refused" if isinstance(error, ProviderError) else "unknown"
