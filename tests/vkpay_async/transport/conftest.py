from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from vkpay_async.config import HttpSettings
from vkpay_async.providers.base import Flow, HttpRequest, HttpResponse
from vkpay_async.transport import Transport


def ask(request: HttpRequest) -> Flow[HttpResponse]:
    """The shortest Flow: one request, its answer is the result."""
    return (yield request)


class Naps(list[float]):
    """Stands in for ``asyncio.sleep`` and keeps how long it was asked to."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
async def make(naps: Naps) -> AsyncIterator[Callable[..., Transport]]:
    """Makes transports, and closes them after the test."""
    made: list[Transport] = []

    def build(**settings: float) -> Transport:
        made.append(Transport(HttpSettings(**settings), sleep=naps))  # type: ignore[arg-type]
        return made[-1]

    yield build
    for transport in made:
        await transport.close()


@pytest.fixture
def transport(make: Callable[..., Transport]) -> Transport:
    return make()
