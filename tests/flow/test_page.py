"""A person pays at the simulator's page, at every provider, and the shop ships."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

SHOPS = {
    "wxpay": "h5",
    "alipay": "h5",
    "vkspay": "h5",
    "huawei": "mp-harmony",
    "douyin": "mp-toutiao",
}


class Person:
    """Presses the page's buttons, as a browser would."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop
        self.url = shop.sim.url

    async def press(self, act: str, **fields: str) -> str:
        headers = {"Origin": self.url}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/_sim/page/{act}", data=fields, headers=headers) as page,
        ):
            text = await page.text()
            assert (page.status, page.method) == (200, "GET")
            assert '<section class="done">' in text, text
            return text

    async def page(self, provider: str = "") -> str:
        url = f"{self.url}/?provider={provider}"
        async with aiohttp.ClientSession() as session, session.get(url) as page:
            return await page.text()

    async def order(self, provider: str, platform: str, **more: Any) -> Any:
        asked = {"total_fee": 600, "is_pc": True if platform == "h5" else None} | more
        return await self.shop.pay.create_payment(
            provider=provider,
            platform=platform,
            out_trade_no="order_2026_0001",
            subject="Tea <b>500 g",
            type="goods",
            **asked,
        )

    async def refund_shown(self, provider: str) -> None:
        await self.shop.pay.refund(out_trade_no="order_2026_0001", refund_fee=100)
        shown = await self.page(provider)
        refunds = shown.partition("<h2>Refunds")[2].partition("<h2>Notifications")[0]
        assert "order_2026_0001-1" in refunds
        assert ">1.00<" in refunds


@pytest.fixture
def person(shop: Any) -> Person:
    return Person(shop)


async def shipped(person: Person) -> bool:
    await person.shop.pay.idle()
    return bool(person.shop.shipped == ["order_2026_0001"])


@pytest.mark.parametrize("provider", SHOPS)
async def test_an_order_is_paid_and_its_refund_is_shown(person: Person, provider: str) -> None:
    await person.order(provider, SHOPS[provider])
    unpaid = await person.page(provider)
    assert 'action="/_sim/page/pay"' in unpaid
    assert "<b>500" not in unpaid
    named = {"out_trade_no": "order_2026_0001", "provider": provider, "pid": "default"}
    await person.press("pay", **named)
    assert await shipped(person)
    assert 'action="/_sim/page/pay"' not in await person.page(provider)
    await person.refund_shown(provider)


async def test_the_wallet_can_be_chosen(person: Person) -> None:
    await person.order("vkspay", "h5")
    assert '<select name="channel"><option>wxpay</option><option>alipay</option>' in await person.page(
        "vkspay"
    )
    said = await person.press("pay", out_trade_no="order_2026_0001", channel="alipay")
    assert "&quot;pay_chnl&quot;: &quot;alipay&quot;" in said


async def test_alipays_app_pays_an_order_string(person: Person) -> None:
    payment = await person.order("alipay", "app-plus")
    text = payment.order_info.to_client()
    await person.press("phone", call="alipay/app-pay", order_string=text)
    assert await shipped(person)


async def test_huaweis_phone_pays(person: Person) -> None:
    payment = await person.order("huawei", "app-harmony")
    text = payment.order_info.to_client()
    await person.press("phone", call="huawei/request-payment", order_str=text, outcome="pay")
    assert await shipped(person)


async def test_douyins_phone_pays_in_the_older_system(person: Person) -> None:
    payment = await person.order("douyin", "mp-toutiao")
    info = json.dumps(payment.order_info.to_client())
    await person.press("phone", call="douyin/tt-pay", orderInfo=info, outcome="pay", way="alipay")
    assert await shipped(person)


async def test_douyins_phone_asks_for_an_order_of_the_newer_system(person: Person) -> None:
    payment = await person.order("douyin", "mp-toutiao", pid="certs")
    info = json.dumps(payment.order_info.to_client())
    await person.press("phone", call="douyin/request-order", orderInfo=info)
    await person.press("pay", out_trade_no="order_2026_0001", provider="douyin", pid="certs")
    assert await shipped(person)


async def test_virtual_payment_from_login_to_refund(person: Person) -> None:
    pay = person.shop.pay
    said = await person.press("login", appid=pay.provider("wxpay-virtual_mp-weixin").appid)
    code = said.partition("&quot;code&quot;: &quot;")[2].partition("&quot;")[0]
    login = await pay.code2session_weixin_mp(code=code, provider="wxpay-virtual")
    terms = {
        "mode": "short_series_goods",
        "buy_quantity": 1,
        "product_id": "vip30",
        "goods_price": 990,
    }
    payment = await person.order(
        "wxpay-virtual", "mp-weixin", openid=login.openid, total_fee=None, wxpay_virtual=terms
    )
    info = json.dumps(payment.order_info.to_client())
    await person.press(
        "phone",
        call="wxpay-virtual/request-virtual-payment",
        openid=login.openid,
        orderInfo=info,
        action="open",
    )
    await person.press("pay", out_trade_no="order_2026_0001", provider="wxpay-virtual")
    assert await shipped(person)
    await person.refund_shown("wxpay-virtual")


async def test_apple_sells_and_gives_back(person: Person) -> None:
    payment = await person.order("appleiap", "app-plus")
    token = payment.order_info.to_client()["appAccountToken"]
    bought = {"product_id": "gold", "app_account_token": token, "price": "6000", "pid": "default"}
    await person.press("phone", call="appleiap/purchase", environment="Sandbox", type="Consumable", **bought)
    assert await shipped(person)
    await person.press("phone", call="appleiap/refund", transaction_id=token)
    await person.shop.pay.idle()
    order = await person.shop.pay.orders.require("order_2026_0001")
    assert order.refund_fee == 600
    assert "REFUNDED" in (await person.page("appleiap")).partition("<h2>Refunds")[2]


async def test_huawei_sells_and_gives_back(person: Person) -> None:
    payment = await person.order("huaweiiap", "app-harmony")
    number = payment.order_info.to_client()["developerPayload"]
    bought = {"product_id": "gold", "developer_payload": number, "price": "600", "pid": "default"}
    await person.press("phone", call="huaweiiap/purchase", environment="NORMAL", **bought)
    assert await shipped(person)
    await person.press("phone", call="huaweiiap/refund", purchase=number)
    assert "order_2026_0001" in await person.page("huaweiiap")
    assert ">6.00<" in (await person.page("huaweiiap")).partition("<h2>Refunds")[2]
