"""What a provider gives out page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from vkpay_async.models import Value
from vkpay_async.providers.base import Flow

T = TypeVar("T")


class Page(Value, Generic[T], frozen=True, kw_only=True):
    """One page. ``next`` asks for the one after it; ``None`` where this is the last. ``last`` may be kept, to ask for what
    is newer another day."""

    items: tuple[T, ...]
    next: str | None
    last: str | None = None


class Pages(Generic[T]):
    """Pages that are asked for as they are needed: ``page(None)`` is a Flow that gives the first.

    A bound provider makes an async iterator over their items of it.
    """

    def __init__(self, page: Callable[[str | None], Flow[Page[T]]]) -> None:
        self.page = page


def in_turn(flows: Iterable[Flow[T]]) -> Flow[tuple[T, ...]]:
    """The results of Flows, one after the other."""
    results: list[T] = []
    for flow in flows:
        result = yield from flow
        results.append(result)
    return tuple(results)
