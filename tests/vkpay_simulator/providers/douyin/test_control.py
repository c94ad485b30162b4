"""Control calls, faults, subjects, reset; and the same world under the same seed."""

import json
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict, CIMultiDictProxy

from tests.vkpay_simulator.providers.douyin.merchant import (
    DAY,
    Shop,
    Simulated,
    TradeShop,
    envelope,
    goods,
    order,
    read,
)
from vkpay_simulator.app import build_app
from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.base import SimulatorError

NO_HEADERS = CIMultiDictProxy[str](CIMultiDict())


def subject(simulated: Simulated, body: Any) -> str | None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(method="POST", target="/x", headers=NO_HEADERS, body=raw)
    return simulated.douyin.subject_of(request, "any")


def test_what_a_request_is_about(shop: Shop, trade: TradeShop, simulated: Simulated) -> None:
    data = shop.created()
    shop.simulated.douyin.pay("T1")
    shop.refund("R1", 1)
    order_id = trade.bought("T2")
    refund_id = trade.ask_refund("R2", 1000, order_id, refund_all=True)["data"]["refund_id"]
    for body, expected in (
        (order("T9"), "T9"),
        (data, "T1"),
        ({"orderInfo": data}, "T1"),
        ({"app_id": shop.app_id, "out_refund_no": "R1"}, "T1"),
        ({"app_id": "tt0", "out_refund_no": "R1"}, "R1"),
        ({"out_settle_no": "S1"}, "S1"),
        ({"order_id": order_id}, "T2"),
        ({"orderId": order_id}, "T2"),
        ({"refund_id": refund_id}, "T2"),
        ({"data": json.dumps(goods("T8"))}, "T8"),
        ({"data": "x", "out_trade_no": "T7"}, "T7"),
        (b"[", None),
        ({}, None),
    ):
        assert subject(simulated, body) == expected


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("account", {"pid": "nobody"}),
        ("account", {"pid": "default", "balances": {"gold": 1}}),
        ("account", {"pid": "default", "renew_keys": True}),
        ("account", {"pid": "default", "colour": 1}),
        ("rules", {"settle_days": -1}),
        ("tt-pay", {"outcome": "steal"}),
        ("user-refund", {"out_trade_no": "T1"}),
    ],
)
def test_control_calls_that_do_not_do(simulated: Simulated, name: str, body: dict[str, Any]) -> None:
    answer = simulated.control(name, **body)
    assert answer["status"] in (400, 404)
    assert answer["error"]


def test_rules_and_accounts_go_back(shop: Shop, simulated: Simulated) -> None:
    old = shop.node
    simulated.control("rules", rate_limit=True, settle_days=1, ecpay_pauses=[1], trade_pauses=[])
    changed = simulated.control("account", pid="default", sandbox=True, balances={"wx": 5}, renew_salt=True)
    assert (changed["sandbox"], changed["purses"]["wx"]["withdrawable"]) == (True, 5)
    shop.refresh()
    assert shop.node["salt"] != old["salt"]
    shop.paid()
    simulated.world.reset()
    assert simulated.douyin.orders() == []
    assert simulated.douyin.rules.settle_days == 7
    assert shop.balance()["withdrawable_balacne"] == 1_000_000_00


def test_there_are_no_transfers(simulated: Simulated) -> None:
    with pytest.raises(SimulatorError, match="no transfers") as caught:
        simulated.douyin.settle_transfer("B1", "confirm")
    assert caught.value.status == 404


def test_the_code_of_a_fault(shop: Shop, simulated: Simulated) -> None:
    request = Request(method="POST", target="/x", headers=NO_HEADERS)
    answer = simulated.douyin.business_error(request, "create_order", "1000")
    assert read(answer) == {"err_no": 1000, "err_tips": "内部异常", "data": None}
    answer = simulated.douyin.business_error(request, "settle_create", "23112")
    assert (answer.status, read(answer)["err_no"]) == (400, 23112)
    for operation, code in (("create_order", "23112"), ("settle_create", "2008"), ("settle", "x")):
        with pytest.raises(SimulatorError, match="choose of"):
            simulated.douyin.business_error(request, operation, code)
    assert simulated.douyin.spoil_signature(answer) is answer


async def test_over_http_with_faults(shop: Shop, simulated: Simulated) -> None:
    simulated.world.faults.add(_fault("business_code", code="1001", operation="douyin.create_order"))
    async with TestClient(TestServer(build_app(simulated.world))) as client:
        path, body = shop.path("create_order"), shop.signed(order())
        first = await client.post(path, json=body)
        assert (first.status, (await first.json())["err_no"]) == (200, 1001)
        second = await client.post(path, json=body)
        assert (await second.json())["err_no"] == 0
        assert second.headers["X-Tt-Logid"]
        entries = simulated.world.journal.find(operation="douyin.create_order")
        assert [entry.subject for entry in entries] == ["T1", "T1"]
        assert shop.node["salt"] not in str(entries)


def _fault(kind: str, **fields: Any) -> Any:
    from vkpay_simulator.faults import parse_fault

    match = {"operation": fields.pop("operation")}
    return parse_fault(json.dumps({"fault": kind, "match": match, **fields}).encode())


async def life(simulated: Simulated) -> list[object]:
    """Everything that leaves the simulator in a longer story."""
    shop, trade = simulated.shop(), simulated.trade()
    shop.paid(total=10_000)
    out: list[object] = [shop.created("T2"), shop.refund("R1", 100), trade.ordered("T3")]
    order_id = trade.bought("T4", 5000)
    out += [trade.ask_refund("R2", 5000, order_id, refund_all=True), shop.status(), shop.status("T2")]
    await simulated.advance(7 * DAY)
    out += [shop.settle("S1"), simulated.douyin.login(shop.app_id, None), shop.balance()]
    await simulated.advance(DAY)
    out += [
        shop.get("/api/apps/bills", merchant_id=shop.mch_id, bill_date="20260101", bill_type="payment").body
    ]
    told = [
        (one.id, one.event, one.url, [envelope(one, turn) for turn in range(2)]) for one in simulated.notified
    ]
    return [*out, *told, *simulated.douyin.orders()]


async def test_two_worlds_of_one_seed() -> None:
    one, other = Simulated(), Simulated()
    assert one.douyin.config_row(one.world.merchants["certs"]) == other.douyin.config_row(
        other.world.merchants["certs"]
    )
    first = await life(one)
    assert len(one.notified) >= 5
    assert await life(other) == first


async def test_a_world_after_its_reset(simulated: Simulated) -> None:
    first = await life(simulated)
    simulated.world.reset()
    simulated.notified.clear()
    assert await life(simulated) == first
