"""What the spans of calls and of notifications have in common."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from vkpay_async.telemetry.instruments import Instruments

if TYPE_CHECKING:
    from opentelemetry.trace import Span


class Spanned:
    """A span that is the current one between ``with`` and the end; what goes wrong in it is its error."""

    __slots__ = ("_attributes", "_otel", "_span", "_token")

    def __init__(self, otel: Instruments, span: Span, attributes: dict[str, str | int]) -> None:
        self._otel = otel
        self._span = span
        self._attributes = attributes
        self._token: Any = None

    def __enter__(self) -> Self:
        self._token = self._otel.context.attach(self._otel.trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._attributes["error.type"] = type(error).__name__
            self._span.set_status(self._otel.trace.StatusCode.ERROR)
        self._span.set_attributes(self._attributes)
        self._span.end()
        self._otel.context.detach(self._token)
