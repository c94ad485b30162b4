"""Every way to ask for a payment: what is sent, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote_plus, urlsplit

import pytest

from vkpay_async.config import Secret
from vkpay_async.errors import InvalidArgument, ProviderOutcomeUnknown, ResponseUnverified
from vkpay_async.models import TradeState
from vkpay_async.order_info import CodePayResult, CodeUrl, OrderString, PageUrl, TradeNo
from vkpay_async.providers.alipay.about import AlipayNode
from vkpay_async.providers.alipay.provider import AlipayProvider


def test_qr_code_order(provider: AlipayProvider, server: Any, exchange: Any, order: Any) -> None:
    run = exchange(
        lambda request: server.ok(request, out_trade_no="T20231115", qr_code="https://qr.alipay.com/bax0")
    )
    assert run(provider.create(order())) == CodeUrl(code_url="https://qr.alipay.com/bax0")
    (request,) = run.requests
    assert request.url == "https://gateway.test/gateway.do?charset=utf-8"
    assert (request.operation, request.moves_money, request.repeatable) == ("alipay.create", False, True)
    params = server.params(request)
    assert json.loads(params.pop("biz_content")) == {
        "out_trade_no": "T20231115",
        "total_amount": "19.90",
        "subject": "茶叶 500 g",
        "product_code": "FACE_TO_FACE_PAYMENT",
    }
    assert params == {
        "app_id": "2021000000000001",
        "method": "alipay.trade.precreate",
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": "2023-11-15 06:13:20",
        "version": "1.0",
        "notify_url": "https://shop.test/notify",
    }


def test_optional_fields_of_an_order(
    make: Any, key_node: AlipayNode, server: Any, exchange: Any, order: Any
) -> None:
    provider = make(key_node, mch_id="2088101122136241", timeout=1500, app_auth_token=Secret("node-token"))
    run = exchange(lambda request: server.ok(request, qr_code="q"))
    run(
        provider.create(
            order(
                body="春茶",
                store_id="S1",
                time_expire=1_700_000_600_000,
                profit_sharing=True,
                other={"extend_params": {"hb_fq_num": "3"}, "goods_detail": [{"goods_id": "g"}]},
            )
        )
    )
    content = server.biz(run.requests[0])
    assert content["body"] == "春茶"
    assert content["store_id"] == "S1"
    assert content["seller_id"] == provider.mch_id == "2088101122136241"
    assert content["time_expire"] == "2023-11-15 06:23:20"
    assert content["extend_params"] == {"royalty_freeze": "true", "hb_fq_num": "3"}
    assert content["goods_detail"] == [{"goods_id": "g"}]
    assert server.params(run.requests[0])["app_auth_token"] == "node-token"
    assert run.requests[0].timeout_ms == 1500


def test_the_orders_token_goes_before_the_nodes(
    make: Any, key_node: AlipayNode, server: Any, exchange: Any, order: Any
) -> None:
    provider = make(key_node, app_auth_token=Secret("node-token"), mch_id="2088101122136241")
    run = exchange(lambda request: server.ok(request, qr_code="q"))
    run(provider.create(order(app_auth_token="shop-token")))
    assert server.params(run.requests[0])["app_auth_token"] == "shop-token"
    assert "seller_id" not in server.biz(run.requests[0])


@pytest.mark.parametrize(
    ("fields", "buyer"),
    [
        ({"openid": "2088102177846880"}, {"buyer_id": "2088102177846880"}),
        (
            {"openid": "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsN"},
            {"buyer_open_id": "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsN"},
        ),
        ({"openid": "20881021778468800"}, {"buyer_open_id": "20881021778468800"}),
        (
            {"other": {"op_app_id": "sub-app", "op_buyer_open_id": "o1"}},
            {"op_app_id": "sub-app", "op_buyer_open_id": "o1"},
        ),
    ],
)
def test_mini_program_order(
    provider: AlipayProvider,
    server: Any,
    exchange: Any,
    order: Any,
    fields: dict[str, Any],
    buyer: dict[str, str],
) -> None:
    run = exchange(lambda request: server.ok(request, trade_no="2023111522001446880200000001"))
    info = run(provider.create(order("alipay_mp-alipay", **fields)))
    assert info == TradeNo(trade_no="2023111522001446880200000001")
    content = server.biz(run.requests[0])
    assert server.params(run.requests[0])["method"] == "alipay.trade.create"
    assert content["product_code"] == "JSAPI_PAY"
    identities = {"buyer_id", "buyer_open_id", "op_buyer_open_id", "op_app_id"} & content.keys()
    assert {name: content[name] for name in identities} == {"op_app_id": "2021000000000001", **buyer}


def test_product_code_may_be_replaced(
    provider: AlipayProvider, server: Any, exchange: Any, order: Any
) -> None:
    run = exchange(lambda request: server.ok(request, qr_code="q"))
    run(provider.create(order(other={"product_code": "QR_CODE_OFFLINE"})))
    assert server.biz(run.requests[0])["product_code"] == "QR_CODE_OFFLINE"


def test_app_order_is_signed_and_not_sent(
    provider: AlipayProvider, server: Any, exchange: Any, order: Any
) -> None:
    run = exchange()
    info = run(provider.create(order("alipay_app-plus")))
    assert isinstance(info, OrderString)
    assert run.requests == []
    params = server.checked(info.order_string)
    assert params["method"] == "alipay.trade.app.pay"
    assert params["notify_url"] == "https://shop.test/notify"
    assert json.loads(params["biz_content"])["product_code"] == "QUICK_MSECURITY_PAY"


@pytest.mark.parametrize(
    ("pay_type", "method", "product"),
    [
        ("alipay_page", "alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
        ("alipay_wap", "alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    ],
)
def test_page_orders(
    provider: AlipayProvider, server: Any, exchange: Any, order: Any, pay_type: str, method: str, product: str
) -> None:
    info = exchange()(provider.create(order(pay_type, return_url="https://shop.test/thanks")))
    assert isinstance(info, PageUrl)
    url = urlsplit(info.url)
    assert (url.netloc, url.path) == ("gateway.test", "/gateway.do")
    params = server.checked(url.query)
    assert params["method"] == method
    assert params["return_url"] == "https://shop.test/thanks"
    assert json.loads(params["biz_content"])["product_code"] == product


class _Form(HTMLParser):
    action = ""
    inputs: dict[str, str]

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inputs = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.action = values["action"] or ""
        if tag == "input" and values["type"] == "hidden":
            self.inputs[values["name"] or ""] = values["value"] or ""


def test_page_form_survives_html_in_the_subject(provider: AlipayProvider, server: Any, order: Any) -> None:
    html = provider.page_form(order("alipay_page", subject='"><script>alert(1)</script>'))
    assert "<script>alert" not in html
    form = _Form(html)
    assert list(form.inputs) == ["biz_content"]
    query = urlsplit(form.action).query
    content = form.inputs["biz_content"]
    assert json.loads(content)["subject"] == '"><script>alert(1)</script>'
    server.checked(f"{query}&biz_content={quote_plus(content)}")


def test_only_pages_have_a_form(provider: AlipayProvider, order: Any) -> None:
    with pytest.raises(InvalidArgument, match="alipay_page or alipay_wap"):
        provider.page_form(order("alipay_h5"))


@pytest.mark.parametrize(("code", "state"), [("10000", TradeState.SUCCESS), ("10003", TradeState.USERPAYING)])
def test_payment_code(
    provider: AlipayProvider, server: Any, exchange: Any, order: Any, code: str, state: TradeState
) -> None:
    run = exchange(lambda request: server.reply(request, {"code": code, "msg": "m", "trade_no": "2023"}))
    info = run(provider.create(order("alipay_codepay", auth_code="285812345678901234")))
    assert isinstance(info, CodePayResult)
    assert (info.trade_state, info.transaction_id) == (state, "2023")
    assert info.trade_state_desc
    (request,) = run.requests
    assert (request.moves_money, request.repeatable) == (True, False)
    content = server.biz(request)
    assert (content["scene"], content["auth_code"]) == ("bar_code", "285812345678901234")


@pytest.mark.parametrize(
    "content",
    [
        {"code": "20000", "msg": "Service Currently Unavailable", "sub_code": "isp.unknow-error"},
        {"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.SYSTEM_ERROR"},
    ],
)
def test_payment_code_of_unknown_outcome(
    provider: AlipayProvider, server: Any, exchange: Any, order: Any, content: dict[str, str]
) -> None:
    with pytest.raises(ProviderOutcomeUnknown) as caught:
        exchange(lambda request: server.reply(request, content))(
            provider.create(order("alipay_codepay", auth_code="28"))
        )
    assert caught.value.outcome_known is False
    assert "query" in str(caught.value)


def test_payment_code_without_a_signature_is_not_believed(
    provider: AlipayProvider, server: Any, exchange: Any, order: Any
) -> None:
    paid = server.answer("alipay_trade_pay_response", {"code": "10000", "msg": "Success"}, sign=None)
    with pytest.raises(ResponseUnverified, match="not signed"):
        exchange(lambda _: paid)(provider.create(order("alipay_codepay", auth_code="28")))


@pytest.mark.parametrize(
    ("pay_type", "fields", "code", "text"),
    [
        ("alipay_mp-alipay", {}, 1006, "openid"),
        ("alipay_codepay", {}, -1, "auth_code"),
        ("alipay_mp-weixin", {}, -1, "alipay_h5"),
        ("alipay_h5", {"other": {"out_trade_no": "x"}}, -1, "out_trade_no"),
        ("alipay_app-plus", {"other": {"total_amount": "0.01"}}, -1, "total_amount"),
        ("alipay_h5", {"other": {"odd": object()}}, -1, "JSON"),
    ],
)
def test_refused_before_anything_is_sent(
    provider: AlipayProvider,
    exchange: Callable[..., Any],
    order: Any,
    pay_type: str,
    fields: dict[str, Any],
    code: int,
    text: str,
) -> None:
    with pytest.raises(InvalidArgument, match=text) as caught:
        exchange()(provider.create(order(pay_type, **fields)))
    assert caught.value.code == code
