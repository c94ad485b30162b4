import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from tests.vkpay_simulator.conftest import Receiver
from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.outbound import REPLY_BYTES, HttpPost, open_session
from vkpay_simulator.sender import NoReplyError, Reply

NOTE = Outgoing(headers={"Content-Type": "application/json", "User-Agent": "Mozilla/4.0"}, body=b'{"a":1}')


@pytest.fixture
async def post() -> AsyncIterator[HttpPost]:
    async with open_session() as session:
        yield HttpPost(session)


async def test_body_and_headers_arrive_as_given_and_nothing_is_added(
    post: HttpPost, receiver: Receiver
) -> None:
    assert await post(receiver.url, NOTE, 5) == Reply(200, b"ok")
    assert receiver.bodies == [NOTE.body]
    assert receiver.headers[0].keys() == {"Host", "Content-Type", "User-Agent", "Content-Length"}


async def test_a_query_and_a_method_of_the_providers_own(post: HttpPost) -> None:
    seen: list[web.Request] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    async with TestServer(app) as server:
        for url in ("/push", "/push?a=1"):
            check = Outgoing(headers={}, body=b"", query="b=%2B%7C", method="GET")
            await post(str(server.make_url("/")).rstrip("/") + url, check, 5)
    assert [(request.method, request.raw_path) for request in seen] == [
        ("GET", "/push?b=%2B%7C"),
        ("GET", "/push?a=1&b=%2B%7C"),
    ]
    assert "Content-Length" not in seen[0].headers


async def test_a_redirect_is_not_followed(post: HttpPost, receiver: Receiver) -> None:
    receiver.status, receiver.location = 302, "/elsewhere"
    assert (await post(receiver.url, NOTE, 5)).status == 302
    assert len(receiver.bodies) == 1


async def test_only_the_beginning_of_a_long_reply_is_read(post: HttpPost, receiver: Receiver) -> None:
    receiver.body = b"x" * (REPLY_BYTES * 10)
    assert len((await post(receiver.url, NOTE, 5)).body) == REPLY_BYTES


async def test_nobody_there(post: HttpPost) -> None:
    port = unused_port()
    with pytest.raises(NoReplyError, match=f"nobody listens at 127.0.0.1:{port}"):
        await post(f"http://127.0.0.1:{port}/", NOTE, 5)


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/", "http://127.0.0.1:x/"])
async def test_an_address_that_cannot_be(post: HttpPost, url: str) -> None:
    with pytest.raises(NoReplyError, match=r"Error: "):
        await post(url, NOTE, 5)


async def test_a_receiver_that_hangs_up(post: HttpPost) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NoReplyError, match="Disconnected"):
            await post(f"http://127.0.0.1:{port}/", NOTE, 5)


async def test_no_answer_in_time(post: HttpPost) -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    app = web.Application()
    app.router.add_post("/", hang)
    async with TestServer(app) as server:
        with pytest.raises(NoReplyError, match=r"within 0\.05 s"):
            await post(str(server.make_url("/")), NOTE, 0.05)
