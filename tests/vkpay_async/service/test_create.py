"""create_payment: what is refused before anything is sent, what is kept, and what the front end gets."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.vkpay_async.fake import ORDER_INFO, SECRET, START_MS, Bank, Clock, Shop, not_found, open_shop
from vkpay_async import (
    ConfigError,
    InvalidArgument,
    NotifyUrlMissing,
    OrderConflict,
    ProviderError,
    TransportOutcomeUnknown,
    VKPayError,
)
from vkpay_async.order import ORDER_FIELDS
from vkpay_async.pay_type import split_pay_type
from vkpay_async.qr import qr_png

MINUTE = 60_000
JSAPI = {"platform": "mp-weixin", "is_pc": None}


async def refused(shop: Shop, code: int, error: type[VKPayError] = InvalidArgument, **wrong: Any) -> str:
    number = wrong.pop("out_trade_no", "order_0001")
    with pytest.raises(error) as caught:
        await shop.order(number, **wrong)
    assert caught.value.code == code
    assert caught.value.to_client()["code"] == code
    assert shop.bank.calls == []
    assert (await shop.pay.orders.list()).total == 0
    return str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        *(
            ({"out_trade_no": value}, 1001)
            for value in ("", "  ", None, 5, "short", "x" * 33, "a b c d", "订单000001")
        ),
        *(({"out_trade_no": value, "provider": "alipay"}, 1001) for value in ("", None, "x" * 65, "a|bcdef")),
        *(({"type": value}, 1002) for value in ("", " ", None, 5)),
        *(({"total_fee": value}, 1003) for value in (0, -1, 1.0, "1", None, True)),
        *(({"subject": value}, 1004) for value in ("", " ", None, 5)),
        *(({"provider": value}, 1005) for value in ("", " ", None, 5, "paypal")),
        *(({**JSAPI, "openid": value}, 1006) for value in ("", None)),
        ({"platform": "h5-weixin", "is_pc": None}, 1006),
        ({"provider": "alipay", "platform": "mp-alipay"}, 1006),
        *(({"platform": value}, 1011) for value in ("", None)),
        ({"platform": "mp-alipay"}, -1),
        ({"product": "page"}, -1),
    ],
)
async def test_a_wrong_argument_is_refused_with_its_number(
    shop: Shop, wrong: dict[str, Any], code: int
) -> None:
    assert await refused(shop, code, **wrong)


@pytest.mark.parametrize("notify_url", ["", "shop.example/pay", {}, {"mp-1": "x", "mp-2": "y"}])
async def test_no_address_for_notifications_is_101(bank: Bank, clock: Clock, notify_url: Any) -> None:
    shop = open_shop(bank, clock, "sqlite://", notify_url=notify_url)
    async with shop.pay:
        await refused(shop, 101, NotifyUrlMissing)


async def test_a_merchant_that_is_not_there(shop: Shop) -> None:
    assert "there are: default, shop7" in await refused(shop, -1, ConfigError, pid="shop8")


async def test_a_node_that_is_not_there_is_named(shop: Shop) -> None:
    text = await refused(shop, -1, ConfigError, pid="shop7", provider="alipay", auth_code="28763443825664394")
    assert "add [merchants.shop7.alipay.codepay]" in text


@pytest.mark.parametrize("name", sorted(ORDER_FIELDS - {"user_id", "nickname"}))
async def test_custom_must_not_hide_the_orders_own_fields(shop: Shop, name: str) -> None:
    assert name in await refused(shop, -1, custom={name: 1, "fine": 2})


async def test_custom_may_say_who_buys_unless_the_arguments_say_otherwise(shop: Shop) -> None:
    await refused(shop, -1, custom={"user_id": "u1"}, user_id="u2")
    await shop.order(custom={"user_id": "u1", "nickname": "Ming"}, user_id="u1")


@pytest.mark.parametrize(
    ("arguments", "ahead"),
    [
        ({}, MINUTE),
        ({**JSAPI, "openid": "o"}, 5 * MINUTE),
        ({"platform": "app", "is_pc": None}, 5 * MINUTE),
        ({"is_pc": False}, 5 * MINUTE),
        ({"provider": "alipay"}, 1_000),
    ],
)
async def test_the_payer_needs_some_time(shop: Shop, arguments: dict[str, Any], ahead: int) -> None:
    text = await refused(shop, -1, time_expire=START_MS + ahead - 1, **arguments)
    assert f"at least {ahead // 1000} s ahead" in text
    await shop.order(time_expire=START_MS + ahead, **arguments)
    assert shop.bank.last("create").time_expire == START_MS + ahead


@pytest.mark.parametrize("value", ["2026-11-21", 1.5, True, ""])
async def test_a_deadline_is_in_milliseconds(shop: Shop, value: Any) -> None:
    assert "milliseconds" in await refused(shop, -1, time_expire=value)


async def test_only_listed_users_may_create_payments(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", userWhitelist=["u1"])
    async with shop.pay:
        for user_id in (None, "u2"):
            assert "user_whitelist" in await refused(shop, -1, user_id=user_id)
        await shop.order(user_id="u1")


ROWS = [
    ("wxpay_mp-weixin", {**JSAPI, "openid": "o"}),
    ("wxpay_h5-weixin", {"platform": "h5-weixin", "is_pc": None, "openid": "o"}),
    ("wxpay_app-plus", {"platform": "app"}),
    ("wxpay_h5", {"is_pc": True}),
    ("wxpay_h5", {"platform": "mp-weixin", "need_qrcode": True}),
    ("wxpay_mweb", {"is_pc": False}),
    ("wxpay_codepay", {"auth_code": "134567890123456789", "store_id": "1"}),
    ("alipay_h5", {"provider": "alipay"}),
    ("alipay_h5", {"provider": "alipay", "platform": "web", "is_pc": False}),
    ("alipay_app-plus", {"provider": "alipay", "platform": "app-plus"}),
    ("alipay_h5", {"provider": "alipay", "platform": "app-plus", "alipay_app_pay_to_h5_pay": True}),
    ("alipay_mp-alipay", {"provider": "alipay", "platform": "mp-alipay", "openid": "2088"}),
    ("alipay_mp-alipay", {"provider": "alipay", "platform": "mp-alipay", "other": {"op_buyer_open_id": "1"}}),
    ("alipay_page", {"provider": "alipay", "product": "page"}),
    ("alipay_wap", {"provider": "alipay", "product": "wap"}),
    ("alipay_codepay", {"provider": "alipay", "auth_code": "28763443825664394"}),
]


@pytest.mark.parametrize(("pay_type", "arguments"), ROWS)
async def test_the_front_end_gets_the_keys_it_knows(
    shop: Shop, pay_type: str, arguments: dict[str, Any]
) -> None:
    payment = await shop.order(**arguments)
    assert payment.order_info == ORDER_INFO[pay_type]
    assert payment.to_client() == {
        "code": 0,
        "msg": "ok",
        "provider": split_pay_type(pay_type)[0],
        "pay_type": pay_type,
        "out_trade_no": "order_0001",
        "total_fee": 19900,
        "platform": arguments.get("platform", "h5"),
        "needQRcode": bool(arguments.get("need_qrcode")),
        "orderInfo": ORDER_INFO[pay_type].to_client(),
    }


@pytest.mark.parametrize(
    ("pay_type", "client"),
    [
        (
            "wxpay_mp-weixin",
            {
                "appId": "wx1",
                "timeStamp": "1767196800",
                "timestamp": "1767196800",
                "nonceStr": "n",
                "package": "prepay_id=p",
                "signType": "RSA",
                "paySign": "s",
            },
        ),
        (
            "wxpay_app-plus",
            {
                "appid": "wx1",
                "partnerid": "1900000001",
                "prepayid": "p",
                "package": "Sign=WXPay",
                "noncestr": "n",
                "timestamp": "1767196800",
                "sign": "s",
            },
        ),
        ("wxpay_h5", {"codeUrl": "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}),
        ("wxpay_mweb", {"h5Url": "https://wx.example/h5?prepay_id=p"}),
        ("wxpay_codepay", {"tradeState": "SUCCESS", "tradeStateDesc": "ok", "transactionId": "t"}),
        ("alipay_app-plus", "app_id=2021&sign=s"),
        ("alipay_mp-alipay", "20260101"),
        ("alipay_page", {"h5Url": "https://gateway.example/page"}),
    ],
)
def test_order_info_has_the_shape_its_pay_type_needs(pay_type: str, client: Any) -> None:
    assert ORDER_INFO[pay_type].to_client() == client


async def test_a_picture_of_the_code(shop: Shop) -> None:
    payment = await shop.order(need_qrcode="image")
    client = payment.to_client()
    head, _, data = client["qrcodeImage"].partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) == qr_png(client["orderInfo"]["codeUrl"])
    assert client["needQRcode"] is True


@pytest.mark.parametrize("arguments", [{"need_qrcode": True}, {"need_qrcode": "image", "auth_code": "1345"}])
async def test_no_picture_where_none_was_asked_for_or_there_is_no_code(
    shop: Shop, arguments: dict[str, Any]
) -> None:
    assert "qrcodeImage" not in (await shop.order(**arguments)).to_client()


async def test_the_provider_gets_what_it_needs_and_no_more(shop: Shop) -> None:
    await shop.order(
        **JSAPI,
        openid="o",
        body="two boxes",
        client_ip="203.0.113.7",
        store_id="s1",
        return_url="https://shop.example/back",
        profit_sharing=True,
        sub_appid="wx9",
        sub_mchid="1900000109",
        app_auth_token=SECRET,
        custom={"goods_id": "g1"},
        other={"attach": "x"},
        user_id="u1",
        nickname="Ming",
    )
    order = shop.bank.last("create")
    assert order.notify_url == "https://shop.example/pay/vk-pay-notify/wxpay_mp-weixin/order_0001"
    assert (order.subject, order.body, order.openid, order.client_ip) == (
        "Tea",
        "two boxes",
        "o",
        "203.0.113.7",
    )
    assert (order.store_id, order.return_url, order.profit_sharing) == (
        "s1",
        "https://shop.example/back",
        True,
    )
    assert (order.sub_appid, order.sub_mchid, order.app_auth_token) == ("wx9", "1900000109", SECRET)
    assert order.other == {"attach": "x"}
    assert "g1" not in repr(order)
    assert SECRET not in repr(order)


async def test_a_forced_code_needs_and_sends_no_openid(shop: Shop) -> None:
    await shop.order(platform="mp-weixin", need_qrcode=True, openid="o")
    assert shop.bank.last("create").openid is None


async def test_the_order_is_kept_as_it_was_made(shop: Shop) -> None:
    await shop.order(
        context={
            "PLATFORM": "h5",
            "CLIENTIP": "203.0.113.7",
            "CLIENTUA": "UA",
            "APPID": "__UNI__1",
            "DEVICEID": "d1",
        },
        platform=None,
        custom={"goods_id": "g1"},
        user_id="u1",
        nickname="Ming",
        pid="shop7",
        app_auth_token=SECRET,
    )
    row = await shop.pay.orders.require("order_0001")
    assert (row.status, row.pay_type, row.total_fee, row.description) == (0, "wxpay_h5", 19900, "Tea")
    assert (row.platform, row.uni_platform, row.client_ip, row.device_id) == (
        "h5",
        "web",
        "203.0.113.7",
        "d1",
    )
    assert (row.appid, row.user_id, row.nickname, row.custom) == (
        "__UNI__1",
        "u1",
        "Ming",
        {"goods_id": "g1"},
    )
    assert (row.pid, row.mch_id, row.provider_appid) == ("shop7", "1900000007", "wx7")
    assert row.notify_url == "https://seven.example"
    assert row.notify_path == "/vk-pay-notify/wxpay_h5/order_0001"
    assert (row.create_date, row.stat_data) == (START_MS, {"platform": "h5", "ua": "UA"})
    assert row.app_auth_token == SECRET
    assert SECRET not in repr(row) + str(row.to_client())


@pytest.mark.parametrize(
    ("platform", "uni_platform"),
    [("h5", "web"), ("app-plus", "app"), ("mp-weixin", "mp-weixin"), ("web", "web")],
)
async def test_both_spellings_of_the_platform_are_kept(shop: Shop, platform: str, uni_platform: str) -> None:
    await shop.order(platform=platform, openid="o")
    row = await shop.pay.orders.require("order_0001")
    assert (row.platform, row.uni_platform) == (platform, uni_platform)


async def test_arguments_win_over_the_context(shop: Shop) -> None:
    context = {"platform": "mp-weixin", "clientIP": "203.0.113.7", "userAgent": "x"}
    payment = await shop.order(context=context, platform="h5", client_ip="203.0.113.8", is_pc=False)
    assert payment.pay_type == "wxpay_mweb"
    assert shop.bank.last("create").client_ip == "203.0.113.8"


@pytest.mark.parametrize(
    ("top", "pid", "argument", "pay_type"),
    [
        ({}, None, None, "alipay_app-plus"),
        ({"alipayAppPayToH5Pay": True}, None, None, "alipay_h5"),
        ({"alipayAppPayToH5Pay": True}, None, False, "alipay_app-plus"),
        ({}, "shop7", None, "alipay_h5"),
    ],
)
async def test_alipay_in_an_app_by_call_merchant_or_config(
    bank: Bank, clock: Clock, top: dict[str, Any], pid: str | None, argument: bool | None, pay_type: str
) -> None:
    shop = open_shop(bank, clock, "sqlite://", **top)
    async with shop.pay:
        payment = await shop.order(
            provider="alipay", platform="app", pid=pid, alipay_app_pay_to_h5_pay=argument
        )
    assert payment.pay_type == pay_type


async def test_paying_again_another_way_keeps_one_order(shop: Shop) -> None:
    await shop.order()
    await shop.order(provider="alipay", openid=None)
    row = await shop.pay.orders.require("order_0001")
    assert (row.pay_type, row.mch_id, row.provider_appid) == ("alipay_h5", "2088", "2021")
    assert (await shop.pay.orders.list()).total == 1


@pytest.mark.parametrize("other", [{"total_fee": 1}, {"type": "vip"}, {"pid": "shop7"}])
async def test_a_number_cannot_stand_for_another_purchase(shop: Shop, other: dict[str, Any]) -> None:
    await shop.order()
    with pytest.raises(OrderConflict, match="use a new out_trade_no"):
        await shop.order(**other)


async def test_a_paid_number_is_used_up(shop: Shop) -> None:
    await shop.paid()
    with pytest.raises(OrderConflict, match="is paid"):
        await shop.order()


@pytest.mark.parametrize("error", [not_found("NOPE"), TransportOutcomeUnknown("no answer in time")])
async def test_a_creation_that_failed_can_be_tried_again(shop: Shop, error: Exception) -> None:
    shop.bank.fail("create", error)
    with pytest.raises((ProviderError, TransportOutcomeUnknown)):
        await shop.order()
    assert (await shop.pay.orders.require("order_0001")).status == 0
    assert (await shop.order()).pay_type == "wxpay_h5"
