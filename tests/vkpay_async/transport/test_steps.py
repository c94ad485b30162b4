"""What a Flow needs besides the network: values that all processes share, and work off the loop."""

from __future__ import annotations

import asyncio
import threading

from tests.vkpay_async.transport.conftest import ask
from tests.vkpay_async.transport.test_attempts import Net
from vkpay_async import TransportError, VKPayError
from vkpay_async.providers.base import (
    Flow,
    HttpRequest,
    HttpResponse,
    SharedValue,
    keep,
    kept,
    off_loop,
    run_offline,
    shared,
)
from vkpay_async.transport import Transport

TOKEN_URL, CALL_URL = "https://bank.example/token", "https://bank.example/call"


def fetch() -> Flow[SharedValue]:
    answer = yield HttpRequest(method="POST", url=TOKEN_URL, operation="bank.token", fetches_key=True)
    return SharedValue(value=answer.body.decode(), expires=2**53)


def call(*, refused: str | None = None) -> Flow[bytes]:
    token = yield from shared("bank|token", fetch, stale=refused)
    answer = yield HttpRequest(
        method="POST", url=CALL_URL, operation="bank.call", headers={"Authorization": token}
    )
    return answer.body


async def test_a_token_is_fetched_once_for_all_calls(transport: Transport) -> None:
    with Net() as net:
        net.post(TOKEN_URL, body="t1")
        net.post(CALL_URL, body="done", repeat=True)
        answers = await asyncio.gather(*(transport.run(call()) for _ in range(5)))
        assert answers == [b"done"] * 5
        tokens = {
            c.kwargs["headers"]["Authorization"]
            for key, cs in net.requests.items()
            for c in cs
            if key[1].path == "/call"
        }
        assert tokens == {"t1"}


async def test_one_that_the_provider_has_refused_is_fetched_anew_and_another_is_not(
    transport: Transport,
) -> None:
    with Net() as net:
        for token in ("t1", "t2"):
            net.post(TOKEN_URL, body=token)
        net.post(CALL_URL, body="done", repeat=True)
        await transport.run(call())
        await transport.run(call(refused="t1"))
        await transport.run(call(refused="t1"))
        assert [await transport.run(kept("bank|token")) for _ in range(2)] == ["t2", "t2"]


async def test_a_token_that_cannot_be_fetched_fails_the_call_inside_the_flow(transport: Transport) -> None:
    def careful() -> Flow[str]:
        try:
            return (yield from shared("bank|token", fetch))
        except TransportError as error:
            return type(error).__name__

    with Net():  # knows no address: connecting fails
        assert await transport.run(careful()) == "TransportError"


async def test_what_was_kept_is_found_and_what_was_not_is_none(transport: Transport) -> None:
    assert await transport.run(kept("user|key")) is None
    await transport.run(keep("user|key", SharedValue(value="k1", expires=2**53)))
    assert await transport.run(kept("user|key")) == "k1"


async def test_heavy_work_is_done_in_a_thread(transport: Transport) -> None:
    assert await transport.run(off_loop(threading.get_ident)) != threading.get_ident()


async def test_a_flow_may_go_on_after_work_that_failed(transport: Transport) -> None:
    def fail() -> None:
        raise VKPayError("no good")

    def careful() -> Flow[str]:
        try:
            yield from off_loop(fail)
        except VKPayError as error:
            return error.msg
        return "went well"

    assert await transport.run(careful()) == "no good"


async def test_between_two_requests_too(transport: Transport) -> None:
    def flow() -> Flow[bytes]:
        first = yield from ask(HttpRequest(method="GET", url=CALL_URL, operation="bank.first"))
        body = yield from off_loop(lambda: first.body.upper())
        yield from keep("last", SharedValue(value=body.decode(), expires=2**53))
        return body

    with Net() as net:
        net.get(CALL_URL, body="done")
        assert await transport.run(flow()) == b"DONE"
    assert await transport.run(kept("last")) == "DONE"


def test_offline_the_same() -> None:
    asked: list[str] = []

    def answer(request: HttpRequest) -> HttpResponse:
        asked.append(request.url)
        return HttpResponse(status=200, headers={}, body=f"t{len(asked)}".encode())

    values: dict[str, SharedValue] = {}
    for refused in (None, None, "t1"):
        run_offline(call(refused=refused), answer, values)
    assert asked == [TOKEN_URL, CALL_URL, CALL_URL, TOKEN_URL, CALL_URL]
    assert values["bank|token"].value == "t4"
    assert run_offline(off_loop(lambda: 7), answer) == 7


def test_no_value_shows() -> None:
    assert "s3cret" not in repr(SharedValue(value="s3cret", expires=1))
