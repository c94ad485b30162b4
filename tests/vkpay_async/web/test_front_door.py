"""The vk-pay function as front ends call it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from tests.vkpay_async.fake import SECRET, Shop
from vkpay_async import ConfigError, VKPayError
from vkpay_async.errors import InsufficientFunds
from vkpay_async.web.exchange import Reply, Request
from vkpay_async.web.front_door import FrontDoor
from vkpay_async.web.rate_limit import RateLimit

PC = "Mozilla/5.0 (Windows NT 10.0)"
ORDER = {"out_trade_no": "order_0001", "total_fee": 19900, "subject": "茶", "type": "goods"}
CREATE = {"vk_platform": "h5", "provider": "wxpay", "data": ORDER}


async def say(
    door: FrontDoor, body: Any, *, query: str = "", peer: str | None = "203.0.113.9", **headers: str
) -> Reply:
    request = Request(
        method="POST",
        path="/",
        full_path="/pay/",
        query=query,
        headers={"user-agent": PC, **{k.replace("_", "-"): v for k, v in headers.items()}},
        peer=peer,
    )
    return await door.answer(request, body if isinstance(body, bytes) else msgspec.json.encode(body))


async def ask(door: FrontDoor, action: str, data: Any = None, **more: Any) -> dict[str, Any]:
    reply = await say(door, {"action": action, "data": data}, **more)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    said: dict[str, Any] = msgspec.json.decode(reply.body)
    return said


@pytest.fixture
def door(shop: Shop) -> FrontDoor:
    return FrontDoor(shop.pay, trust_client=True)


@pytest.mark.parametrize(
    ("body", "code", "msg"),
    [
        ({}, -1, "action不能为空"),
        (b"", -1, "action不能为空"),
        ({"action": ""}, -1, "action不能为空"),
        ({"action": "/"}, -1, "action不能为空"),
        ({"action": 7}, -1, "action不能为空"),
        ({"action": "pay/../pay/refund"}, -1, "action must not contain .."),
        ({"action": "pay-notify/goods"}, -1, "禁止访问"),
        ({"action": "service/pay-notify/goods"}, -1, "禁止访问"),
        ({"action": "pay/nothing"}, 404, "there is no action 'pay/nothing'"),
        ({"action": "pay/refund", "data": {"out_trade_no": "order_0001"}}, 404, "there is no action 'pay/refund'"),
        ({"action": "pay/queryRefund"}, 404, "there is no action 'pay/queryRefund'"),
        ({"action": "pay/transfer/transferWxpay"}, 404, "there is no action 'pay/transfer/transferWxpay'"),
        ({"action": "pay/queryPayment", "data": []}, 1001, "out_trade_no must be a non-empty string"),
        ({"action": "pay/queryPayment", "data": "x"}, -1, "data must be a JSON object"),
        (b"[1]", -1, "the body must be JSON"),
        (b"{", -1, "the body must be JSON"),
        (b"\xff\xfe", -1, "the body must be JSON"),
        (b"action=pay/createPayment", -1, "the body must be JSON"),
        (b'{"action":' + b"[" * 5000, -1, "the body must be JSON"),
        ({"isBase64Encoded": True, "body": '{"action": "x"}'}, -1, "is not base64"),
    ],
)  # fmt: skip
async def test_what_is_no_action_is_answered_as_vk_answers(
    door: FrontDoor, body: Any, code: int, msg: str
) -> None:
    reply = await say(door, body)
    said = msgspec.json.decode(reply.body)
    assert (reply.status, said["code"]) == (200, code)
    assert msg in said["msg"]
    assert (said.get("errMsg") == said["msg"]) is (code == 404)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"vk_platform": "h5", "data": ORDER}, 1005),
        ({"vk_platform": "h5", "provider": "cash", "data": ORDER}, 1005),
        ({"vk_platform": "h5", "provider": ["wxpay"], "data": ORDER}, 1005),
        ({"provider": "wxpay", "data": ORDER}, 1011),
        ({**CREATE, "data": {**ORDER, "out_trade_no": 7}}, 1001),
        ({**CREATE, "data": {**ORDER, "type": ""}}, 1002),
        ({**CREATE, "data": {**ORDER, "total_fee": "19900"}}, 1003),
        ({**CREATE, "data": {**ORDER, "total_fee": 199.5}}, 1003),
        ({**CREATE, "data": {**ORDER, "total_fee": True}}, 1003),
        ({**CREATE, "data": {**ORDER, "total_fee": -1}}, 1003),
        ({**CREATE, "data": {**ORDER, "subject": None}}, 1004),
        ({**CREATE, "vk_platform": "mp-weixin"}, 1006),
        ({**CREATE, "vk_platform": ["h5"]}, -1),
        ({**CREATE, "data": {**ORDER, "custom": [1]}}, -1),
        ({**CREATE, "data": {**ORDER, "openid": 7}}, -1),
        ({**CREATE, "needQRcode": "pdf"}, -1),
        ({}, 1005),
    ],
)  # fmt: skip
async def test_arguments_are_refused_with_vks_numbers(door: FrontDoor, data: Any, code: int) -> None:
    assert (await ask(door, "pay/createPayment", data))["code"] == code


@pytest.mark.parametrize(
    ("data", "query"),
    [
        (CREATE, ""),
        ({"platform": "web", "provider": "wxpay", **ORDER}, ""),
        ({"provider": "wxpay", "data": ORDER}, "vk_platform=h5"),
        ({"provider": "wxpay", "needQRcode": True, "data": ORDER}, ""),
        ({"data": ORDER}, "vk_platform=h5&provider=wxpay&isPC=true"),
        ({**CREATE, "isPC": True, "needQRcode": None}, "provider=alipay"),
        ({**CREATE, "is_pc": True, "isPC": False}, ""),
        ({"vk_platform": "h5", "provider": "wxpay", "outTradeNo": "order_0001", "totalFee": 19900,
          "subject": "茶", "type": "goods"}, ""),
    ],
)  # fmt: skip
async def test_a_payment_in_every_spelling(door: FrontDoor, shop: Shop, data: Any, query: str) -> None:
    said = await ask(door, "pay/createPayment", data, query=query)
    assert (said["code"], said["pay_type"], said["out_trade_no"]) == (0, "wxpay_h5", "order_0001")
    assert said["orderInfo"] == {"codeUrl": "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}
    assert shop.bank.last("create").total_fee == 19900


async def test_the_context_is_the_connections(door: FrontDoor, shop: Shop) -> None:
    data = {**CREATE, "vk_appid": "__UNI__1", "client_ip": "1.1.1.1", "context": {"CLIENTIP": "1.1.1.1"}}
    await ask(door, "pay/createPayment", data, x_forwarded_for="2.2.2.2")
    order = await shop.pay.orders.require("order_0001")
    assert (order.client_ip, order.appid, order.platform) == ("203.0.113.9", "__UNI__1", "h5")
    assert (order.stat_data or {})["ua"] == PC


async def test_the_platform_may_stand_in_a_header(door: FrontDoor) -> None:
    said = await ask(door, "pay/createPayment", {"provider": "wxpay", "data": ORDER}, vk_platform="h5")
    assert said["platform"] == "h5"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda body: body,
        base64.b64encode,
        lambda body: b"\n" + base64.b64encode(body) + b"\r\n",
        lambda body: msgspec.json.encode({"isBase64Encoded": True, "body": base64.b64encode(body).decode()}),
        lambda body: msgspec.json.encode({"isBase64Encoded": False, "body": body.decode()}),
        lambda body: body.replace(b'"action"', b'"$url"'),
    ],
)
async def test_a_body_in_every_wrapping(door: FrontDoor, wrap: Any) -> None:
    body = msgspec.json.encode({"action": "/pay/createPayment", "data": CREATE})
    assert msgspec.json.decode((await say(door, wrap(body))).body)["code"] == 0


async def test_a_payment_is_asked_after_until_it_is_paid(door: FrontDoor, shop: Shop) -> None:
    shop.listen()
    await ask(door, "pay/createPayment", CREATE)
    unpaid = await ask(door, "pay/queryPayment", {"out_trade_no": "order_0001"})
    assert (unpaid["code"], unpaid["orderPaid"], unpaid["trade_state"]) == (-1, False, "NOTPAY")
    await shop.notify()
    shop.paid_at_bank()
    query = {"outTradeNo": "order_0001", "await_notify": "true", "awaitMaxTime": 5, "pay_order_info": True}
    paid = await ask(door, "pay/queryPayment", query)
    assert (paid["code"], paid["orderPaid"], paid["user_order_success"]) == (0, True, True)
    assert paid["payOrder"]["total_fee"] == 19900
    assert (await ask(door, "pay/queryPayment", {"out_trade_no": "order_0002"}))["code"] == 2001


async def test_amounts_need_somebody_who_knows_them(shop: Shop) -> None:
    with pytest.raises(ConfigError, match="amounts must not come from the client"):
        FrontDoor(shop.pay)
    with pytest.raises(ConfigError, match="money must not leave unasked"):
        FrontDoor(shop.pay, trust_client=True, allow={"pay/refund"})
    with pytest.raises(ConfigError, match="allow takes a set of pay/refund,"):
        FrontDoor(shop.pay, trust_client=True, allow={"pay/refunds"})
    with pytest.raises(ConfigError, match="allow takes a set"):
        FrontDoor(shop.pay, trust_client=True, allow="pay/refund")


async def test_the_application_decides_on_the_arguments(shop: Shop) -> None:
    seen: list[Any] = []

    async def authorize(
        action: str, arguments: dict[str, Any], headers: Mapping[str, str]
    ) -> Mapping[str, Any]:
        seen.append((action, dict(arguments), headers["authorization"]))
        return {**arguments, "total_fee": 5, "user_id": "u1", "other": {"attach": "a"}}

    data = {
        **CREATE,
        "goods": "g1",
        "data": {
            **ORDER,
            "total_fee": 1,
            "user_id": "root",
            "userId": "root",
            "sub_mchid": "99",
            "other": {"royalty_info": "mine"},
        },
    }
    body = {"action": "pay/createPayment", "data": data, "uniIdToken": "t"}
    reply = await say(FrontDoor(shop.pay, authorize=authorize), body, authorization="Bearer 7")
    assert msgspec.json.decode(reply.body)["total_fee"] == 5
    sent, order = shop.bank.last("create"), await shop.pay.orders.require("order_0001")
    assert (sent.total_fee, sent.other, sent.sub_mchid, order.user_id) == (5, {"attach": "a"}, None, "u1")
    action, arguments, token = seen[0]
    assert (action, token, arguments["uniIdToken"]) == ("pay/createPayment", "Bearer 7", "t")
    assert arguments["goods"] == "g1"
    assert arguments["total_fee"] == 1
    assert {"user_id", "sub_mchid", "other"} & arguments.keys() == set()


async def test_the_application_may_refuse(shop: Shop) -> None:
    async def authorize(*_: Any) -> Mapping[str, Any]:
        raise VKPayError("please sign in", code=401)

    said = await ask(FrontDoor(shop.pay, authorize=authorize), "pay/createPayment", CREATE)
    assert said == {"code": 401, "msg": "please sign in"}
    assert shop.bank.count()["create"] == 0


async def test_a_name_that_nobody_takes_is_the_applications_mistake(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    async def authorize(_: str, arguments: dict[str, Any], __: Mapping[str, str]) -> Mapping[str, Any]:
        return {**arguments, "total_fees": 5}

    said = await ask(FrontDoor(shop.pay, authorize=authorize), "pay/createPayment", CREATE)
    assert said["code"] == 500
    assert "does not take: total_fees" in caplog.text
    assert shop.bank.count()["create"] == 0


async def let(_: str, arguments: dict[str, Any], __: Mapping[str, str]) -> Mapping[str, Any]:
    return arguments


async def test_money_goes_out_where_it_was_allowed(shop: Shop) -> None:
    allow = {
        "pay/refund",
        "pay/queryRefund",
        "pay/transfer",
        "pay/transfer/transferAlipay",
        "pay/transfer/transferWxpay",
    }
    door = FrontDoor(shop.pay, authorize=let, allow=allow)
    await shop.paid()
    said = await ask(door, "pay/refund", {"out_trade_no": "order_0001", "refundFee": 500})
    assert (said["code"], said["refundFee"]) == (0, 500)
    said = await ask(door, "pay/queryRefund", {"out_trade_no": "order_0001"})
    assert (said["code"], said["orderInfo"]["refund_fee"]) == (0, 500)
    assert (await ask(door, "pay/queryRefund"))["code"] == 1001
    assert (await ask(door, "pay/refund", {"out_trade_no": "order_0001", "refund_fee": 0}))["code"] == -1

    for action, provider in (("pay/transfer", "wxpay"), ("pay/transfer/transferWxpay", None)):
        data = {"provider": provider, "out_bill_no": "B1", "transfer_amount": 100, "openid": "o", "x": 1}
        assert (await ask(door, action, data))["options"]["package"] == "p"
    data = {"outBizNo": "B2", "amount": 100, "account": "a@b.example", "real_name": "Li"}
    assert (await ask(door, "pay/transfer/transferAlipay", data))["code"] == 0
    assert shop.bank.last("transfer").payee_info.identity == "a@b.example"
    assert (await ask(door, "pay/transfer", {}))["code"] == 1005


@pytest.mark.parametrize(
    ("action", "node"),
    [
        ("pay/code2SessionWeixin", "wxpay.mp-weixin"),
        ("pay/code2SessionWeixinMP", "wxpay.mp-weixin"),
        ("pay/code2SessionWeixinH5", "wxpay.h5-weixin"),
        ("pay/code2SessionAlipay", "alipay.mp-alipay"),
    ],
)
async def test_a_user_is_logged_in_and_told_no_secret(
    door: FrontDoor, shop: Shop, action: str, node: str
) -> None:
    reply = await say(door, {"action": action, "data": {"code": "c0de"}})
    said = msgspec.json.decode(reply.body)
    assert shop.bank.last("code2session") == (f"config: {node}", "c0de")
    assert (said.pop("code"), said.pop("openid")) == (0, "payer")
    assert said.keys() <= {"msg", "unionid"}
    assert SECRET.encode() not in reply.body


@pytest.mark.parametrize("data", [None, {}, {"code": ""}, {"code": 7}, {"code": ["c"]}])
async def test_a_login_without_a_code(door: FrontDoor, shop: Shop, data: Any) -> None:
    for action in ("pay/code2SessionWeixin", "pay/code2SessionWeixinH5", "pay/code2SessionAlipay"):
        assert (await ask(door, action, data))["code"] == 1013
    assert shop.bank.calls == []


async def test_the_application_has_a_say_in_logins(shop: Shop) -> None:
    async def authorize(action: str, arguments: dict[str, Any], _: Mapping[str, str]) -> Mapping[str, Any]:
        return {**arguments, "pid": {"pay/code2SessionWeixin": "shop7"}[action]}

    door = FrontDoor(shop.pay, authorize=authorize)
    await ask(door, "pay/code2SessionWeixin", {"code": "c0de", "pid": "shop8"})
    assert shop.bank.last("code2session") == ("config: merchants.shop7.wxpay.mp-weixin", "c0de")


async def test_the_balance_is_told_where_it_was_allowed(door: FrontDoor, shop: Shop) -> None:
    assert (await ask(door, "pay/queryAccountBalance", {"provider": "alipay"}))["code"] == 404
    door = FrontDoor(shop.pay, authorize=let, allow={"pay/queryAccountBalance"})
    said = await ask(door, "pay/queryAccountBalance", {"provider": "alipay", "platform": "h5"})
    assert said == {"code": 0, "msg": "ok", "availableAmount": 12.34, "freezeAmount": 0}
    assert (await ask(door, "pay/queryAccountBalance", {}))["code"] == 1005


async def test_what_is_left_out_of_allow_stays_shut(shop: Shop) -> None:
    door = FrontDoor(shop.pay, authorize=let, allow={"pay/queryRefund"})
    assert (await ask(door, "pay/refund", {"out_trade_no": "order_0001"}))["code"] == 404


async def test_the_providers_no_is_passed_on(door: FrontDoor, shop: Shop) -> None:
    shop.bank.fail("create", InsufficientFunds(provider="wxpay", code="NOT_ENOUGH", message="余额不足"))
    assert await ask(door, "pay/createPayment", CREATE) == {"code": "NOT_ENOUGH", "msg": "余额不足"}


async def test_what_breaks_inside_stays_inside(
    door: FrontDoor, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.bank.fail("create", RuntimeError(f"password {SECRET}"))
    said = await ask(door, "pay/createPayment", CREATE)
    assert said["code"] == 500
    assert SECRET not in str(said)
    assert "the front door failed" in caplog.text


async def test_a_configuration_that_is_wrong_is_told_to_the_log(
    door: FrontDoor, caplog: pytest.LogCaptureFixture
) -> None:
    said = await ask(door, "pay/createPayment", {**CREATE, "data": {**ORDER, "pid": "shop-8"}})
    assert said == {"code": -1, "msg": "payments are not configured correctly; see the server's log"}
    assert "shop-8" in caplog.text


async def test_a_large_body_is_refused(shop: Shop) -> None:
    door = FrontDoor(shop.pay, trust_client=True, max_body=100)
    reply = await say(door, b"x" * 101)
    assert (reply.status, msgspec.json.decode(reply.body)["code"]) == (413, 413)


async def test_payments_are_rationed_by_client(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    now = [100.0]
    limit = RateLimit(burst=2, per_second=0.5)
    door = FrontDoor(shop.pay, trust_client=True, rate_limit=limit, clock=lambda: now[0])
    create = {"action": "pay/createPayment", "data": CREATE}
    assert [(await say(door, create, x_forwarded_for="9.9.9.9")).status for _ in range(3)] == [200, 200, 429]
    refused = await say(door, create, x_forwarded_for="8.8.8.8")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "2")
    assert msgspec.json.decode(refused.body)["code"] == 429
    assert caplog.text.count("proxies is 0") == 1
    assert (await say(door, create, peer="198.51.100.7")).status == 200
    assert (await say(door, create, peer=None)).status == 200
    query = {"action": "pay/queryPayment", "data": {"out_trade_no": "order_0001"}}
    assert (await say(door, query)).status == 200
    now[0] += 2
    assert [(await say(door, create)).status for _ in range(2)] == [200, 429]
    login = {"action": "pay/code2SessionWeixin", "data": {"code": "c"}}
    assert [(await say(door, login, peer="192.0.2.1")).status for _ in range(3)] == [200, 200, 429]


async def test_rationing_can_be_left_to_others(shop: Shop) -> None:
    door = FrontDoor(shop.pay, trust_client=True, rate_limit=None)
    assert {(await say(door, {"action": "pay/createPayment", "data": CREATE})).status for _ in range(30)} == {
        200
    }


class TestPurchases:
    """What an app has bought at Apple, as vk-uni-pay's front ends bring it."""

    async def test_arguments_are_checked_as_vk_checks_them(self, door: FrontDoor, shop: Shop) -> None:
        await shop.order()
        for data, code in (
            ({}, 1001),
            ({"out_trade_no": "order_0001"}, 1014),
            ({"out_trade_no": "order_0001", "transaction_receipt": "r"}, 1015),
            ({"out_trade_no": "nothing", "transaction_receipt": "r", "transaction_identifier": "1"}, 2001),
        ):
            assert (await ask(door, "pay/appleiap/verifyReceipt", data))["code"] == code

    async def test_an_order_that_nothing_is_bought_for(self, door: FrontDoor, shop: Shop) -> None:
        await shop.order()
        data = {"out_trade_no": "order_0001", "signed_transaction": "a.b.c"}
        said = await ask(door, "pay/appleiap/verifyReceipt", data)
        assert (said["code"], "query_payment" in said["msg"]) == (-1, True)
