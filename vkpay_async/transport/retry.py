"""Whether and when a request is sent again: a function of what happened and how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from vkpay_async.providers.base import HttpRequest, HttpResponse

Outcome: TypeAlias = HttpResponse | Exception
"""What one attempt came to: an answer, or why there was none."""

RetryPolicy: TypeAlias = Callable[[HttpRequest, Outcome, int], float | None]
"""``(request, outcome, attempts so far)`` → seconds to wait before the next attempt, or ``None`` to stop."""

MAX_PAUSE = 5.0
_REPEATABLE_STATUS = frozenset({429, 500, 502, 503, 504})


class NotSent(Exception):
    """The connection could not be made: the request never left, so that the outcome is known."""


class NoAnswer(Exception):
    """The request left and no complete answer came back."""


def pause_before(attempts: int) -> RetryPolicy:
    """A policy of at most ``attempts`` attempts in all.

    A request that never left may always be sent again. One that did is sent again only when the provider knows
    the identical call by its number (``repeatable``). ``Retry-After`` is obeyed up to :data:`MAX_PAUSE` seconds; a
    longer one ends the attempts, and the error carries it.
    """

    def policy(request: HttpRequest, outcome: Outcome, sent: int) -> float | None:
        if sent >= attempts or not _may_repeat(request, outcome):
            return None
        pause = _asked_for(outcome)
        if pause is None:
            return min(0.1 * 2.0 ** (sent - 1), MAX_PAUSE)
        return pause if pause <= MAX_PAUSE else None

    return policy


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds of a ``Retry-After`` header; ``None`` for a date or nonsense."""
    value = headers.get("retry-after", "").strip()
    return float(value) if value.isascii() and value.isdigit() else None


def _may_repeat(request: HttpRequest, outcome: Outcome) -> bool:
    if isinstance(outcome, NotSent):
        return True
    if isinstance(outcome, HttpResponse) and outcome.status not in _REPEATABLE_STATUS:
        return False
    return request.repeatable


def _asked_for(outcome: Outcome) -> float | None:
    return retry_after(outcome.headers) if isinstance(outcome, HttpResponse) else None
