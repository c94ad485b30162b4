"""Attempts, pauses and errors, over answers made up by aioresponses."""

from __future__ import annotations

import inspect
import ssl
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from aioresponses import aioresponses
from yarl import URL

from tests.vkpay_async.transport.conftest import Naps, ask
from vkpay_async import TransportError, TransportOutcomeUnknown
from vkpay_async.config import HttpSettings
from vkpay_async.providers.base import Flow, HttpRequest, HttpResponse
from vkpay_async.transport import Transport

ADDRESS = "https://api.pay.example/v3/refunds"
KEY = ConnectionKey("api.pay.example", 443, True, True, None, None, None)
REFUSED = aiohttp.ClientConnectorError(KEY, OSError(111, "Connection refused"))
NO_NAME = aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "Name or service not known"))
NO_TLS = aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self-signed"))
SLOW_CONNECT = aiohttp.ConnectionTimeoutError()

NEVER_LEFT = [REFUSED, NO_NAME, NO_TLS, SLOW_CONNECT]
LOST = [
    TimeoutError(),
    aiohttp.ServerTimeoutError(),
    aiohttp.SocketTimeoutError(),
    aiohttp.ServerDisconnectedError(),
    aiohttp.ClientOSError(104, "Connection reset by peer"),
    aiohttp.ClientPayloadError("not enough data"),
]


class Answer(aiohttp.ClientResponse):
    """Knows what aiohttp 3.14 asks for: https://github.com/pnuckowski/aioresponses/issues/289"""

    def __init__(self, method: str, url: URL, **arguments: Any) -> None:
        if "stream_writer" in inspect.signature(aiohttp.ClientResponse.__init__).parameters:
            arguments.setdefault("stream_writer", SimpleNamespace(output_size=0))
        super().__init__(method, url, **arguments)


class Net(aioresponses):
    def add(self, url: Any, method: str = "GET", **more: Any) -> None:
        super().add(url, method, **{**more, "response_class": Answer})


@pytest.fixture
def net() -> Iterator[aioresponses]:
    with Net() as net:
        yield net


def request(**more: Any) -> HttpRequest:
    return HttpRequest(**{"method": "POST", "url": ADDRESS, "operation": "wxpay.refund", **more})


def sent(net: aioresponses) -> int:
    return sum(len(calls) for calls in net.requests.values())


async def test_an_answer_is_handed_over_as_it_came(net: aioresponses, transport: Transport) -> None:
    net.post(ADDRESS, status=201, body=b"\x00{}\r\n", headers={"Wechatpay-Serial": "5F"})
    response = await transport.run(ask(request()))
    assert (response.status, response.body) == (201, b"\x00{}\r\n")
    assert response.headers["wechatpay-serial"] == "5F"


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize("moves_money", [True, False])
@pytest.mark.parametrize("error", NEVER_LEFT, ids=lambda e: type(e).__name__)
async def test_what_never_left_is_sent_again_and_its_outcome_is_known(
    error: Exception, moves_money: bool, repeatable: bool, net: aioresponses, transport: Transport, naps: Naps
) -> None:
    net.post(ADDRESS, exception=error, repeat=True)
    with pytest.raises(TransportError, match=r"wxpay\.refund: cannot connect: \S") as caught:
        await transport.run(ask(request(moves_money=moves_money, repeatable=repeatable)))
    assert caught.value.outcome_known
    assert caught.value.code == 3001
    assert (sent(net), naps) == (3, pytest.approx([0.1, 0.2]))


@pytest.mark.parametrize("error", LOST, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize(("repeatable", "attempts"), [(True, 3), (False, 1)])
async def test_a_lost_answer_on_a_call_that_moves_money_leaves_the_outcome_open(
    repeatable: bool, attempts: int, error: Exception, net: aioresponses, transport: Transport
) -> None:
    net.post(ADDRESS, exception=error, repeat=True)
    with pytest.raises(TransportOutcomeUnknown, match="query with the same number") as caught:
        await transport.run(ask(request(moves_money=True, repeatable=repeatable)))
    assert not caught.value.outcome_known
    assert sent(net) == attempts


@pytest.mark.parametrize("error", LOST, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize(("repeatable", "attempts"), [(True, 3), (False, 1)])
async def test_a_lost_answer_on_a_reading_call_is_no_more_than_that(
    repeatable: bool, attempts: int, error: Exception, net: aioresponses, transport: Transport
) -> None:
    net.post(ADDRESS, exception=error, repeat=True)
    with pytest.raises(
        TransportError, match=r"wxpay\.refund: (no answer in time|the connection broke)"
    ) as caught:
        await transport.run(ask(request(repeatable=repeatable)))
    assert caught.value.outcome_known
    assert sent(net) == attempts


async def test_connecting_in_vain_after_a_lost_answer_leaves_the_outcome_open(
    net: aioresponses, transport: Transport
) -> None:
    net.post(ADDRESS, exception=TimeoutError())
    net.post(ADDRESS, exception=REFUSED, repeat=True)
    with pytest.raises(TransportOutcomeUnknown):
        await transport.run(ask(request(moves_money=True)))
    assert sent(net) == 3


async def test_a_question_in_vain_after_a_lost_try_leaves_the_outcome_open(
    net: aioresponses, transport: Transport
) -> None:
    """The repeat was answered, and what its provider asks next gets no answer: the first try may have been carried out."""

    def flow() -> Flow[None]:
        yield request(moves_money=True)
        yield request(method="GET")

    net.post(ADDRESS, exception=TimeoutError())
    net.post(ADDRESS, status=400)
    net.get(ADDRESS, exception=REFUSED, repeat=True)
    with pytest.raises(TransportOutcomeUnknown, match="an earlier try of this call got no answer"):
        await transport.run(flow())


async def test_a_question_in_vain_after_a_clear_no_is_no_more_than_that(
    net: aioresponses, transport: Transport
) -> None:
    def flow() -> Flow[None]:
        yield request(moves_money=True)
        yield request(method="GET")

    net.post(ADDRESS, status=400)
    net.get(ADDRESS, exception=REFUSED, repeat=True)
    with pytest.raises(TransportError) as caught:
        await transport.run(flow())
    assert caught.value.outcome_known


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_busy_provider_is_asked_again(
    status: int, net: aioresponses, transport: Transport, naps: Naps
) -> None:
    net.post(ADDRESS, status=status, headers={"Retry-After": "2"})
    net.post(ADDRESS, status=status)
    net.post(ADDRESS, status=200, body=b"done")
    response = await transport.run(ask(request(moves_money=True)))
    assert (response.body, naps) == (b"done", [2.0, pytest.approx(0.2)])


@pytest.mark.parametrize("status", [429, 500])
async def test_the_last_busy_answer_is_the_flows_to_read(
    status: int, net: aioresponses, transport: Transport
) -> None:
    net.post(ADDRESS, status=status, body=b'{"code":"BUSY"}', repeat=True)
    response = await transport.run(ask(request()))
    assert (response.status, response.body, sent(net)) == (status, b'{"code":"BUSY"}', 3)


async def test_a_long_wish_to_be_left_alone_ends_the_attempts(
    net: aioresponses, transport: Transport, naps: Naps
) -> None:
    net.post(ADDRESS, status=429, headers={"Retry-After": "3600"}, repeat=True)
    response = await transport.run(ask(request()))
    assert (response.status, response.headers["retry-after"], sent(net), naps) == (429, "3600", 1, [])


@pytest.mark.parametrize("status", [429, 500])
async def test_what_must_not_be_repeated_is_not(status: int, net: aioresponses, transport: Transport) -> None:
    net.post(ADDRESS, status=status, repeat=True)
    assert (await transport.run(ask(request(repeatable=False)))).status == status
    assert sent(net) == 1


async def test_the_number_of_attempts_is_a_setting(
    net: aioresponses, make: Callable[..., Transport], naps: Naps
) -> None:
    net.post(ADDRESS, exception=REFUSED, repeat=True)
    with pytest.raises(TransportError):
        await make(attempts=5).run(ask(request()))
    assert (sent(net), len(naps)) == (5, 4)


async def test_a_policy_of_ones_own(net: aioresponses, make: Callable[..., Transport], naps: Naps) -> None:
    seen: list[tuple[str, int]] = []

    def once(request: HttpRequest, outcome: object, sent: int) -> float | None:
        seen.append((request.operation, sent))
        return 7.0 if sent == 1 else None

    net.post(ADDRESS, status=400, repeat=True)
    own = Transport(HttpSettings(), policy=once, sleep=naps)
    assert (await own.run(ask(request()))).status == 400
    await own.close()
    assert (seen, naps) == ([("wxpay.refund", 1), ("wxpay.refund", 2)], [7.0])


async def test_a_flow_of_several_steps_is_driven_to_its_end(net: aioresponses, transport: Transport) -> None:
    def flow() -> Flow[bytes]:
        first = yield request(method="GET", url="https://api.pay.example/token")
        second = yield request(url=ADDRESS, headers={"Token": first.body.decode()})
        return first.body + second.body

    net.get("https://api.pay.example/token", body=b"t1")
    net.post(ADDRESS, body=b"done")
    assert await transport.run(flow()) == b"t1done"
    assert net.requests[("POST", URL(ADDRESS))][0].kwargs["headers"] == {"Token": "t1"}


async def test_a_flow_may_go_on_after_an_answer_that_did_not_come(
    net: aioresponses, transport: Transport
) -> None:
    def flow() -> Flow[bytes]:
        try:
            response = yield request(method="GET", url="https://down.example/")
        except TransportError:
            response = yield request()
        return response.body

    net.get("https://down.example/", exception=REFUSED, repeat=True)
    net.post(ADDRESS, body=b"done")
    assert await transport.run(flow()) == b"done"


async def test_a_flow_that_asks_nothing_needs_no_session(transport: Transport) -> None:
    def flow() -> Flow[int]:
        yield from ()
        return 7

    assert await transport.run(flow()) == 7


async def test_what_a_flow_raises_comes_out(net: aioresponses, transport: Transport) -> None:
    def flow() -> Flow[HttpResponse]:
        yield request()
        raise ValueError("unreadable")

    net.post(ADDRESS)
    with pytest.raises(ValueError, match="unreadable"):
        await transport.run(flow())


@pytest.mark.parametrize("url", ["ftp://pay.example/", "https:///nothing", "http://a:b@:80/"])
async def test_an_address_that_cannot_be_called_is_no_lost_payment(url: str, transport: Transport) -> None:
    with pytest.raises(TransportError, match="cannot connect") as caught:
        await transport.run(ask(request(url=url, moves_money=True)))
    assert caught.value.outcome_known
