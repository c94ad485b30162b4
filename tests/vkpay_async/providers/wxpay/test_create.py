"""What each pay_type sends, and what the front end gets."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from vkpay_async.errors import InvalidArgument, ProviderOutcomeUnknown, ProviderUnavailable
from vkpay_async.models import CreateOrder, TradeState
from vkpay_async.order_info import AppParams, CodePayResult, CodeUrl, H5Url, JsapiParams

PREPAY_ID = "wx26112221580621e9b071c00d9e093b0000"
APPID, MCHID = "wx2421b1c4370ec43b", "1900007291"


def order(pay_type: str, **fields: Any) -> CreateOrder:
    return CreateOrder(
        **{
            "pay_type": pay_type,
            "out_trade_no": "T20260101000001",
            "total_fee": 100,
            "subject": "Tea, 500 g",
            "notify_url": "https://shop.example/pay/notify/wxpay",
            **fields,
        }
    )


def signed_by_merchant(platform: Any, signature: str, *lines: str) -> None:
    message = "".join(f"{line}\n" for line in lines).encode()
    platform.merchant_key.public_key().verify(
        base64.b64decode(signature), message, padding.PKCS1v15(), hashes.SHA256()
    )


COMMON = {
    "appid": APPID,
    "mchid": MCHID,
    "description": "Tea, 500 g",
    "out_trade_no": "T20260101000001",
    "amount": {"total": 100, "currency": "CNY"},
}
NOTIFIED = {**COMMON, "notify_url": "https://shop.example/pay/notify/wxpay"}


@pytest.mark.parametrize("pay_type", ["wxpay_mp-weixin", "wxpay_h5-weixin"])
def test_jsapi(provider: Any, platform: Any, run: Any, pay_type: str) -> None:
    info = run(provider.create(order(pay_type, openid="oUpF8")), platform.answer({"prepay_id": PREPAY_ID}))
    request = run.request
    assert (request.method, request.url) == (
        "POST",
        "https://api.mch.weixin.qq.com/v3/pay/transactions/jsapi",
    )
    assert platform.read(request) == {**NOTIFIED, "payer": {"openid": "oUpF8"}}
    assert (request.operation, request.moves_money, request.repeatable) == ("wxpay.create", False, True)
    assert isinstance(info, JsapiParams)
    assert (info.appId, info.signType, info.package) == (APPID, "RSA", f"prepay_id={PREPAY_ID}")
    signed_by_merchant(platform, info.paySign, APPID, info.timeStamp, info.nonceStr, info.package)
    assert info.to_client()["timestamp"] == info.timeStamp == "1767196802"


def test_app_signs_the_bare_prepay_id(provider: Any, platform: Any, run: Any) -> None:
    info = run(provider.create(order("wxpay_app-plus")), platform.answer({"prepay_id": PREPAY_ID}))
    assert run.request.url.endswith("/v3/pay/transactions/app")
    assert platform.read(run.request) == NOTIFIED
    assert isinstance(info, AppParams)
    assert (info.partnerid, info.package, info.prepayid) == (MCHID, "Sign=WXPay", PREPAY_ID)
    signed_by_merchant(platform, info.sign, APPID, info.timestamp, info.noncestr, PREPAY_ID)


def test_native(provider: Any, platform: Any, run: Any) -> None:
    url = "weixin://wxpay/bizpayurl?pr=JyC91EIz1"
    info = run(provider.create(order("wxpay_h5")), platform.answer({"code_url": url}))
    assert info == CodeUrl(code_url=url)
    assert run.request.url.endswith("/v3/pay/transactions/native")
    assert platform.read(run.request) == NOTIFIED


def test_h5_takes_the_scene_of_the_config_under_both_names(
    make_provider: Any, platform: Any, run: Any
) -> None:
    scene_info = {"h5_info": {"type": "Wap", "wap_url": "https://shop.example", "wap_name": "Shop"}}
    provider = make_provider(scene_info=scene_info)
    info = run(
        provider.create(order("wxpay_mweb", client_ip="203.0.113.7")),
        platform.answer({"h5_url": "https://wx.tenpay.com/x"}),
    )
    assert info == H5Url(h5_url="https://wx.tenpay.com/x")
    assert run.request.url.endswith("/v3/pay/transactions/h5")
    assert platform.read(run.request)["scene_info"] == {
        "payer_client_ip": "203.0.113.7",
        "h5_info": {"type": "Wap", "app_url": "https://shop.example", "app_name": "Shop"},
    }


def test_h5_without_a_scene_or_an_address(provider: Any, platform: Any, run: Any) -> None:
    run(provider.create(order("wxpay_mweb")), platform.answer({"h5_url": "https://wx.tenpay.com/x"}))
    assert platform.read(run.request)["scene_info"] == {
        "payer_client_ip": "127.0.0.1",
        "h5_info": {"type": "Wap"},
    }


CODE_PAY = {"auth_code": "134567890123456789", "store_id": "s1"}


@pytest.mark.parametrize(
    ("status", "answer", "result"),
    [
        (
            200,
            {"trade_state": "SUCCESS", "trade_state_desc": "支付成功", "transaction_id": "42"},
            CodePayResult(trade_state=TradeState.SUCCESS, trade_state_desc="支付成功", transaction_id="42"),
        ),
        (
            202,
            {"trade_state": "USERPAYING", "trade_state_desc": "需要输入密码"},
            CodePayResult(trade_state=TradeState.USERPAYING, trade_state_desc="需要输入密码"),
        ),
        (
            202,
            {"code": "USER_PAYING", "message": "…"},
            CodePayResult(trade_state=TradeState.USERPAYING, trade_state_desc=""),
        ),
    ],
)
def test_code_pay(
    provider: Any, platform: Any, run: Any, status: int, answer: dict[str, str], result: CodePayResult
) -> None:
    info = run(
        provider.create(order("wxpay_codepay", client_ip="203.0.113.7", **CODE_PAY)),
        platform.answer(answer, status),
    )
    assert info == result
    request = run.request
    assert request.url.endswith("/v3/pay/transactions/codepay")
    assert platform.read(request) == {
        **COMMON,
        "payer": {"auth_code": "134567890123456789"},
        "scene_info": {"device_ip": "203.0.113.7", "store_info": {"id": "s1"}},
    }
    assert (request.moves_money, request.repeatable) == (True, False)


def test_code_pay_may_name_the_store_by_the_merchants_own_number(
    provider: Any, platform: Any, run: Any
) -> None:
    other = {"scene_info": {"store_info": {"out_id": "7"}}}
    run(
        provider.create(order("wxpay_codepay", auth_code="134567890123456789", other=other)),
        platform.answer({"trade_state": "SUCCESS"}),
    )
    assert platform.read(run.request)["scene_info"] == {"store_info": {"out_id": "7"}}


@pytest.mark.parametrize(
    ("extra", "named", "appid", "partnerid"),
    [
        (
            {"sub_mchid": "1900000109"},
            {"sp_appid": APPID, "sp_mchid": MCHID, "sub_mchid": "1900000109", "payer": {"sp_openid": "oX"}},
            APPID,
            MCHID,
        ),
        (
            {"sub_mchid": "1900000109", "sub_appid": "wxsub"},
            {
                "sp_appid": APPID,
                "sp_mchid": MCHID,
                "sub_appid": "wxsub",
                "sub_mchid": "1900000109",
                "payer": {"sub_openid": "oX"},
            },
            "wxsub",
            "1900000109",
        ),
    ],
    ids=["openid of the provider's app", "openid of the sub-merchant's app"],
)
def test_service_provider(
    provider: Any,
    platform: Any,
    run: Any,
    extra: dict[str, str],
    named: dict[str, Any],
    appid: str,
    partnerid: str,
) -> None:
    jsapi = run(
        provider.create(order("wxpay_mp-weixin", openid="oX", **extra)), platform.answer({"prepay_id": "wx1"})
    )
    assert run.request.url.endswith("/v3/pay/partner/transactions/jsapi")
    assert run.request.url.endswith("/v3/pay/partner/transactions/jsapi")
    body = platform.read(run.request)
    assert {key: body.get(key) for key in named} == named
    assert not {"appid", "mchid"} & body.keys()
    assert jsapi.appId == appid
    app = run(provider.create(order("wxpay_app-plus", **extra)), platform.answer({"prepay_id": "wx1"}))
    assert (app.appid, app.partnerid) == (appid, partnerid)


def test_times_sharing_and_other_fields(provider: Any, platform: Any, run: Any) -> None:
    given = order(
        "wxpay_h5",
        time_expire=1767196862999,
        profit_sharing=True,
        body="is not sent",
        other={
            "attach": "a",
            "goods_tag": "",
            "detail": {"invoice_id": None, "goods_detail": [{"merchant_goods_id": "1", "goods_name": ""}]},
            "amount": {"currency": "USD"},
            "settle_info": {"subsidy_amount": 10},
            "limit_pay": [],
            "labels": ["tea", "new"],
            "support_fapiao": False,
        },
    )
    run(provider.create(given), platform.answer({"code_url": "weixin://x"}))
    assert platform.read(run.request) == {
        **NOTIFIED,
        "time_expire": "2026-01-01T00:01:02+08:00",
        "attach": "a",
        "amount": {"total": 100, "currency": "USD"},
        "labels": ["tea", "new"],
        "settle_info": {"profit_sharing": True, "subsidy_amount": 10},
        "detail": {"goods_detail": [{"merchant_goods_id": "1"}]},
        "support_fapiao": False,
    }


def test_what_every_request_carries(provider: Any, platform: Any, run: Any) -> None:
    run(provider.create(order("wxpay_h5")), platform.answer({"code_url": "weixin://x"}))
    headers = run.request.headers
    assert headers["Wechatpay-Serial"] == platform.serial
    assert headers["Accept"] == headers["Content-Type"] == "application/json"
    assert headers["User-Agent"].startswith("vkpay-async/")


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        (order("wxpay_mp-weixin"), 1006, "openid is missing"),
        (order("wxpay_h5", subject="x" * 128), 1004, "128 characters: WeChat Pay takes 1 to 127"),
        (order("wxpay_h5", subject=""), 1004, "0 characters"),
        (order("wxpay_h5", out_trade_no="a/../b"), -1, "out_trade_no 'a/../b' cannot be sent"),
        (order("wxpay_h5", out_trade_no="x" * 33), -1, "1 to 32"),
        (order("alipay_h5"), -1, "'alipay_h5' is not WeChat Pay's"),
        (order("wxpay_codepay", store_id="s1"), -1, "auth_code is missing"),
        (order("wxpay_codepay", auth_code="1"), -1, "store_id is missing"),
        (order("wxpay_codepay", auth_code="1", other={"scene_info": None}), -1, "store_id is missing"),
        (order("wxpay_h5", other={"out_trade_no": "2"}), -1, "other.out_trade_no would change"),
        (order("wxpay_h5", other={"amount": {"total": 1}}), -1, "other.amount.total would change"),
        (order("wxpay_h5", other={"amount": 1}), -1, "other.amount would change"),
        (order("wxpay_h5", other={"appid": "wx"}), -1, "other.appid"),
        (order("wxpay_h5", other={"sub_mchid": "1"}), -1, "other.sub_mchid"),
    ],
)
def test_refused_before_anything_is_sent(
    provider: Any, run: Any, given: CreateOrder, code: int, text: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        run(provider.create(given))
    assert refused.value.code == code
    assert text in refused.value.msg
    assert run.requests == []


def test_an_answer_of_something_else(provider: Any, platform: Any, run: Any) -> None:
    with pytest.raises(
        ProviderUnavailable, match=r"wxpay\.create was answered with something unexpected.*code_url"
    ):
        run(provider.create(order("wxpay_h5")), platform.answer({"prepay_id": "wx1"}))
    with pytest.raises(ProviderOutcomeUnknown, match="query with the same number") as unknown:
        run(provider.create(order("wxpay_codepay", **CODE_PAY)), platform.answer(b"[]"))
    assert unknown.value.request_id == "08F2E999C90610A4011889CD8C5820C8EC0428C936-0"
