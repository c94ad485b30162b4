import asyncio
import io
import logging
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tests.vkpay_simulator.conftest import NOW, Client, Receiver
from tests.vkpay_simulator.toy import Other, Toy
from vkpay_simulator.app import BODY_BYTES, build_app
from vkpay_simulator.clock import Clock
from vkpay_simulator.world import World


async def create(client: Client, number: str = "no-1", notify_url: str | None = None, **more: Any) -> None:
    provider = more.pop("provider", "toy")
    body = {"out_trade_no": number, "total_fee": 100, "notify_url": notify_url, **more}
    assert (await client.post(f"/{provider}/orders", json=body)).status == 200


async def get(client: Client, path: str) -> Any:
    response = await client.get(f"/_sim/{path}")
    assert response.content_type == "application/json"
    return await response.json()


async def post(client: Client, path: str, body: Any = None) -> tuple[int, Any]:
    response = await client.post(f"/_sim/{path}", json=body)
    return response.status, await response.json()


async def test_health(client: Client) -> None:
    assert await get(client, "health") == {"status": "ok"}


async def test_a_merchant_is_a_configuration_row_that_leads_here(client: Client, world: World) -> None:
    row = await get(client, "merchants/partner")
    assert row["notifyUrl"] == "http://127.0.0.1:8000/pay"
    assert row["toy"]["h5"]["appId"] == world.merchants["partner"].accounts["toy"]
    assert row["toy"]["h5"]["baseUrl"] == str(client.make_url("")).rstrip("/")
    assert row["toy"]["subMerchants"] == [{"subMchid": "1"}, {"subMchid": "2"}]


async def test_merchants_are_listed_made_and_changed(client: Client) -> None:
    status, row = await post(client, "merchants", {"kind": "certs", "notify_url": "http://127.0.0.1:1/a"})
    assert (status, row["pid"], row["notifyUrl"]) == (201, "shop-4", "http://127.0.0.1:1/a")
    status, changed = await post(client, "merchants/shop-4", {"notify_url": "http://127.0.0.1:2/b"})
    assert (status, changed["notifyUrl"], changed["kind"]) == (200, "http://127.0.0.1:2/b", "certs")
    listed = (await get(client, "merchants"))["merchants"]
    assert [merchant["pid"] for merchant in listed] == ["default", "certs", "partner", "shop-4"]


async def test_pay_answers_when_the_notification_has_been_answered(
    client: Client, receiver: Receiver
) -> None:
    await create(client, notify_url=receiver.url)
    status, order = await post(client, "pay", {"out_trade_no": "no-1", "payer": "u1", "channel": "BANK"})
    assert (status, order["state"], order["payer"], order["detail"]) == (
        200,
        "PAID",
        "u1",
        {"channel": "BANK"},
    )
    assert len(receiver.bodies) == 1
    (delivery,) = (await get(client, "deliveries"))["deliveries"]
    assert (delivery["state"], delivery["attempts"][0]["reply"]) == ("delivered", "ok")


async def test_pay_need_not_wait(client: Client, receiver: Receiver) -> None:
    await create(client, notify_url=receiver.url)
    await post(client, "pay", {"out_trade_no": "no-1", "wait": False})
    (delivery,) = (await get(client, "deliveries"))["deliveries"]
    assert delivery["state"] == "pending"
    await post(client, "clock", {"advance_seconds": 0})
    assert len(receiver.bodies) == 1


async def test_a_receiver_that_refuses_gets_sixteen_attempts_in_a_day(
    client: Client, receiver: Receiver
) -> None:
    receiver.status = 500
    await create(client, notify_url=receiver.url)
    await post(client, "pay", {"out_trade_no": "no-1"})
    status, clock = await post(client, "clock", {"advance_seconds": 86_700})
    assert (status, clock["offset_seconds"]) == (200, 86_700)
    assert len(receiver.bodies) == 16
    (delivery,) = (await get(client, "deliveries"))["deliveries"]
    assert (delivery["state"], delivery["next_ms"]) == ("exhausted", None)


async def test_a_slow_receiver_does_not_hold_up_another(
    client: Client, world: World, receiver: Receiver
) -> None:
    await create(client, "slow", notify_url="http://127.0.0.1:9/")
    await create(client, "quick", notify_url=receiver.url)
    await post(client, "pay", {"out_trade_no": "slow", "wait": False})
    assert (await post(client, "pay", {"out_trade_no": "quick"}))[0] == 200
    assert len(receiver.bodies) == 1


async def test_many_buyers_and_a_moving_clock_at_once(client: Client, receiver: Receiver) -> None:
    numbers = [f"no-{n}" for n in range(20)]
    for number in numbers:
        await create(client, number, notify_url=receiver.url)
    steps = [post(client, "clock", {"advance_seconds": 60}) for _ in range(10)]
    done = await asyncio.gather(
        *(post(client, "pay", {"out_trade_no": number}) for number in numbers), *steps
    )
    assert {status for status, _ in done} == {200}
    assert (await get(client, "clock"))["offset_seconds"] == 600
    delivered = (await get(client, "deliveries"))["deliveries"]
    assert {(one["state"], len(one["attempts"])) for one in delivered} == {("delivered", 1)}
    assert len(receiver.bodies) == 20


async def test_resend(client: Client, receiver: Receiver) -> None:
    await create(client, notify_url=receiver.url)
    await post(client, "pay", {"out_trade_no": "no-1"})
    (delivery,) = (await get(client, "deliveries"))["deliveries"]
    status, again = await post(client, f"deliveries/{delivery['id']}/resend")
    assert (status, len(again["attempts"]), len(receiver.bodies)) == (200, 2, 2)


@pytest.mark.parametrize("act", ["scan", "cancel"])
async def test_scan_and_cancel(client: Client, act: str) -> None:
    await create(client)
    status, order = await post(client, act, {"out_trade_no": "no-1", "payer": "u1"})
    assert (status, order["payer"]) == (200, "u1" if act == "scan" else None)


async def test_orders(client: Client) -> None:
    await create(client, "no-1")
    await create(client, "no-2", pid="certs")
    assert [order["out_trade_no"] for order in (await get(client, "orders"))["orders"]] == ["no-1", "no-2"]
    assert [order["out_trade_no"] for order in (await get(client, "orders?pid=certs"))["orders"]] == ["no-2"]
    assert (await get(client, "orders/no-1"))["total_fee"] == 100


async def test_a_number_that_two_have_needs_a_provider_and_a_pid() -> None:
    world = World(clock=Clock(lambda: NOW), providers={"toy": Toy, "other": Other})
    async with TestClient(TestServer(build_app(world))) as client:
        await create(client, pid="default")
        await create(client, pid="certs")
        await create(client, provider="other")
        status, error = await post(client, "pay", {"out_trade_no": "no-1"})
        assert status == 409
        assert (
            "provider=toy pid=default, provider=toy pid=certs, provider=other pid=default" in error["error"]
        )
        assert (await post(client, "pay", {"out_trade_no": "no-1", "provider": "toy"}))[0] == 409
        status, order = await post(client, "pay", {"out_trade_no": "no-1", "provider": "toy", "pid": "certs"})
        assert (status, order["pid"]) == (200, "certs")
        assert (await post(client, "pay", {"out_trade_no": "no-1", "provider": "other"}))[0] == 200


async def test_a_refund_is_settled_by_the_provider_that_has_it() -> None:
    world = World(providers={"toy": Toy, "other": Other})
    async with TestClient(TestServer(build_app(world))) as client:
        done = await post(client, "refund", {"out_refund_no": "other-1", "status": "SUCCESS"})
        assert done == (200, {"provider": "other", "status": "SUCCESS"})
        refused = await post(client, "refund", {"out_refund_no": "toy-1", "status": "CLOSED"})
        assert refused == (409, {"error": "This toy only succeeds."})
        status, error = await post(client, "refund", {"out_refund_no": "x", "status": "SUCCESS"})
        assert (status, error["error"]) == (404, "other has no refund 'x'.")


async def test_a_transfer_is_settled(client: Client) -> None:
    body = {"out_bill_no": "t1", "outcome": "confirm", "provider": "toy", "pid": "certs"}
    assert await post(client, "transfer", body) == (
        200,
        {"provider": "toy", "outcome": "confirm", "pid": "certs"},
    )


class Authorizing(Other):
    def settle_authorization(
        self, out_authorization_no: str, outcome: str, *, pid: str | None = None
    ) -> dict[str, Any]:
        return {"number": out_authorization_no, "outcome": outcome, "pid": pid}


async def test_an_authorisation_is_settled_by_a_provider_that_has_such_things(client: Client) -> None:
    body = {"out_authorization_no": "AUTH1", "outcome": "confirm", "pid": "certs"}
    refused = await post(client, "authorization", body)
    assert refused == (404, {"error": "There is no provider here that has such a thing."})
    world = World(providers={"toy": Toy, "other": Authorizing})
    async with TestClient(TestServer(build_app(world))) as both:
        said = {"number": "AUTH1", "outcome": "confirm", "pid": "certs"}
        assert await post(both, "authorization", body) == (200, said)


async def test_the_clock_reads_lengths_of_time(client: Client) -> None:
    assert (await get(client, "clock"))["offset_seconds"] == 0
    assert (await post(client, "clock", {"advance_seconds": "24h4m"}))[1] == {
        "now_ms": (NOW + 86_640) * 1000,
        "now": "2027-01-16T16:04:00+08:00",
        "offset_seconds": 86_640,
    }


async def test_time_that_passes_closes_orders(client: Client) -> None:
    await create(client)
    await post(client, "clock", {"advance_seconds": 7200})
    assert (await get(client, "orders/no-1"))["state"] == "EXPIRED"


async def test_faults_are_set_listed_and_taken_back(client: Client) -> None:
    asked = {"match": {"provider": "toy"}, "times": None, "fault": "status", "status": 503}
    status, active = await post(client, "faults", asked)
    assert (status, active["left"], active["fault"]["fault"]) == (201, None, "status")
    assert [(await client.get("/toy/orders/x")).status for _ in range(3)] == [503, 503, 503]
    assert (await get(client, "faults"))["faults"][0]["used"] == 3
    assert (await client.delete("/_sim/faults")).status == 200
    assert (await get(client, "faults")) == {"faults": []}
    assert (await client.get("/toy/orders/x")).status == 404


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "Known faults: bad_signature, business_code, drop, duplicate_notify, latency"),
        ({"fault": "explode"}, "lose_notify, status, truncate"),
        ({"fault": 3}, "Known faults"),
        ([], "Known faults"),
        ({"fault": "latency"}, "Fields of latency: seconds"),
        ({"fault": "drop", "afterwards": True}, "unknown field `afterwards`"),
        ({"fault": "drop", "match": {"mchid": "1"}}, "of match: provider, operation, path, out_trade_no"),
        ({"fault": "drop", "times": 0}, "times"),
        ({"fault": "status", "status": 99}, "status"),
    ],
)
async def test_a_fault_that_is_wrong_is_refused_with_what_is_known(
    client: Client, body: Any, says: str
) -> None:
    status, error = await post(client, "faults", body)
    assert status == 400
    assert says in error["error"]
    assert (await get(client, "faults")) == {"faults": []}


async def test_an_error_code_nobody_has_is_refused(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = frozenset({"SYSTEM_ERROR"})
    monkeypatch.setattr(world.providers["toy"], "error_codes", lambda: codes, raising=False)
    status, error = await post(client, "faults", {"fault": "business_code", "code": "SYSTEM_ERORR"})
    assert status == 400
    assert "Did you mean SYSTEM_ERROR? Codes of toy: SYSTEM_ERROR." in error["error"]
    assert (await get(client, "faults")) == {"faults": []}


async def test_a_fault_that_is_no_json(client: Client) -> None:
    response = await client.post("/_sim/faults", data=b"\xff{")
    assert response.status == 400


async def test_the_journal_is_filtered(client: Client) -> None:
    await create(client, "no-1")
    await create(client, "no-2")
    await client.get("/toy/orders/no-1")

    async def numbers(query: str) -> list[int]:
        return [entry["number"] for entry in (await get(client, f"journal?{query}"))["entries"]]

    assert await numbers("") == [1, 2, 3]
    assert await numbers("limit=1") == [3]
    assert await numbers("out_trade_no=no-1") == [1, 3]
    assert await numbers("operation=toy.cr*") == [1, 2]
    assert await numbers("provider=other") == []


async def test_reset_forgets_everything_but_merchants(client: Client, receiver: Receiver) -> None:
    await post(client, "merchants", {"pid": "mine"})
    key = (await get(client, "merchants/mine"))["toy"]["h5"]["appId"]
    await create(client, notify_url=receiver.url)
    await post(client, "pay", {"out_trade_no": "no-1"})
    await post(client, "clock", {"advance_seconds": 60})
    await post(client, "faults", {"fault": "drop"})
    assert await post(client, "reset") == (200, {"status": "ok"})
    assert await get(client, "orders") == {"orders": []}
    assert await get(client, "deliveries") == {"deliveries": []}
    assert await get(client, "journal") == {"entries": []}
    assert await get(client, "faults") == {"faults": []}
    assert (await get(client, "clock"))["offset_seconds"] == 0
    assert (await get(client, "merchants/mine"))["toy"]["h5"]["appId"] == key


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "merchants/nobody", None, 404, "there are default, certs, partner"),
        ("POST", "merchants", {"pid": "default"}, 409, "choose another pid"),
        ("POST", "merchants", {"kind": "v2"}, 400, "default, certs, partner"),
        ("POST", "merchants/default", {}, 400, "notify_url"),
        ("GET", "orders/none", None, 404, "GET /_sim/orders"),
        ("GET", "orders?state=PAID", None, 400, "Known: provider, pid"),
        ("GET", "orders?provider=x", None, 404, "there are toy"),
        ("POST", "pay", {"out_trade_no": "none"}, 404, "GET /_sim/orders"),
        ("POST", "pay", {"out_trade_no": 1}, 400, "out_trade_no"),
        (
            "POST",
            "pay",
            {"out_trade_no": "a", "amount": 1},
            400,
            "out_trade_no, provider, pid, payer, channel",
        ),
        ("POST", "pay", [], 400, "JSON object"),
        ("POST", "pay", None, 400, "out_trade_no"),
        ("POST", "refund", {"out_refund_no": "a", "status": "b", "provider": "x"}, 404, "there are toy"),
        ("POST", "deliveries/none/resend", None, 404, "GET /_sim/deliveries"),
        ("POST", "clock", {"advance_seconds": "tomorrow"}, 400, "24h4m"),
        ("POST", "clock", {"advance_seconds": -1}, 400, "forward only"),
        ("POST", "clock", {"advance_seconds": 1e300}, 400, "ten years"),
        ("GET", "journal?limit=0", None, 400, "a number from 1"),
        ("POST", "reset", {"all": True}, 400, "its fields: none"),
        ("GET", "settings", None, 404, "merchants/{pid}"),
        ("PUT", "pay", None, 404, "There is no PUT /_sim/pay"),
    ],
)
async def test_a_wrong_use_says_what_to_do(
    client: Client, method: str, path: str, body: Any, status: int, says: str
) -> None:
    response = await client.request(method, f"/_sim/{path}", json=body)
    assert response.status == status
    assert says in (await response.json())["error"]


async def test_a_body_that_is_too_large(client: Client) -> None:
    response = await client.post("/_sim/pay", data=io.BytesIO(b" " * (BODY_BYTES + 1)))
    assert (response.status, await response.json()) == (
        413,
        {"error": "The body is too large for a control call."},
    )


async def test_a_provider_that_fails_is_a_500_with_a_trace_in_the_log(
    client: Client, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await create(client)
    world.providers["toy"].pay = lambda *a, **k: 1 / 0  # type: ignore[assignment, method-assign, return-value]
    with caplog.at_level(logging.ERROR):
        status, error = await post(client, "pay", {"out_trade_no": "no-1"})
    assert (status, "report" in error["error"]) == (500, True)
    assert "ZeroDivisionError" in caplog.text
