"""No key, signature, token, body or person reaches a log, a span or a metric."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.vkpay_async.observed import Observed
from vkpay_async import RateLimited, TransportError, TransportOutcomeUnknown
from vkpay_async.providers.base import Flow, HttpRequest
from vkpay_async.transport import Transport

SECRETS = ("sIgNaTuRe", "tOkEn", "oUpF8", "wx2026prepay")

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def fine(request: web.Request) -> web.Response:
    return web.Response(body=b"wx2026prepay", headers={"Set-Cookie": "session=tOkEn"})


async def busy(request: web.Request) -> web.Response:
    return web.Response(status=429, body=b"oUpF8 is too fast", headers={"Wechatpay-Signature": "sIgNaTuRe"})


async def gone(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def refund(url: str) -> Flow[bytes]:
    """A request full of what is not for a log."""
    response = yield HttpRequest(
        method="POST",
        url=f"{url}?sign=sIgNaTuRe",
        headers={"Authorization": "sIgNaTuRe", "Cookie": "tOkEn"},
        body=b'{"openid":"oUpF8"}',
        operation="wxpay.refund",
        moves_money=True,
    )
    if response.status == 429:
        raise RateLimited(provider="wxpay", code="BUSY", message=response.body.decode(), http_status=429)
    return response.body


@pytest.fixture
async def talkative() -> AsyncIterator[None]:
    """asyncio logs every step, with what it is about to run."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0
    yield
    loop.set_debug(False)


async def served(answer: Answer, transport: Transport) -> None:
    app = web.Application()
    app.router.add_post("/v3/refunds", answer)
    async with TestServer(app) as server:
        await transport.run(refund(str(server.make_url("/v3/refunds"))))


@pytest.mark.usefixtures("talkative")
@pytest.mark.parametrize(
    ("answer", "error"), [(fine, None), (busy, RateLimited), (gone, TransportOutcomeUnknown)]
)
async def test_nothing_secret_is_told(
    answer: Answer,
    error: type[Exception] | None,
    transport: Transport,
    observed: Observed,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, logger="aiohttp.access")  # the server's own, which is not ours
    if error is None:
        await served(answer, transport)
    else:
        with pytest.raises(error):
            await served(answer, transport)
    said = [caplog.handler.format(record) for record in caplog.records]
    assert said
    told = [*said, observed.span().to_json(), repr(observed.points("vkpay.calls"))]
    assert [secret for secret in SECRETS if any(secret in text for text in told)] == []


@pytest.mark.parametrize("base_url", ["http://:80", "http://[half", "http://", "nowhere://host"])
async def test_an_address_that_cannot_be_called_is_told_without_its_query(
    base_url: str, transport: Transport
) -> None:
    with pytest.raises(TransportError, match="cannot connect") as caught:
        await transport.run(refund(f"{base_url}/v3/refunds"))
    assert [secret for secret in SECRETS if secret in str(caught.value)] == []


def test_a_request_is_shown_without_what_is_not_for_a_log() -> None:
    shown = repr(next(refund("https://api.example/v3/refunds")))
    assert (
        shown == "HttpRequest(wxpay.refund: POST https://api.example/v3/refunds?***, headers=***, body=***)"
    )
