"""What a listener learns of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.vkpay_async.observed import Observed
from tests.vkpay_async.transport.conftest import ask
from tests.vkpay_async.transport.test_attempts import ADDRESS, REFUSED, Net, request
from vkpay_async import RateLimited, TransportError
from vkpay_async.providers.base import Flow
from vkpay_async.transport import Transport


@pytest.fixture
def net() -> Iterator[Net]:
    with Net() as net:
        yield net


async def test_attempts_and_the_last_status_are_told(
    net: Net, transport: Transport, observed: Observed
) -> None:
    net.post(ADDRESS, exception=REFUSED)
    net.post(ADDRESS, status=503)
    net.post(ADDRESS, status=200)
    await transport.run(ask(request()))
    attributes = dict(observed.span().attributes or {})
    assert (attributes["vkpay.attempts"], attributes["http.response.status_code"]) == (3, 200)
    assert attributes["vkpay.outcome"] == "ok"


async def test_no_answer_has_no_status(net: Net, transport: Transport, observed: Observed) -> None:
    net.post(ADDRESS, exception=REFUSED, repeat=True)
    with pytest.raises(TransportError):
        await transport.run(ask(request(moves_money=True)))
    attributes = dict(observed.span().attributes or {})
    assert (attributes["vkpay.outcome"], attributes["vkpay.attempts"]) == ("no_answer", 3)
    assert "http.response.status_code" not in attributes


async def test_a_no_after_a_lost_try_is_an_open_outcome(
    net: Net, transport: Transport, observed: Observed
) -> None:
    def refused() -> Flow[None]:
        yield request(moves_money=True)
        raise RateLimited(provider="wxpay", code="BUSY", message="no")

    net.post(ADDRESS, exception=TimeoutError())
    net.post(ADDRESS, status=400)
    with pytest.raises(Exception, match="earlier try"):
        await transport.run(refused())
    assert (observed.span().attributes or {})["vkpay.outcome"] == "unknown"


async def test_a_flow_that_fetches_a_key_first_has_one_span_of_its_own_name(
    net: Net, transport: Transport, observed: Observed
) -> None:
    def flow() -> Flow[None]:
        yield request(method="GET", operation="wxpay.certificates", fetches_key=True)
        yield request(operation="wxpay.transfer")

    net.get(ADDRESS)
    net.post(ADDRESS)
    await transport.run(flow())
    span = observed.span()
    assert (span.name, (span.attributes or {})["vkpay.attempts"]) == ("wxpay.transfer", 2)


async def test_a_flow_without_a_request_is_no_call(transport: Transport, observed: Observed) -> None:
    def flow() -> Flow[int]:
        return 7
        yield

    assert await transport.run(flow()) == 7
    assert (observed.spans, observed.points("vkpay.calls")) == ((), [])
