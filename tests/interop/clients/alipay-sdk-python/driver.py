"""alipay-sdk-python, Alipay's own, as judge. It knows key mode only."""

from __future__ import annotations

import base64
import json
from http.client import HTTPConnection
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import rsa
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.exception.Exception import ResponseException
from alipay.aop.api.request.AlipaySystemOauthTokenRequest import AlipaySystemOauthTokenRequest
from alipay.aop.api.util import SignatureUtils, WebUtils
from Crypto.PublicKey import RSA
from judge import RETURN_URL, Judge, demand, expect, open_page, refused

ORDER = {"subject": "interop 测试", "total_amount": "1.00"}
PASSWORD_NEEDED = "2501000000000002"  # to the simulator: 10003 until the buyer pays


def pkcs1(bare: str) -> str:
    """The private key in the only form the client reads."""
    lines = RSA.import_key(base64.b64decode(bare)).export_key(pkcs=1).decode().splitlines()
    return "".join(lines[1:-1])


def client(judge: Judge, node: dict[str, Any]) -> DefaultAlipayClient:
    settings = AlipayClientConfig()
    settings.server_url = f"{judge.base_url}/gateway.do"
    settings.app_id = node["appId"]
    settings.app_private_key = pkcs1(node["privateKey"])
    settings.alipay_public_key = node["alipayPublicKey"]
    return DefaultAlipayClient(settings)


def allow_a_port(base_url: str) -> None:
    """The client always connects to port 80: where that is taken, its connection function is replaced."""
    address = urlsplit(base_url)

    def connection(url: str, query: str, timeout: float) -> tuple[str, HTTPConnection]:
        return f"{url}?{query}", HTTPConnection(str(address.hostname), address.port, timeout=timeout)

    WebUtils.get_http_connection = connection


def request(method: str, url: str = "", token: str = "", **content: Any) -> Any:
    """A request object of the client, filled through its own model."""
    name = "".join(part.capitalize() for part in method.split("."))
    model = getattr(import_module(f"alipay.aop.api.domain.{name}Model"), f"{name}Model")()
    for field, value in content.items():
        setattr(model, field, value)
    made = getattr(import_module(f"alipay.aop.api.request.{name}Request"), f"{name}Request")(biz_model=model)
    if url:
        made.notify_url = url
    if token:
        made.add_other_text_param("app_auth_token", token)
    return made


def called(pay: DefaultAlipayClient, method: str, url: str = "", token: str = "", **content: Any) -> Any:
    """The client's typed response, parsed as its documentation does it."""
    name = "".join(part.capitalize() for part in method.split("."))
    response = getattr(import_module(f"alipay.aop.api.response.{name}Response"), f"{name}Response")()
    response.parse_response_content(pay.execute(request(method, url, token, **content)))
    return response


def succeeded(pay: DefaultAlipayClient, method: str, url: str = "", token: str = "", **content: Any) -> Any:
    response = called(pay, method, url, token, **content)
    demand(response.is_success(), response.body)
    expect(response.code, "10000")
    return response


def signed(node: dict[str, Any], text: str, signature: str) -> bool:
    """The client's own check; it raises where others say no."""
    try:
        return SignatureUtils.verify_with_rsa(node["alipayPublicKey"], text.encode(), signature)
    except rsa.VerificationError:
        return False


def genuine(node: dict[str, Any], fields: dict[str, str]) -> bool:
    signature, _ = fields.pop("sign"), fields.pop("sign_type")
    return signed(node, SignatureUtils.get_sign_content(fields), signature)


def verified(node: dict[str, Any], body: bytes) -> dict[str, str] | None:
    """The notification's fields when the client finds them genuine."""
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return fields if genuine(node, fields.copy()) else None


def payment(judge: Judge, pay: DefaultAlipayClient, node: dict[str, Any], number: str) -> None:
    with judge.proves("precreate", "key_mode"):
        url = judge.notify_url("pay")
        made = succeeded(pay, "alipay.trade.precreate", url, out_trade_no=number, **ORDER)
        expect(made.qr_code[:22], "https://qr.alipay.com/")
    with judge.proves("query"):
        judge.pay(number)
        paid = succeeded(pay, "alipay.trade.query", out_trade_no=number)
        expect((paid.trade_status, paid.total_amount), ("TRADE_SUCCESS", "1.00"))
    with judge.proves("query_by_id"):
        expect(succeeded(pay, "alipay.trade.query", trade_no=paid.trade_no).out_trade_no, number)
    with judge.proves("notify_payment"):
        body = judge.received("pay").body
        event = verified(node, body) or {}
        expect((event.get("out_trade_no"), event.get("trade_status")), (number, "TRADE_SUCCESS"))
    with judge.proves("notify_tampered"):
        forged = body.replace(b"total_amount=1.00", b"total_amount=0.01")
        demand(forged != body, body)
        expect(verified(node, forged), None)
        other, url = judge.number(), judge.notify_url("spoilt")
        succeeded(pay, "alipay.trade.precreate", url, out_trade_no=other, **ORDER)
        judge.spoil_next_notification(other)
        judge.pay(other)
        expect(verified(node, judge.received("spoilt").body), None)


def refunds(judge: Judge, pay: DefaultAlipayClient, node: dict[str, Any], number: str) -> None:
    with judge.proves("refund"):
        asked = {"out_trade_no": number, "refund_amount": "0.30", "out_request_no": "r1"}
        made = succeeded(pay, "alipay.trade.refund", **asked)
        expect((made.fund_change, made.refund_fee), ("Y", "0.30"))
    with judge.proves("refund_query"):
        asked = {"out_trade_no": number, "out_request_no": "r1"}
        found = succeeded(pay, "alipay.trade.fastpay.refund.query", **asked)
        expect((found.refund_status, found.refund_amount), ("REFUND_SUCCESS", "0.30"))
    with judge.proves("notify_refund"):
        event = verified(node, judge.received("pay", 2).body) or {}
        expect((event.get("refund_fee"), event.get("out_biz_no")), ("0.30", "r1"))


def rest(judge: Judge, pay: DefaultAlipayClient, number: str) -> None:
    def refund(amount: str, name: str) -> Any:
        asked = {"out_trade_no": number, "refund_amount": amount, "out_request_no": name}
        return called(pay, "alipay.trade.refund", **asked)

    with judge.proves("refund_rest"):
        again = refund("0.30", "r1")
        expect((again.code, again.fund_change, again.refund_fee), ("10000", "N", "0.30"))
        failed = refund("0.71", "r2")
        expect((failed.code, failed.sub_code), ("40004", "ACQ.REASON_TRADE_REFUND_FEE_ERR"))
        made = refund("0.70", "r3")
        expect((made.code, made.fund_change, made.refund_fee), ("10000", "Y", "1.00"))
        found = succeeded(pay, "alipay.trade.query", out_trade_no=number)
        expect(found.trade_status, "TRADE_CLOSED")


def pages(judge: Judge, pay: DefaultAlipayClient, node: dict[str, Any]) -> None:
    with judge.proves("page"):
        number = judge.number()
        asked = request(
            "alipay.trade.page.pay", out_trade_no=number, product_code="FAST_INSTANT_TRADE_PAY", **ORDER
        )
        asked.return_url = RETURN_URL
        sent_back = judge.pay_at_cashier(open_page(pay.page_execute(asked, "GET")))
        has_paid(pay, number)
    with judge.proves("return_url"):
        expect((sent_back.pop("mine"), sent_back["out_trade_no"]), ("1", number))
        demand(genuine(node, sent_back.copy()), sent_back)
        demand(not genuine(node, sent_back | {"total_amount": "0.01"}), sent_back)
    with judge.proves("wap"):
        number = judge.number()
        asked = request("alipay.trade.wap.pay", out_trade_no=number, product_code="QUICK_WAP_WAY", **ORDER)
        demand("<html" in open_page(pay.page_execute(asked, "GET")), number)
        paid(judge, pay, number)


def products(judge: Judge, pay: DefaultAlipayClient, node: dict[str, Any]) -> None:
    with judge.proves("app"):
        number = judge.number()
        order = {"out_trade_no": number, "product_code": "QUICK_MSECURITY_PAY", **ORDER}
        result = judge.app_pay(pay.sdk_execute(request("alipay.trade.app.pay", **order)))
        has_paid(pay, number)
    with judge.proves("app_result"):
        text = result[result.index("{", 1) : result.index("}") + 1]
        expect(json.loads(text)["out_trade_no"], number)
        signature = json.loads(result)["sign"]
        demand(signed(node, text, signature), result)
        demand(not signed(node, text.replace("1.00", "0.01"), signature), result)
    with judge.proves("create"):
        number = judge.number()
        order = {"out_trade_no": number, "buyer_id": "2088102169481075", **ORDER}
        demand(bool(succeeded(pay, "alipay.trade.create", **order).trade_no), order)
        paid(judge, pay, number)
    with judge.proves("pay"):
        at_once, asked = judge.number(), judge.number()
        counter = {"scene": "bar_code", "auth_code": "280000000000000002", **ORDER}
        made = succeeded(pay, "alipay.trade.pay", out_trade_no=at_once, **counter)
        expect((made.out_trade_no, made.receipt_amount), (at_once, "1.00"))
        waiting = counter | {"auth_code": PASSWORD_NEEDED}
        made = called(pay, "alipay.trade.pay", out_trade_no=asked, **waiting)
        expect((made.code, made.out_trade_no), ("10003", asked))
        paid(judge, pay, asked)


def paid(judge: Judge, pay: DefaultAlipayClient, number: str) -> None:
    judge.pay(number)
    has_paid(pay, number)


def has_paid(pay: DefaultAlipayClient, number: str) -> None:
    expect(succeeded(pay, "alipay.trade.query", out_trade_no=number).trade_status, "TRADE_SUCCESS")


def closing(judge: Judge, pay: DefaultAlipayClient) -> None:
    with judge.proves("close"):
        number = judge.number()
        succeeded(pay, "alipay.trade.precreate", out_trade_no=number, **ORDER)
        judge.control("scan", {"out_trade_no": number})
        succeeded(pay, "alipay.trade.close", out_trade_no=number)
        expect(succeeded(pay, "alipay.trade.query", out_trade_no=number).trade_status, "TRADE_CLOSED")
    with judge.proves("cancel"):
        number = judge.number()
        succeeded(pay, "alipay.trade.precreate", out_trade_no=number, **ORDER)
        judge.pay(number)
        expect(succeeded(pay, "alipay.trade.cancel", out_trade_no=number).action, "refund")


def errors(judge: Judge, pay: DefaultAlipayClient, node: dict[str, Any], number: str) -> None:
    with judge.proves("business_error"):
        failed = called(pay, "alipay.trade.query", out_trade_no="nosuchorder")
        demand(not failed.is_success(), failed.body)
        expect((failed.code, failed.sub_code), ("40004", "ACQ.TRADE_NOT_EXIST"))
        with refused(ResponseException, "isv.invalid-app-id"):
            called(
                client(judge, node | {"appId": "2021000000000000"}), "alipay.trade.query", out_trade_no=number
            )
    with judge.proves("wrong_key"):
        stranger = judge.merchants["certs"]["alipay"]["h5"]["privateKey"]
        impostor = client(judge, node | {"privateKey": stranger})
        failed = json.loads(impostor.execute(request("alipay.trade.query", out_trade_no=number)))
        expect((failed["code"], failed["sub_code"]), ("40002", "isv.invalid-signature"))
    with judge.proves("bad_signature"):
        judge.spoil_next_answer(number)
        with refused(ResponseException, "response sign verify failed"):
            called(pay, "alipay.trade.query", out_trade_no=number)


def accounts(judge: Judge, pay: DefaultAlipayClient, node: dict[str, Any]) -> None:
    with judge.proves("balance"):
        asked = {"alipay_user_id": node["mchId"], "account_type": "ACCTRANS_ACCOUNT"}
        found = succeeded(pay, "alipay.fund.account.query", **asked)
        expect(found.available_amount, found.total_amount)
    with judge.proves("login"):
        user = judge.control("login", {"appid": node["appId"]})
        asked = AlipaySystemOauthTokenRequest()
        asked.grant_type, asked.code = "authorization_code", user["code"]
        expect(json.loads(pay.execute(asked))["user_id"], user["openid"])
        failed = json.loads(pay.execute(asked))
        expect((failed["code"], failed["sub_code"]), ("40002", "isv.code-invalid"))


def partner(judge: Judge) -> None:
    node = judge.merchants["partner"]["alipay"]["h5"]
    with judge.proves("partner"):
        grant, number, url = node["appAuthTokens"][0], judge.number(), judge.notify_url("partner")
        pay, token = client(judge, node), grant["appAuthToken"]
        succeeded(pay, "alipay.trade.precreate", url, token, out_trade_no=number, **ORDER)
        judge.pay(number)
        found = succeeded(pay, "alipay.trade.query", "", token, out_trade_no=number)
        expect(found.trade_status, "TRADE_SUCCESS")
        event = verified(node, judge.received("partner").body) or {}
        expect((event.get("auth_app_id"), event.get("seller_id")), (grant["authAppId"], grant["mchId"]))


def main() -> None:
    judge = Judge("alipay-sdk-python")
    if urlsplit(judge.base_url).port:
        allow_a_port(judge.base_url)
    node = judge.merchants["default"]["alipay"]["h5"]
    pay, number = client(judge, node), judge.number()
    payment(judge, pay, node, number)
    refunds(judge, pay, node, number)
    rest(judge, pay, number)
    pages(judge, pay, node)
    products(judge, pay, node)
    closing(judge, pay)
    errors(judge, pay, node, number)
    accounts(judge, pay, node)
    partner(judge)


main()
