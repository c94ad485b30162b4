"""What stands on the wire, against a real server."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.vkpay_async.transport.conftest import Naps, ask
from vkpay_async import TransportError, TransportOutcomeUnknown
from vkpay_async.config import HttpSettings
from vkpay_async.providers.base import HttpRequest, HttpResponse
from vkpay_async.transport import Transport

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Provider:
    """A server that keeps what it was sent."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.peers: set[object] = set()
        self.answer: Answer = self._ok
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        assert request.transport is not None
        self.peers.add(request.transport.get_extra_info("peername"))
        return await self.answer(request)

    async def _ok(self, request: web.Request) -> web.Response:
        return web.Response(body=b"ok")

    def request(self, path: str = "/v3", method: str = "POST", **more: object) -> HttpRequest:
        return HttpRequest(method=method, url=self.url + path, operation="test", **more)  # type: ignore[arg-type]


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", provider.handle)
    async with TestServer(app) as server:
        provider.url = str(server.make_url("")).rstrip("/")
        yield provider


async def test_connections_are_kept_and_shared(provider: Provider, transport: Transport) -> None:
    for _ in range(5):
        await transport.run(ask(provider.request()))
    assert (len(provider.requests), len(provider.peers)) == (5, 1)


async def test_connections_to_a_host_are_limited(provider: Provider, make: Callable[..., Transport]) -> None:
    transport = make(connections_per_host=3)
    await asyncio.gather(*(transport.run(ask(provider.request())) for _ in range(20)))
    assert len(provider.requests) == 20
    assert len(provider.peers) <= 3


async def test_a_free_connection_is_given_to_who_has_waited_longest(
    provider: Provider, make: Callable[..., Transport]
) -> None:
    transport = make(connections_per_host=1)

    async def calls(path: str, times: int) -> None:
        for _ in range(times):
            await transport.run(ask(provider.request(path)))

    await asyncio.gather(calls("/again", 3), calls("/second", 1), calls("/third", 1))
    assert [one.path for one in provider.requests] == ["/again", "/second", "/third", "/again", "/again"]


async def test_who_gets_no_connection_in_time_has_sent_nothing(
    provider: Provider, make: Callable[..., Transport]
) -> None:
    transport, held = make(connections_per_host=1, connect_timeout=0.01, attempts=1), asyncio.Event()
    arrived = asyncio.Event()

    async def hold(request: web.Request) -> web.Response:
        arrived.set()
        await held.wait()
        return web.Response(body=b"ok")

    provider.answer = hold
    first = asyncio.create_task(transport.run(ask(provider.request())))
    await arrived.wait()
    with pytest.raises(TransportError, match="no connection became free in time") as failed:
        await transport.run(ask(provider.request(moves_money=True)))
    held.set()
    assert failed.value.outcome_known
    assert (await first).body == b"ok"


async def test_body_and_headers_are_sent_exactly(provider: Provider, transport: Transport) -> None:
    body = b'{"b":1, "a" : "\xe8\x8c\xb6\\u8336"}\r\n\x00'
    headers = {
        "Authorization": "WECHATPAY2-SHA256-RSA2048 x",
        "content-TYPE": "application/json",
        "User-Agent": "shop/1",
    }
    await transport.run(ask(provider.request(body=body, headers=headers)))
    assert provider.bodies == [body]
    raw = dict(provider.requests[0].raw_headers)
    assert raw[b"Authorization"] == b"WECHATPAY2-SHA256-RSA2048 x"
    assert raw[b"content-TYPE"] == b"application/json"
    assert raw[b"User-Agent"] == b"shop/1"


@pytest.mark.parametrize("body", [b"", b"a=1"])
async def test_no_header_is_made_up_that_was_not_signed(
    body: bytes, provider: Provider, transport: Transport
) -> None:
    await transport.run(ask(provider.request(body=body)))
    sent = {name.lower() for name in provider.requests[0].headers}
    assert sent & {"content-type", "user-agent", "accept-encoding", "cookie"} == set()


@pytest.mark.parametrize(
    ("given", "sent"), [({}, ["*/*"]), ({"accept": "application/json"}, ["application/json"])]
)
async def test_any_answer_is_accepted_unless_the_provider_wants_it_said(
    given: dict[str, str], sent: list[str], provider: Provider, transport: Transport
) -> None:
    await transport.run(ask(provider.request(headers=given)))
    assert provider.requests[0].headers.getall("Accept") == sent


@pytest.mark.parametrize(
    "path",
    [
        "/v3/pay/transactions/out-trade-no/a%7Cb%2A?mchid=1900000001",
        "/gateway.do?sign=a%2Bb%2F%3D%3D&biz_content=%7B%22a%22%3A%22%E8%8C%B6%22%7D",
        "/x?plus=a+b&lower=%e8%8c%b6&tilde=~&star=*",
    ],
)
async def test_addresses_stay_as_they_were_signed(
    path: str, provider: Provider, transport: Transport
) -> None:
    await transport.run(ask(provider.request(path, method="GET")))
    assert provider.requests[0].raw_path == path


async def test_cookies_are_not_kept(provider: Provider, transport: Transport) -> None:
    async def answer(request: web.Request) -> web.Response:
        response = web.Response()
        response.set_cookie("session", "1")
        return response

    provider.answer = answer
    for _ in range(2):
        await transport.run(ask(provider.request()))
    assert all("Cookie" not in request.headers for request in provider.requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int, provider: Provider, transport: Transport) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    provider.answer = answer
    response = await transport.run(ask(provider.request(method="GET")))
    assert (response.status, response.headers["location"], len(provider.requests)) == (
        status,
        "/elsewhere",
        1,
    )


async def test_a_compressed_answer_stays_as_it_came(provider: Provider, transport: Transport) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"\x1f\x8bnot gzip at all", headers={"Content-Encoding": "gzip"})

    provider.answer = answer
    assert (await transport.run(ask(provider.request()))).body == b"\x1f\x8bnot gzip at all"


async def test_an_answer_may_be_as_large_as_the_limit_and_no_larger(
    provider: Provider, make: Callable[..., Transport]
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * int(request.query["size"]))

    provider.answer = answer
    transport = make(max_response=1000, attempts=1)
    assert len((await transport.run(ask(provider.request("/?size=1000")))).body) == 1000
    with pytest.raises(TransportError, match="the answer is larger than 1000 bytes"):
        await transport.run(ask(provider.request("/?size=1001")))


async def test_a_request_may_allow_a_larger_answer_and_never_a_smaller_one(
    provider: Provider, make: Callable[..., Transport]
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1000)

    provider.answer = answer
    transport = make(max_response=999, attempts=1)
    assert len((await transport.run(ask(provider.request(max_response=1000)))).body) == 1000
    with pytest.raises(TransportError, match="the answer is larger than 999 bytes"):
        await transport.run(ask(provider.request(max_response=10)))


async def test_an_endless_answer_is_cut_off(provider: Provider, make: Callable[..., Transport]) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 4096)

    provider.answer = answer
    with pytest.raises(TransportOutcomeUnknown, match="larger than 10000 bytes"):
        await make(max_response=10_000, attempts=1).run(ask(provider.request(moves_money=True)))


async def cut_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"half")
    assert request.transport is not None
    request.transport.abort()
    return response


async def hang_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def say_nothing(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("answer", [cut_off, hang_up, say_nothing])
@pytest.mark.parametrize(("moves_money", "error"), [(True, TransportOutcomeUnknown), (False, TransportError)])
async def test_a_broken_answer(
    moves_money: bool,
    error: type[TransportError],
    answer: Answer,
    provider: Provider,
    make: Callable[..., Transport],
) -> None:
    provider.answer = answer
    with pytest.raises(error) as caught:
        await make(attempts=1, read_timeout=0.05).run(ask(provider.request(moves_money=moves_money)))
    assert caught.value.outcome_known is not moves_money
    assert type(caught.value) is error


async def test_a_call_may_have_a_time_limit_of_its_own(
    provider: Provider, make: Callable[..., Transport]
) -> None:
    provider.answer = say_nothing
    with pytest.raises(TransportError, match="no answer in time"):
        await make(attempts=1).run(ask(provider.request(timeout_ms=50)))


async def test_a_calls_own_time_limit_may_be_longer_than_the_usual_one(
    provider: Provider, make: Callable[..., Transport]
) -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(0.1)
        return web.Response(body=b"late")

    provider.answer = answer
    transport = make(attempts=1, read_timeout=0.02, total_timeout=0.05)
    assert (await transport.run(ask(provider.request(timeout_ms=30_000)))).body == b"late"


@pytest.mark.parametrize("moves_money", [True, False])
async def test_nobody_listens(moves_money: bool, transport: Transport, naps: Naps) -> None:
    request = HttpRequest(
        method="POST", url=f"http://127.0.0.1:{unused_port()}/", operation="test", moves_money=moves_money
    )
    with pytest.raises(TransportError, match="test: cannot connect") as caught:
        await transport.run(ask(request))
    assert caught.value.outcome_known
    assert len(naps) == 2


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "for tests")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def test_a_certificate_nobody_vouches_for_is_refused(transport: Transport, tmp_path: Path) -> None:
    server = TestServer(web.Application(), scheme="https")
    await server.start_server(ssl=self_signed(tmp_path))
    request = HttpRequest(method="GET", url=str(server.make_url("/")), operation="test", moves_money=True)
    with pytest.raises(TransportError, match="CERTIFICATE_VERIFY_FAILED") as caught:
        await transport.run(ask(request))
    assert caught.value.outcome_known
    await server.close()


async def test_closing_ends_the_connections_and_a_later_call_opens_new_ones(
    provider: Provider, transport: Transport
) -> None:
    await transport.run(ask(provider.request()))
    await transport.close()
    await transport.close()
    await transport.run(ask(provider.request()))
    assert len(provider.peers) == 2


def test_one_transport_can_be_used_in_one_loop_after_another() -> None:
    async def once() -> HttpResponse:
        app = web.Application()
        app.router.add_get("/", hello)
        async with TestServer(app) as server:
            request = HttpRequest(method="GET", url=str(server.make_url("/")), operation="test")
            try:
                return await transport.run(ask(request))
            finally:
                await transport.close()

    async def hello(request: web.Request) -> web.Response:
        return web.Response(body=b"hello")

    transport = Transport(HttpSettings())
    assert [asyncio.run(once()).body for _ in range(2)] == [b"hello", b"hello"]
    gc.collect()
