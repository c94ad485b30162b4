import asyncio
import io
import logging
from email.utils import formatdate

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.vkpay_simulator.conftest import NOW, Client
from tests.vkpay_simulator.toy import sign
from vkpay_simulator import app
from vkpay_simulator.faults import (
    BadSignature,
    BusinessCode,
    Drop,
    Fault,
    Latency,
    Match,
    Status,
    Truncate,
)
from vkpay_simulator.world import World

ORDER = {"out_trade_no": "no-1", "total_fee": 100}


async def raw(client: Client, text: str) -> str:
    """Sends the bytes as they are, and gives the whole answer."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(text.replace("\n", "\r\n").encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.decode()


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        ("/toy/echo/a%2Fb?x=%7E+1&&y", "/toy/echo/a%2Fb?x=%7E+1&&y"),
        ("/toy/echo/%e4%b8?", "/toy/echo/%e4%b8?"),
        ("/toy/echo/a|b*_@-c", "/toy/echo/a|b*_@-c"),
        ("http://api.example/toy/echo/a?b=http://c/d", "/toy/echo/a?b=http://c/d"),
        ("/toy/echo/a?b=http://c/d", "/toy/echo/a?b=http://c/d"),
    ],
)
async def test_a_handler_sees_the_target_byte_for_byte(client: Client, target: str, seen: str) -> None:
    answer = await raw(client, f"GET {target} HTTP/1.1\nHost: api.example\nConnection: close\n\n")
    assert f'"target":"{seen}"' in answer
    assert '"origin":"http://api.example"' in answer


async def test_a_header_that_is_no_text_does_not_spoil_the_journal(client: Client) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(b"GET /toy/echo/a HTTP/1.1\r\nHost: h\r\nX-Odd: \xff\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()
    await writer.wait_closed()
    (entry,) = (await (await client.get("/_sim/journal")).json())["entries"]
    assert entry["request_headers"]["X-Odd"] == "?"


async def test_header_names_and_charset_go_out_as_the_provider_wrote_them(client: Client) -> None:
    answer = await raw(
        client, "GET /toy/echo/a HTTP/1.1\nHost: h\nAccept-Encoding: gzip, br\nConnection: close\n\n"
    )
    head = answer.partition("\r\n\r\n")[0].split("\r\n")
    assert "Content-Type: application/json; charset=utf-8" in head
    assert [line.partition(":")[0] for line in head if "toy" in line.lower()] == ["Toy-Signature"]
    assert any(line.startswith("Request-ID: ") for line in head)
    assert not any("encoding" in line.lower() for line in head)


async def test_the_date_is_that_of_signatures(client: Client, world: World) -> None:
    await world.advance(86_400)
    response = await client.get("/toy/echo/a")
    assert response.headers["Date"] == formatdate(NOW, usegmt=True)


async def test_a_connection_is_kept(client: Client) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    for _ in range(2):
        writer.write(b"GET /toy/orders/none HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b"HTTP/1.1 404" in await reader.readuntil(b'{"code":"NOT_FOUND"}')
    writer.close()
    await writer.wait_closed()


async def test_an_empty_answer_has_no_body(client: Client) -> None:
    await client.post("/toy/orders", json=ORDER)
    response = await client.post("/toy/orders/no-1/close")
    assert (response.status, await response.read()) == (204, b"")
    assert "Content-Type" not in response.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "why"),
    [
        ("GET", "/nothing", 404, "There is no /nothing here."),
        ("POST", "/toy/order", 404, "Did you mean /toy/orders?"),
        ("PUT", "/toy/orders", 405, "/toy/orders takes POST, not PUT."),
    ],
)
async def test_what_no_provider_has_is_an_empty_answer_and_a_reason_in_the_journal(
    client: Client, world: World, method: str, path: str, status: int, why: str
) -> None:
    response = await client.request(method, path)
    assert (response.status, await response.read()) == (status, b"")
    assert (response.headers.get("Allow") is not None) == (status == 405)
    entry = world.journal.find()[-1]
    assert (entry.status, entry.provider, entry.target) == (status, None, path)
    assert why in entry.explain


async def test_a_body_that_is_too_large_is_refused(client: Client, world: World) -> None:
    response = await client.post("/toy/orders", data=io.BytesIO(b"x" * (app.BODY_BYTES + 1)))
    assert response.status == 413
    assert "larger" in world.journal.find()[-1].explain


async def test_a_handler_that_fails_is_a_500_with_a_trace_in_the_log(
    client: Client, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = await client.post("/toy/broken")
    assert (response.status, await response.read()) == (500, b"")
    assert "broken failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "report" in world.journal.find()[-1].explain


async def test_a_subject_that_cannot_be_found_does_not_stop_the_request(
    client: Client, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.post("/toy/orders", data=b"{")
    assert response.status == 500
    assert "subject_of create failed" in caplog.text
    assert world.journal.find()[-1].subject is None


async def test_the_journal_has_request_and_answer(client: Client, world: World) -> None:
    await client.post("/toy/orders?sign=0123456789abcdef", json=ORDER, headers={"Authorization": "Basic abc"})
    await client.get("/toy/orders/none")
    created, missing = world.journal.find()
    assert (created.provider, created.operation, created.subject) == ("toy", "toy.create", "no-1")
    assert (created.method, created.target, created.status) == ("POST", "/toy/orders?sign=01234…", 200)
    assert created.request_body == '{"out_trade_no": "no-1", "total_fee": 100}'
    assert created.request_headers["Authorization"] == "***"
    assert created.response_body.startswith('{"transaction_id"')
    assert (created.at_ms, created.real_ms) == (NOW * 1000, NOW * 1000)
    assert (missing.number, missing.explain) == (2, "No such order.")


async def test_status_fault_answers_before_the_provider(client: Client, world: World) -> None:
    world.faults.add(Status(status=429, body="slow down", headers={"Retry-After": "3"}))
    first = await client.post("/toy/orders", json=ORDER)
    assert (first.status, await first.text(), first.headers["Retry-After"]) == (429, "slow down", "3")
    assert world.providers["toy"].orders() == []
    assert (await client.post("/toy/orders", json=ORDER)).status == 200
    entry = world.journal.find()[0]
    assert (entry.faults, entry.explain) == (("status",), "Made by a fault that was asked for: status.")


async def test_business_code_fault_is_the_providers_own_signed_error(client: Client, world: World) -> None:
    world.faults.add(BusinessCode(code="SYSTEM_ERROR", match=Match(operation="toy.c*")))
    response = await client.post("/toy/orders", json=ORDER)
    body = await response.read()
    assert (response.status, body) == (400, b'{"code":"SYSTEM_ERROR","operation":"create"}')
    assert response.headers["Toy-Signature"] == sign(body)


async def test_a_code_that_the_provider_does_not_have_is_explained(client: Client, world: World) -> None:
    world.faults.add(BusinessCode(code="NO_SUCH", match=Match(operation="create")))
    assert (await client.post("/toy/orders", json=ORDER)).status == 500
    assert world.journal.find()[0].explain == "toy has no code 'NO_SUCH': use SYSTEM_ERROR."


@pytest.mark.parametrize("after", [False, True])
async def test_drop_fault_closes_the_connection_before_or_after_the_work(
    client: Client, world: World, after: bool
) -> None:
    world.faults.add(Drop(after=after))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.post("/toy/orders", json=ORDER)
    assert len(world.providers["toy"].orders()) == int(after)
    assert (world.journal.find()[0].status, world.journal.find()[0].faults) == (None, ("drop",))


async def test_truncate_fault_closes_in_the_middle_of_the_body(client: Client, world: World) -> None:
    world.faults.add(Truncate())
    response = await client.post("/toy/orders", json=ORDER)
    assert response.status == 200
    with pytest.raises(aiohttp.ClientPayloadError):
        await response.read()
    assert len(world.providers["toy"].orders()) == 1


async def test_bad_signature_fault_spoils_the_answer(client: Client, world: World) -> None:
    world.faults.add(BadSignature(match=Match(path="/toy/*")))
    response = await client.post("/toy/orders", json=ORDER)
    assert response.headers["Toy-Signature"] == "spoilt"


async def test_latency_fault_waits_in_real_time(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    world.faults.add(Latency(seconds=2.5))
    monkeypatch.setattr("vkpay_simulator.handling.asyncio.sleep", sleep)
    assert (await client.post("/toy/orders", json=ORDER)).status == 200
    assert waited == [2.5]


@pytest.mark.parametrize(
    "match",
    [
        Match(provider="other"),
        Match(operation="toy.query"),
        Match(path="/toy/orders/*"),
        Match(out_trade_no="no-2"),
    ],
)
async def test_a_fault_for_something_else_stays(client: Client, world: World, match: Match) -> None:
    fault: Fault = Status(status=500, match=match)
    world.faults.add(fault)  # type: ignore[arg-type]
    assert (await client.post("/toy/orders", json=ORDER)).status == 200
    assert [active.used for active in world.faults.list()] == [0]


async def test_an_endpoint_of_many_operations_names_the_one(client: Client, world: World) -> None:
    world.faults.add(Status(status=503, match=Match(operation="toy.trade.*")))
    assert (await client.get("/toy/gateway?method=toy.trade.query")).status == 503
    assert world.journal.find()[0].operation == "toy.trade.query"


async def test_an_operation_that_cannot_be_told_is_the_endpoints(
    client: Client, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await client.get("/toy/gateway")).status == 200
    assert "operation_of gateway failed" in caplog.text
    assert world.journal.find()[0].operation == "toy.gateway"


async def test_a_providers_own_control_calls_meet_no_faults(client: Client, world: World) -> None:
    world.faults.add(Status(status=503))
    assert (await client.get("/_sim/toy/settings")).status == 200


async def test_real_time_makes_things_due() -> None:
    world = World(providers={})
    async with TestClient(TestServer(app.build_app(world))):
        done = asyncio.Event()
        world.agenda.after(0.02, done.set)
        async with asyncio.timeout(5):
            await done.wait()


async def test_something_due_that_fails_does_not_stop_the_others(
    client: Client, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    done = asyncio.Event()
    world.agenda.after(0, lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    world.agenda.after(0, done.set)
    async with asyncio.timeout(5):
        await done.wait()
    assert "something that was due failed" in caplog.text


async def test_two_worlds_of_one_seed_answer_alike(client: Client, world: World) -> None:
    bodies = []
    for _ in range(2):
        response = await client.post("/toy/orders", json=ORDER)
        bodies.append((await response.read(), dict(response.headers)))
        world.reset()
    assert bodies[0] == bodies[1]


async def test_closing_the_application_ends_what_is_on_its_way(world: World) -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    receiver = web.Application()
    receiver.router.add_post("/notify", hang)
    async with TestServer(receiver) as merchant:
        async with TestClient(TestServer(app.build_app(world))) as client:
            order = {**ORDER, "notify_url": str(merchant.make_url("/notify"))}
            await client.post("/toy/orders", json=order)
            await client.post("/_sim/pay", json={"out_trade_no": "no-1", "wait": False})
        assert next(iter(world.deliveries.values())).state == "pending"


async def test_client_without_a_path(client: Client) -> None:
    answer = await raw(client, "GET http://api.example HTTP/1.1\nHost: api.example\nConnection: close\n\n")
    assert "404" in answer.partition("\r\n")[0]
