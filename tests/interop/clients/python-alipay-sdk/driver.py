"""python-alipay-sdk as judge: AliPay (key mode), DCAliPay (certificate mode), ISVAliPay (service provider)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from alipay import AliPay, DCAliPay, ISVAliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from alipay.utils import AliPayConfig
from judge import RETURN_URL, Judge, demand, expect, open_page, refused

ORDER = {"subject": "interop 测试", "total_amount": "1.00"}
PASSWORD_NEEDED = "2501000000000001"  # to the simulator: 10003 until the buyer pays


def pem(kind: str, bare: str) -> str:
    return f"-----BEGIN {kind}-----\n{bare}\n-----END {kind}-----"


def keys(node: dict[str, Any]) -> dict[str, Any]:
    return {
        "appid": node["appId"],
        "app_private_key_string": pem("PRIVATE KEY", node["privateKey"]),
        "alipay_public_key_string": pem("PUBLIC KEY", node["alipayPublicKey"]),
    }


def pointed(judge: Judge, client: Any) -> Any:
    """The client with only its gateway changed."""
    client._gateway = f"{judge.base_url}/gateway.do"
    return client


def key_mode(judge: Judge, node: dict[str, Any]) -> AliPay:
    return pointed(
        judge, AliPay(**keys(node), app_notify_url=judge.notify_url("pay"), config=AliPayConfig(timeout=10))
    )


def certificate_mode(judge: Judge, node: dict[str, Any]) -> DCAliPay:
    return pointed(
        judge,
        DCAliPay(
            appid=node["appId"],
            app_private_key_string=pem("PRIVATE KEY", node["privateKey"]),
            app_public_key_cert_string=node["appCertContent"],
            alipay_public_key_cert_string=node["alipayPublicCertContent"],
            alipay_root_cert_string=node["alipayRootCertContent"],
        ),
    )


def succeeded(reply: dict[str, Any]) -> dict[str, Any]:
    expect(reply["code"], "10000")
    return reply


def verified(pay: Any, body: bytes) -> dict[str, str] | None:
    """The notification's fields as the client's documentation reads them, when it finds them genuine."""
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return fields if pay.verify(fields, fields.pop("sign")) else None


def payment(judge: Judge, pay: AliPay, number: str) -> None:
    with judge.proves("precreate", "key_mode"):
        made = succeeded(pay.api_alipay_trade_precreate(out_trade_no=number, **ORDER))
        expect(made["qr_code"][:22], "https://qr.alipay.com/")
    with judge.proves("query"):
        judge.pay(number)
        paid = succeeded(pay.api_alipay_trade_query(out_trade_no=number))
        expect((paid["trade_status"], paid["total_amount"]), ("TRADE_SUCCESS", "1.00"))
    with judge.proves("query_by_id"):
        expect(succeeded(pay.api_alipay_trade_query(trade_no=paid["trade_no"]))["out_trade_no"], number)
    with judge.proves("notify_payment"):
        body = judge.received("pay").body
        event = verified(pay, body) or {}
        expect((event.get("out_trade_no"), event.get("trade_status")), (number, "TRADE_SUCCESS"))
    with judge.proves("notify_tampered"):
        forged = body.replace(b"total_amount=1.00", b"total_amount=0.01")
        demand(forged != body, body)
        expect(verified(pay, forged), None)
        other, url = judge.number(), judge.notify_url("spoilt")
        succeeded(pay.api_alipay_trade_precreate(out_trade_no=other, notify_url=url, **ORDER))
        judge.spoil_next_notification(other)
        judge.pay(other)
        expect(verified(pay, judge.received("spoilt").body), None)


def refunds(judge: Judge, pay: AliPay, number: str) -> None:
    with judge.proves("refund"):
        made = succeeded(pay.api_alipay_trade_refund("0.30", number, out_request_no="r1"))
        expect((made["fund_change"], made["refund_fee"]), ("Y", "0.30"))
    with judge.proves("refund_query"):
        found = succeeded(pay.api_alipay_trade_fastpay_refund_query("r1", out_trade_no=number))
        expect((found["refund_status"], found["refund_amount"]), ("REFUND_SUCCESS", "0.30"))
    with judge.proves("notify_refund"):
        event = verified(pay, judge.received("pay", 2).body) or {}
        expect((event.get("refund_fee"), event.get("out_biz_no")), ("0.30", "r1"))


def rest(judge: Judge, pay: AliPay, number: str) -> None:
    with judge.proves("refund_rest"):
        again = succeeded(pay.api_alipay_trade_refund("0.30", number, out_request_no="r1"))
        expect((again["fund_change"], again["refund_fee"]), ("N", "0.30"))
        failed = pay.api_alipay_trade_refund("0.71", number, out_request_no="r2")
        expect((failed["code"], failed["sub_code"]), ("40004", "ACQ.REASON_TRADE_REFUND_FEE_ERR"))
        made = succeeded(pay.api_alipay_trade_refund("0.70", number, out_request_no="r3"))
        expect((made["fund_change"], made["refund_fee"]), ("Y", "1.00"))
        expect(succeeded(pay.api_alipay_trade_query(number))["trade_status"], "TRADE_CLOSED")


def pages(judge: Judge, pay: AliPay) -> None:
    with judge.proves("page"):
        number = judge.number()
        string = pay.api_alipay_trade_page_pay(out_trade_no=number, return_url=RETURN_URL, **ORDER)
        page = open_page(f"{judge.base_url}/gateway.do?{string}")
        sent_back = judge.pay_at_cashier(page)
        has_paid(pay, number)
    with judge.proves("return_url"):
        expect((sent_back.pop("mine"), sent_back["out_trade_no"]), ("1", number))
        signature = sent_back.pop("sign")
        demand(pay.verify(sent_back.copy(), signature), sent_back)
        demand(not pay.verify(sent_back | {"total_amount": "0.01"}, signature), sent_back)
    with judge.proves("wap"):
        number = judge.number()
        string = pay.api_alipay_trade_wap_pay(out_trade_no=number, **ORDER)
        demand("<html" in open_page(f"{judge.base_url}/gateway.do?{string}"), string)
        paid(judge, pay, number)


def products(judge: Judge, pay: AliPay) -> None:
    with judge.proves("app"):
        number = judge.number()
        judge.app_pay(pay.api_alipay_trade_app_pay(out_trade_no=number, **ORDER))
        has_paid(pay, number)
    with judge.proves("create"):
        number = judge.number()
        buyer = {"buyer_id": "2088102169481075"}
        made = succeeded(pay.api_alipay_trade_create(out_trade_no=number, **ORDER, **buyer))
        demand(bool(made["trade_no"]), made)
        paid(judge, pay, number)
    with judge.proves("pay"):
        at_once, asked = judge.number(), judge.number()
        counter = {"scene": "bar_code", **ORDER}
        made = succeeded(pay.api_alipay_trade_pay(at_once, auth_code="280000000000000001", **counter))
        expect((made["out_trade_no"], made["receipt_amount"]), (at_once, "1.00"))
        made = pay.api_alipay_trade_pay(asked, auth_code=PASSWORD_NEEDED, **counter)
        expect((made["code"], made["out_trade_no"]), ("10003", asked))
        paid(judge, pay, asked)


def paid(judge: Judge, pay: AliPay, number: str) -> None:
    judge.pay(number)
    has_paid(pay, number)


def has_paid(pay: AliPay, number: str) -> None:
    expect(succeeded(pay.api_alipay_trade_query(out_trade_no=number))["trade_status"], "TRADE_SUCCESS")


def closing(judge: Judge, pay: AliPay) -> None:
    with judge.proves("close"):
        number = judge.number()
        succeeded(pay.api_alipay_trade_precreate(out_trade_no=number, **ORDER))
        judge.control("scan", {"out_trade_no": number})
        succeeded(pay.api_alipay_trade_close(number))
        expect(succeeded(pay.api_alipay_trade_query(number))["trade_status"], "TRADE_CLOSED")
    with judge.proves("cancel"):
        number = judge.number()
        succeeded(pay.api_alipay_trade_precreate(out_trade_no=number, **ORDER))
        judge.pay(number)
        expect(succeeded(pay.api_alipay_trade_cancel(number))["action"], "refund")


def errors(judge: Judge, pay: AliPay, number: str) -> None:
    node = judge.merchants["default"]["alipay"]["h5"]
    with judge.proves("business_error"):
        failed = pay.api_alipay_trade_query(out_trade_no="nosuchorder")
        expect((failed["code"], failed["sub_code"]), ("40004", "ACQ.TRADE_NOT_EXIST"))
        with refused(AliPayException, "isv.invalid-app-id"):
            key_mode(judge, node | {"appId": "2021000000000000"}).api_alipay_trade_query(out_trade_no=number)
    with judge.proves("wrong_key"):
        stranger = judge.merchants["certs"]["alipay"]["h5"]["privateKey"]
        failed = key_mode(judge, node | {"privateKey": stranger}).api_alipay_trade_query(out_trade_no=number)
        expect((failed["code"], failed["sub_code"]), ("40002", "isv.invalid-signature"))
    with judge.proves("bad_signature"):
        judge.spoil_next_answer(number)
        with refused(AliPayValidationError):
            pay.api_alipay_trade_query(out_trade_no=number)


def accounts(judge: Judge, pay: AliPay) -> None:
    node = judge.merchants["default"]["alipay"]["h5"]
    with judge.proves("balance"):
        asked = {"alipay_user_id": node["mchId"], "account_type": "ACCTRANS_ACCOUNT"}
        found = succeeded(pay.server_api("alipay.fund.account.query", biz_content=asked))
        expect(found["available_amount"], found["total_amount"])
    with judge.proves("login"):
        user = judge.control("login", {"appid": node["appId"]})
        grant = {"grant_type": "authorization_code", "code": user["code"]}
        expect(pay.server_api("alipay.system.oauth.token", **grant)["user_id"], user["openid"])
        with refused(AliPayException, "isv.code-invalid"):
            pay.server_api("alipay.system.oauth.token", **grant)


def certificates(judge: Judge) -> None:
    pay = certificate_mode(judge, judge.merchants["certs"]["alipay"]["h5"])
    with judge.proves("certificate_mode"):
        number = judge.number()
        url = judge.notify_url("certs")
        succeeded(pay.api_alipay_trade_precreate(out_trade_no=number, notify_url=url, **ORDER))
        judge.pay(number)
        demand(verified(pay, judge.received("certs").body) is not None, "the notification was refused")
    pay = certificate_mode(judge, judge.merchants["default"]["alipay"]["transfer"])
    with judge.proves("transfer"):
        number = judge.number("t")
        payee = {"identity_type": "ALIPAY_USER_ID", "identity": "2088102169481075"}
        made = succeeded(
            pay.api_alipay_fund_trans_uni_transfer(number, **payee, trans_amount="1.00", order_title="奖励")
        )
        expect((made["status"], made["out_biz_no"]), ("SUCCESS", number))
    with judge.proves("transfer_query"):
        asked = {"out_biz_no": number, "product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
        found = succeeded(pay.server_api("alipay.fund.trans.common.query", biz_content=asked))
        expect((found["status"], found["trans_amount"]), ("SUCCESS", "1.00"))


def partner(judge: Judge) -> None:
    node = judge.merchants["partner"]["alipay"]["h5"]
    with judge.proves("partner"):
        grant = node["appAuthTokens"][0]
        isv = ISVAliPay(**keys(node), app_auth_token=grant["appAuthToken"])
        pay, number, url = pointed(judge, isv), judge.number(), judge.notify_url("partner")
        succeeded(pay.api_alipay_trade_precreate(out_trade_no=number, notify_url=url, **ORDER))
        paid(judge, pay, number)
        event = verified(pay, judge.received("partner").body) or {}
        expect((event.get("auth_app_id"), event.get("seller_id")), (grant["authAppId"], grant["mchId"]))


def main() -> None:
    judge = Judge("python-alipay-sdk")
    pay = key_mode(judge, judge.merchants["default"]["alipay"]["h5"])
    number = judge.number()
    payment(judge, pay, number)
    refunds(judge, pay, number)
    rest(judge, pay, number)
    pages(judge, pay)
    products(judge, pay)
    closing(judge, pay)
    errors(judge, pay, number)
    accounts(judge, pay)
    certificates(judge)
    partner(judge)


main()
