"""A front end of another origin: what a browser asks the front door, and is told."""

from __future__ import annotations

import pytest

from tests.vkpay_async.fake import Shop
from tests.vkpay_async.web.stacks import PREFIX, STACKS, Answer
from vkpay_async import ConfigError
from vkpay_async.web.front_door import FrontDoor

SHOP = "https://shop.example"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}
QUESTION = b'{"action":"pay/queryPayment","data":{"out_trade_no":"order_0001"}}'


async def ask(shop: Shop, stack: str, method: str, origin: str | None = SHOP, **more: str) -> Answer:
    door = FrontDoor(shop.pay, trust_client=True, origins=(SHOP, "http://[::1]:5173"))
    headers = {**({"Origin": origin} if origin else {}), **more}
    async with STACKS[stack](shop.pay, door) as call:
        return await call(method, f"{PREFIX}/", QUESTION if method == "POST" else b"", headers)


@pytest.mark.parametrize("stack", STACKS)
async def test_a_listed_origin_may_send_json_and_read_the_answer(shop_on_disk: Shop, stack: str) -> None:
    asked = await ask(shop_on_disk, stack, "OPTIONS", **PREFLIGHT)
    assert asked.status == 204
    assert asked.headers["access-control-allow-origin"] == SHOP
    assert asked.headers["access-control-allow-methods"] == "POST"
    assert asked.headers["access-control-allow-headers"] == "authorization,content-type"
    answer = await ask(shop_on_disk, stack, "POST")
    assert answer.status == 200
    assert b"order_0001" in answer.body
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert "Origin" in answer.headers["vary"]


async def test_a_refusal_can_be_read_too(shop_on_disk: Shop) -> None:
    answer = await ask(shop_on_disk, "aiohttp", "PUT")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (405, SHOP)


@pytest.mark.parametrize("origin", ["https://other.example", "null", "https://shop.example.evil", None])
async def test_no_other_origin_is_let_in(shop_on_disk: Shop, origin: str | None) -> None:
    asked = await ask(shop_on_disk, "aiohttp", "OPTIONS", origin, **PREFLIGHT)
    answer = await ask(shop_on_disk, "aiohttp", "POST", origin)
    assert asked.status == 403
    assert not [name for got in (asked, answer) for name in got.headers if name.startswith("access-control")]


async def test_only_names_of_headers_are_repeated(shop_on_disk: Shop) -> None:
    asked = await ask(
        shop_on_disk, "aiohttp", "OPTIONS", **{"Access-Control-Request-Headers": "x-a: 1; <script>"}
    )
    assert asked.headers["access-control-allow-headers"] == "content-type"


async def test_by_default_no_origin_is_let_in(shop_on_disk: Shop) -> None:
    door = FrontDoor(shop_on_disk.pay, trust_client=True)
    async with STACKS["aiohttp"](shop_on_disk.pay, door) as call:
        asked = await call("OPTIONS", f"{PREFIX}/", b"", {"Origin": SHOP, **PREFLIGHT})
        answer = await call("POST", f"{PREFIX}/", QUESTION, {"Origin": SHOP})
    assert asked.status == 405
    assert "access-control-allow-origin" not in answer.headers


async def test_the_notify_routes_are_for_providers_only(shop_on_disk: Shop) -> None:
    door = FrontDoor(shop_on_disk.pay, trust_client=True, origins=(SHOP,))
    async with STACKS["aiohttp"](shop_on_disk.pay, door) as call:
        asked = await call("OPTIONS", f"{PREFIX}/health", b"", {"Origin": SHOP, **PREFLIGHT})
    assert asked.status == 405


@pytest.mark.parametrize(
    "origin", ["*", "null", "shop.example", "https://shop.example/", "https://Shop.example", "ftp://a.example", ""]
)  # fmt: skip
def test_what_is_no_origin_is_said_at_the_start(shop: Shop, origin: str) -> None:
    with pytest.raises(ConfigError, match="is no origin"):
        FrontDoor(shop.pay, trust_client=True, origins=(origin,))


def test_one_origin_is_still_a_list(shop: Shop) -> None:
    with pytest.raises(ConfigError, match=r"origins=\('https://shop.example',\)"):
        FrontDoor(shop.pay, trust_client=True, origins=SHOP)
