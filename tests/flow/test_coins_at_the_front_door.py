"""A mini program's users log in and use their coins over HTTP, where the application has let them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from vkpay_async import VKPayError
from vkpay_async.web.aiohttp import vkpay_app
from vkpay_async.web.front_door import FrontDoor
from vkpay_async.web.rate_limit import RateLimit

COINS = {
    f"pay/wxpayVirtual/{name}"
    for name in ("queryUserBalance", "currencyPay", "cancelCurrencyPay", "presentCurrency")
}
DAILY = 50
"""What the application presents a day; a client has no say in it."""


class Visitor:
    """A front end with one user: ``token`` is what the application knows the user by."""

    def __init__(self, http: TestClient[Any, Any], users: dict[str, str]) -> None:
        self._http = http
        self._users = users

    async def __call__(self, action: str, token: str | None = "t1", **data: Any) -> dict[str, Any]:
        headers = {"authorization": token} if token else {}
        body = {"action": action, "data": data}
        async with self._http.post("/pay", json=body, headers=headers) as response:
            said: dict[str, Any] = await response.json()
            return said

    async def log_in(self, code: str, token: str = "t1") -> str:
        said = await self("pay/code2SessionWeixin", None, code=code, provider="wxpay-virtual")
        assert said.keys() <= {"code", "msg", "openid", "unionid"}
        self._users[token] = said["openid"]
        return str(said["openid"])


async def let(_: str, arguments: dict[str, Any], __: Mapping[str, str]) -> Mapping[str, Any]:
    return arguments


def opened(shop: Any, **options: Any) -> TestClient[Any, Any]:
    app = web.Application()
    app.add_subapp("/pay", vkpay_app(shop.pay, front_door=FrontDoor(shop.pay, **options), jobs=False))
    return TestClient(TestServer(app))


@pytest.fixture
async def visitor(shop: Any) -> AsyncIterator[Visitor]:
    users: dict[str, str] = {}

    async def authorize(
        action: str, arguments: dict[str, Any], headers: Mapping[str, str]
    ) -> Mapping[str, Any]:
        if action.startswith("pay/code2Session"):
            return arguments
        token = headers.get("authorization", "")
        if token not in users:
            raise VKPayError("sign in first", code=401)
        if action == "pay/wxpayVirtual/presentCurrency":
            arguments["amount"] = DAILY
        return {**arguments, "openid": users[token]}

    async with opened(shop, authorize=authorize, allow=COINS) as http:
        yield Visitor(http, users)


@pytest.fixture
async def user(shop: Any, visitor: Visitor) -> str:
    return await visitor.log_in(shop.sim.login(shop.pay.provider("wxpay-virtual_mp-weixin").appid)["code"])


async def test_coins_are_presented_spent_and_given_back(visitor: Visitor, user: str) -> None:
    given = await visitor("pay/wxpayVirtual/presentCurrency", amount=99999, outTradeNo="gift_20261128")
    assert (given["code"], given["balance"], given["presentBalance"]) == (0, DAILY, DAILY)
    again = await visitor("pay/wxpayVirtual/presentCurrency", outTradeNo="gift_20261128")
    assert (again["code"], again["repeated"]) == (0, True)

    spent = await visitor("pay/wxpayVirtual/currencyPay", amount=30, outTradeNo="chapter_0007")
    assert (spent["code"], spent["outTradeNo"], spent["usedPresentAmount"]) == (0, "chapter_0007", 30)
    back = await visitor(
        "pay/wxpayVirtual/cancelCurrencyPay",
        amount=30,
        outTradeNo="chapter_0007",
        outRefundNo="chapter_0007_r",
    )
    assert (back["code"], back["outRefundNo"]) == (0, "chapter_0007_r")

    balance = await visitor("pay/wxpayVirtual/queryUserBalance")
    assert (balance["code"], balance["balance"], balance["firstSaveFlag"]) == (0, DAILY, True)


async def test_the_user_and_the_address_are_not_the_clients_word(
    shop: Any, visitor: Visitor, user: str
) -> None:
    await visitor("pay/wxpayVirtual/presentCurrency", outTradeNo="gift_20261128")
    other = await visitor.log_in(
        shop.sim.login(shop.pay.provider("wxpay-virtual_mp-weixin").appid)["code"], "t2"
    )
    assert other != user
    said = await visitor("pay/wxpayVirtual/queryUserBalance", "t2", openid=user, userIp="8.8.8.8")
    assert (said["code"], said["balance"]) == (0, 0)
    (asked,) = (one for one in shop.sim.journal() if "query_user_balance" in one.target)
    assert "127.0.0.1" in asked.request_body
    assert "8.8.8.8" not in asked.request_body


async def test_who_has_not_signed_in_learns_nothing(visitor: Visitor, user: str) -> None:
    for action in COINS:
        said = await visitor(action, "nobody", openid=user, amount=1, outTradeNo="n" * 8)
        assert said == {"code": 401, "msg": "sign in first"}


@pytest.mark.parametrize(
    ("action", "data", "code"),
    [
        ("currencyPay", {"outTradeNo": "chapter_0007"}, 1008),
        ("currencyPay", {"outTradeNo": "chapter_0007", "amount": "30"}, 1008),
        ("currencyPay", {"amount": 30}, -1),
        ("currencyPay", {"amount": 31, "outTradeNo": "chapter_0007"}, "268490006"),
        ("cancelCurrencyPay", {"amount": 1, "outTradeNo": "chapter_0007"}, -1),
        ("presentCurrency", {}, -1),
    ],
)
async def test_what_is_wrong_is_told(
    visitor: Visitor, user: str, action: str, data: dict[str, Any], code: Any
) -> None:
    assert (await visitor(f"pay/wxpayVirtual/{action}", **data))["code"] == code


async def test_coins_are_shut_unless_they_are_named(shop: Any) -> None:
    async with opened(shop, authorize=let, allow={"pay/wxpayVirtual/queryUserBalance"}) as http:
        visitor = Visitor(http, {})
        for action in COINS - {"pay/wxpayVirtual/queryUserBalance"}:
            assert (await visitor(action))["code"] == 404
        assert (await visitor("pay/wxpayVirtual/queryUserBalance"))["code"] == 1006
        assert (await visitor("pay/wxpayVirtual/queryUserBalance", openid="nobody"))["code"] == 268490009


async def test_balances_are_rationed(shop: Any) -> None:
    limit = RateLimit(burst=1, per_second=0.001)
    async with opened(shop, authorize=let, allow=COINS, rate_limit=limit) as http:
        body = {"action": "pay/wxpayVirtual/queryUserBalance", "data": {"openid": "o"}}
        assert [(await http.post("/pay", json=body)).status for _ in range(2)] == [200, 429]


async def test_a_user_of_douyin_logs_in(shop: Any, visitor: Visitor) -> None:
    user = shop.sim.login(shop.sim.merchant()["douyin"]["mp-toutiao"]["appId"])
    said = await visitor("pay/code2SessionDouyin", None, code=user["code"])
    assert (said["code"], said["openid"]) == (0, user["openid"])
    assert said.keys() <= {"code", "msg", "openid", "unionid"}
