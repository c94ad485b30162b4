"""The page at ``/``: what it shows, what its buttons do, and whom it lets press them."""

from __future__ import annotations

import json
import re

import pytest

from tests.vkpay_simulator.conftest import Client, Receiver
from vkpay_simulator.providers import REGISTRY
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.ui.console import ROWS
from vkpay_simulator.ui.phones import LONGEST_NUMBER, PHONES, WALLETS, Phone, body_of
from vkpay_simulator.world import World


async def create(client: Client, number: str = "no-1", notify_url: str | None = None) -> None:
    body = {"out_trade_no": number, "total_fee": 19900, "notify_url": notify_url}
    assert (await client.post("/toy/orders", json=body)).status == 200


async def read(client: Client, query: str = "") -> str:
    response = await client.get(f"/{query}")
    assert (response.status, response.content_type) == (200, "text/html")
    return await response.text()


async def press(client: Client, act: str, **fields: str) -> str:
    response = await client.post(f"/_sim/page/{act}", data=fields)
    assert (response.status, response.method) == (200, "GET")
    return await response.text()


def section(page: str, title: str) -> str:
    found = re.search(rf"<section><h2>{title}.*?</section>", page, re.DOTALL)
    assert found, title
    return found.group()


async def test_an_empty_world(client: Client) -> None:
    page = await read(client)
    for title in ("Orders", "Refunds", "Notifications"):
        assert "None yet." in section(page, title)
    assert "<script" not in page


async def test_an_order_is_paid_and_its_notification_is_shown(client: Client, receiver: Receiver) -> None:
    await create(client, notify_url=receiver.url)
    assert "199.00" in section(await read(client), "Orders")
    page = await press(client, "pay", out_trade_no="no-1", provider="toy", pid="default")
    assert '<section class="done"><h2>pay</h2>' in page
    assert "/_sim/page/pay" not in section(page, "Orders")
    assert "delivered" in section(page, "Notifications")
    assert "200 ok" in section(page, "Notifications")
    assert len(receiver.bodies) == 1

    number = re.search(r'name="id" value="([^"]+)"', section(page, "Notifications"))
    assert number
    await press(client, "resend", id=number.group(1))
    assert len(receiver.bodies) == 2


async def test_what_a_button_did_is_not_done_again_by_reloading(client: Client, receiver: Receiver) -> None:
    await create(client, notify_url=receiver.url)
    response = await client.post("/_sim/page/pay", data={"out_trade_no": "no-1"}, allow_redirects=False)
    assert response.status == 303
    for _ in range(2):
        assert "<h2>pay</h2>" in await read(client, response.headers["Location"].lstrip("/"))
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize(
    ("act", "fields", "why"),
    [
        ("pay", {"out_trade_no": "no-9"}, "There is no order &#x27;no-9&#x27; here"),
        ("pay", {}, "missing required field `out_trade_no`"),
        ("refund", {"out_refund_no": "r1", "status": "SUCCESS"}, "r1"),
        ("clock", {"advance_seconds": "soon"}, "soon"),
        ("login", {"appid": "wx1"}, "No users of &#x27;wx1&#x27; are here"),
        ("resend", {"id": "x"}, "There is no delivery"),
        ("dance", {}, "There is no button"),
        ("phone", {"call": "toy/orders"}, "There is no call &#x27;toy/orders&#x27; here"),
        ("phone", {"call": "huawei/request-payment", "order_str": "x"}, "There is no call"),
    ],
)
async def test_what_cannot_be_done_says_why(
    client: Client, act: str, fields: dict[str, str], why: str
) -> None:
    page = await press(client, act, **fields)
    assert '<section class="failed">' in page
    assert why in page


async def test_time_passes_and_everything_is_forgotten(client: Client, world: World) -> None:
    await create(client)
    assert "1:00:00 ahead" in await press(client, "clock", advance_seconds="1h")
    page = await press(client, "reset")
    assert "None yet." in section(page, "Orders")
    assert world.clock.offset_ms == 0


async def test_what_merchants_send_is_text(client: Client) -> None:
    await create(client, number='<img src=x onerror="alert(1)">')
    page = await read(client, "?provider=<b>&said=<b>")
    assert "<img" not in page
    assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;" in page


async def test_it_can_be_narrowed_to_a_provider_and_stays_so(client: Client) -> None:
    await create(client)
    page = await press(client, "scan", out_trade_no="no-1", narrowed="toy")
    assert "<b>toy</b>" in page
    assert 'name="narrowed" value="toy"' in page
    assert "no-1" in section(page, "Orders")


async def test_only_the_newest_are_shown(client: Client) -> None:
    for number in range(ROWS + 5):
        await create(client, number=f"no-{number:03d}")
    orders = section(await read(client), "Orders")
    assert f"the newest {ROWS} of {ROWS + 5}" in orders
    assert orders.count('action="/_sim/page/pay"') == ROWS


@pytest.mark.parametrize("origin", ["https://shop.example", "null"])
async def test_another_sites_page_presses_nothing(client: Client, world: World, origin: str) -> None:
    await create(client)
    response = await client.post("/_sim/page/pay", data={"out_trade_no": "no-1"}, headers={"Origin": origin})
    assert response.status == 403
    assert world.providers["toy"].orders()[0].paid_ms is None


class TestPhones:
    def test_every_call_is_one_that_a_provider_has(self) -> None:
        world = World()
        for phone in PHONES:
            paths = {route.path for route in world.providers[phone.provider].routes()}
            assert f"/_sim/{phone.call}" in paths
        assert REGISTRY.keys() >= WALLETS.keys()

    @pytest.mark.parametrize("phone", PHONES, ids=lambda phone: phone.call)
    def test_a_form_without_what_it_needs_says_so(self, phone: Phone) -> None:
        with pytest.raises(SimulatorError, match=r"is empty\."):
            body_of(phone, {})

    @pytest.mark.parametrize(
        ("call", "given", "why"),
        [
            ("douyin/tt-pay", {"orderInfo": "{"}, "no JSON"),
            ("douyin/tt-pay", {"orderInfo": "[1]"}, "no JSON object"),
            ("douyin/tt-pay", {"orderInfo": "[" * 100_000}, "no JSON"),
            ("appleiap/purchase", {"product_id": "gold", "price": "6.5"}, "no whole number"),
            ("appleiap/purchase", {"product_id": "gold", "price": "9" * (LONGEST_NUMBER + 1)}, "no whole"),
        ],
    )
    def test_a_form_with_something_else_says_so(self, call: str, given: dict[str, str], why: str) -> None:
        phone = next(one for one in PHONES if one.call == call)
        with pytest.raises(SimulatorError, match=why):
            body_of(phone, given)

    def test_what_is_left_empty_is_left_out(self) -> None:
        phone = next(one for one in PHONES if one.call == "wxpay-virtual/request-virtual-payment")
        info = {"mode": "m", "signData": "{}", "paySig": "p", "signature": "s"}
        given = {"openid": " o ", "orderInfo": json.dumps(info), "action": "", "other": "x"}
        assert body_of(phone, given) == {"openid": "o", **info}
