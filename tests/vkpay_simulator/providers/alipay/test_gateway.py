"""The gateway: who gets in, in which order mistakes are told, and what an answer looks like."""

import base64
import html
import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from tests.vkpay_simulator.providers.alipay.merchant import FORM, Shop, Simulated, order
from vkpay_simulator.exchange import Answer

QUERY = "alipay.trade.query"
TRANSFER = "alipay.fund.trans.uni.transfer"


def test_the_envelope(shop: Shop) -> None:
    shop.precreated()
    shop.simulated.alipay.scan("T1", payer="2088000000012345")
    answer = shop.send(shop.params(QUERY, {"out_trade_no": "T1"}))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html;charset=utf-8"
    assert re.fullmatch(r"[0-9a-f]{30}", answer.headers["trace_id"])
    body = json.loads(answer.body)
    assert list(body) == ["alipay_trade_query_response", "sign"]
    names = list(body["alipay_trade_query_response"])
    assert names[:2] == ["code", "msg"]
    assert names[2:] == sorted(names[2:])
    assert b" " not in answer.body.replace(b"Success", b"")
    assert all(isinstance(value, str) for value in body["alipay_trade_query_response"].values())


def test_slashes_are_escaped_and_chinese_is_not(shop: Shop) -> None:
    body = shop.send(shop.params("alipay.trade.precreate", order())).body.decode()
    assert '"qr_code":"https:\\/\\/qr.alipay.com\\/bax' in body
    assert "交易不存在" in shop.send(shop.params(QUERY, {"out_trade_no": "none"})).body.decode()


@pytest.mark.parametrize("charset", ["gbk", "GB2312", "UTF-8"])
def test_another_charset_both_ways(shop: Shop, charset: str) -> None:
    shop.charset = charset
    shop.precreated(body="茶叶")
    assert shop.query()["sub_msg"] == "交易不存在"


def test_a_character_that_the_charset_lacks_does_not_break_the_answer(shop: Shop) -> None:
    shop.precreated(passback_params="\U0001f375")
    shop.simulated.alipay.scan("T1")
    shop.charset = "gbk"
    assert shop.query()["passback_params"] == "?"


TRANSPORTS = ["get", "form", "split", "twice", "multipart"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_every_way_clients_send_parameters(shop: Shop, transport: str) -> None:
    params = shop.params(QUERY, {"out_trade_no": "一"})
    biz = urlencode({"biz_content": params["biz_content"]})
    rest = urlencode({name: value for name, value in params.items() if name != "biz_content"})
    send = shop.simulated.route
    answers = {
        "get": lambda: send("GET", f"/gateway.do?{rest}&{biz}"),
        "form": lambda: send("POST", "/gateway.do", body=f"{rest}&{biz}".encode()),
        "split": lambda: send(
            "POST", f"/gateway.do?{rest}", body=biz.encode(), headers={"Content-Type": FORM}
        ),
        "twice": lambda: send("POST", "/gateway.do?charset=utf-8", body=f"{rest}&{biz}".encode()),
        "multipart": lambda: send("POST", f"/gateway.do?{rest}", **multipart(params["biz_content"])),
    }
    assert shop.read(answers[transport](), QUERY)["sub_code"] == "ACQ.TRADE_NOT_EXIST"


def multipart(biz_content: str) -> dict[str, Any]:
    part = '--b\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
    body = part.format("biz_content", "", biz_content) + part.format("file", '; filename="a.png"', "{{{")
    inner = '--b\r\nContent-Disposition: form-data; name="nested"\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n'
    return {
        "body": f"{body}{inner}--b--\r\n".encode(),
        "headers": {"Content-Type": "multipart/form-data; boundary=b"},
    }


def signed_as(shop: Shop, params: dict[str, str], names: list[str]) -> dict[str, str]:
    return {**params, "sign": shop.sign_text("&".join(f"{name}={params[name]}" for name in sorted(names)))}


def test_empty_values_and_php_file_values_may_be_signed_or_not(shop: Shop) -> None:
    params = shop.params(QUERY, {"out_trade_no": "T1"}, app_auth_token="", note="@x")
    everything = [name for name in params if name != "sign"]
    for left_out in ([], ["app_auth_token"], ["app_auth_token", "note"]):
        signed = signed_as(shop, params, [name for name in everything if name not in left_out])
        assert shop.read(shop.send(signed), QUERY)["sub_code"] == "ACQ.TRADE_NOT_EXIST"


# In the order of the checks: each row keeps the mistakes below it, and the answer is about the first.
MISTAKES: list[tuple[dict[str, str | None], str, str, str]] = [
    ({"method": None}, "40001", "isv.missing-method", "Missing Required Arguments"),
    ({"method": "alipay.none"}, "40002", "isv.invalid-method", "Invalid Arguments"),
    ({"app_id": None}, "40001", "isv.missing-app-id", "Missing Required Arguments"),
    ({"app_id": "2021000000000000"}, "40002", "isv.invalid-app-id", "Invalid Arguments"),
    ({"sign_type": None}, "40001", "isv.missing-signature-type", "Missing Required Arguments"),
    ({"sign_type": "MD5"}, "40002", "isv.invalid-signature-type", "Invalid Arguments"),
    ({"sign_type": "RSA"}, "40003", "isv.missing-signature-config", "Insufficient Conditions"),
    ({"sign": None}, "40001", "isv.missing-signature", "Missing Required Arguments"),
    ({"timestamp": None}, "40001", "isv.missing-timestamp", "Missing Required Arguments"),
    ({"timestamp": "2026-01-01T00:00:00"}, "40002", "isv.invalid-timestamp", "Invalid Arguments"),
    ({"version": None}, "40001", "isv.missing-version", "Missing Required Arguments"),
    ({"version": "3.0"}, "40002", "isv.unsupported-version", "Invalid Arguments"),
    ({"charset": "latin-9"}, "40002", "isv.invalid-charset", "Invalid Arguments"),
    ({"format": "xml"}, "40002", "isv.invalid-format", "Invalid Arguments"),
    ({"app_cert_sn": "0" * 32}, "40002", "isv.app-cert-not-exist", "Invalid Arguments"),
    ({"sign": "AAAA"}, "40002", "isv.invalid-signature", "Invalid Arguments"),
]


@pytest.mark.parametrize("row", range(len(MISTAKES)), ids=[row[2] for row in MISTAKES])
def test_mistakes_are_told_in_order(shop: Shop, row: int) -> None:
    change, code, sub_code, msg = MISTAKES[row]
    below = {name: value for later, *_ in reversed(MISTAKES[row:]) for name, value in later.items()}
    params = shop.params(QUERY) | {k: v for k, v in {**below, **change}.items() if v is not None}
    for name in [name for name, value in {**below, **change}.items() if value is None]:
        params.pop(name)
    answer = shop.send(params)
    assert answer.status == 200
    (node, content), *rest = json.loads(answer.body).items()
    assert (content["code"], content["sub_code"], content["msg"]) == (code, sub_code, msg)
    assert node == ("error_response" if row < 4 else "alipay_trade_query_response")
    # Without an app there is no key to sign with.
    assert [name for name, _ in rest] == ([] if row < 4 else ["sign"])
    assert answer.explain


def test_an_unknown_method_of_a_known_app_is_signed(shop: Shop) -> None:
    answer = shop.send(shop.params("alipay.none"))
    shop.verify(*shop.split(answer, "error_response"))


def test_an_invalid_signature_shows_the_string_escaped_for_html(shop: Shop) -> None:
    params = shop.params(QUERY, {"out_trade_no": "T1"}) | {"sign": "AAAA"}
    text = shop.read(shop.send(params), QUERY)["sub_msg"].partition("网关生成的验签字符串为：")[2]
    assert "{&quot;out_trade_no&quot;: &quot;T1&quot;}&amp;charset=" in text
    signed = "&".join(f"{k}={v}" for k, v in sorted(params.items()) if k != "sign")
    assert html.unescape(text) == signed


@pytest.mark.parametrize("biz", ["{", "[]", '"text"'])
def test_biz_content_must_be_a_json_object(shop: Shop, biz: str) -> None:
    assert shop.call(QUERY, biz_content=biz)["sub_code"] == "isv.invalid-parameter"


def test_biz_content_may_be_missing(shop: Shop) -> None:
    assert shop.call(QUERY, biz_content=None)["sub_code"] == "ACQ.INVALID_PARAMETER"


def test_empty_and_null_fields_are_absent(shop: Shop) -> None:
    shop.precreated(body="", store_id=None)
    assert shop.call(QUERY, {"out_trade_no": "T1", "trade_no": ""})["sub_code"] == "ACQ.TRADE_NOT_EXIST"


def test_a_method_without_its_contract(shop: Shop) -> None:
    shop.simulated.control("account", pid="default", products=["FACE_TO_FACE_PAYMENT"])
    answer = shop.call("alipay.fund.trans.common.query")
    assert (answer["code"], answer["sub_code"]) == ("40006", "isv.insufficient-isv-permissions")
    jsapi = shop.call("alipay.trade.create", order(product_code="JSAPI_PAY", buyer_id="2088000000000001"))
    assert jsapi["sub_code"] == "ACQ.ACCESS_FORBIDDEN"


def test_app_pay_is_no_gateway_method(shop: Shop) -> None:
    answer = shop.send(shop.params("alipay.trade.app.pay", order()))
    text, signature = shop.split(answer, "error_response")
    shop.verify(text, signature)
    assert json.loads(text)["sub_code"] == "isv.invalid-method"
    assert "app-pay" in answer.explain


class TestCertificates:
    def test_the_envelope_names_the_certificate(self, simulated: Simulated) -> None:
        shop = simulated.shop("certs")
        body = json.loads(shop.send(shop.params(QUERY, {"out_trade_no": "T1"})).body)
        assert list(body) == ["alipay_trade_query_response", "alipay_cert_sn", "sign"]
        downloaded = shop.call(
            "alipay.open.app.alipaycert.download", {"alipay_cert_sn": body["alipay_cert_sn"]}
        )
        assert (
            base64.b64decode(downloaded["alipay_cert_content"]).decode()
            == shop.node["alipayPublicCertContent"]
        )

    @pytest.mark.parametrize(
        ("change", "sub_code"),
        [
            ({"app_cert_sn": None}, "isv.missing-app-cert-sn"),
            ({"app_cert_sn": "0" * 32}, "isv.app-cert-not-exist"),
            ({"alipay_root_cert_sn": None}, "isv.missing-alipay-root-cert-sn"),
            ({"alipay_root_cert_sn": "0_0"}, "isv.invalid-alipay-root-cert-sn"),
        ],
    )
    def test_wrong_numbers(self, simulated: Simulated, change: dict[str, str], sub_code: str) -> None:
        shop = simulated.shop("certs")
        assert shop.call(QUERY, {"out_trade_no": "T1"}, **change)["sub_code"] == sub_code

    def test_money_goes_out_in_certificate_mode_only(self, simulated: Simulated) -> None:
        answer = simulated.shop("default", "h5").call(TRANSFER)
        assert (answer["code"], answer["sub_code"]) == ("40002", "isv.missing-app-cert-sn")
        assert simulated.shop("default", "transfer").call(TRANSFER)["sub_code"] == "INVALID_PARAMETER"

    def test_a_renewed_certificate_can_be_downloaded_by_its_number(self, simulated: Simulated) -> None:
        shop = simulated.shop("certs")
        changed = simulated.control("account", pid="certs", renew_certificate=True)
        new = changed["apps"][0]["alipay_cert_sn"]
        body = json.loads(shop.send(shop.params(QUERY)).body)
        assert body["alipay_cert_sn"] == new
        renewed = simulated.shop("certs")
        content = renewed.call("alipay.open.app.alipaycert.download", {"alipay_cert_sn": new})
        pem = base64.b64decode(content["alipay_cert_content"]).decode()
        assert pem == renewed.node["alipayPublicCertContent"] != shop.node["alipayPublicCertContent"]
        assert pem.count("BEGIN CERTIFICATE") == 2

    @pytest.mark.parametrize("pid", ["default", "certs"])
    def test_an_unknown_certificate_cannot_be_downloaded(self, simulated: Simulated, pid: str) -> None:
        answer = simulated.shop(pid).call("alipay.open.app.alipaycert.download", {"alipay_cert_sn": "0"})
        assert answer["sub_code"] == "isv.alipay-cert-not-exist"


class TestEncryption:
    @pytest.fixture
    def sealed(self, simulated: Simulated) -> Shop:
        simulated.control("account", pid="default", encryption=True)
        return simulated.shop()

    def cipher(self, shop: Shop) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(base64.b64decode(shop.node["encryptKey"])), modes.CBC(bytes(16)))

    def encrypted(self, shop: Shop, biz: dict[str, Any]) -> str:
        padder = PKCS7(128).padder()
        data = padder.update(json.dumps(biz).encode()) + padder.finalize()
        encryptor = self.cipher(shop).encryptor()
        return base64.b64encode(encryptor.update(data) + encryptor.finalize()).decode()

    def opened(self, shop: Shop, answer: Answer, node: str) -> dict[str, Any]:
        text, signature = shop.split(answer, node)
        assert text.startswith('"')
        shop.verify(text, signature)
        decryptor = self.cipher(shop).decryptor()
        data = decryptor.update(base64.b64decode(json.loads(text))) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        value: dict[str, Any] = json.loads(unpadder.update(data) + unpadder.finalize())
        return value

    def test_both_ways(self, sealed: Shop) -> None:
        params = sealed.params(
            "alipay.trade.precreate", biz_content=self.encrypted(sealed, order()), encrypt_type="AES"
        )
        content = self.opened(sealed, sealed.send(params), "alipay_trade_precreate_response")
        assert content["out_trade_no"] == "T1"
        assert sealed.simulated.alipay.orders()[0].total_fee == 1000

    def test_a_business_error_is_encrypted_and_still_about_its_order(self, sealed: Shop) -> None:
        params = sealed.params(
            QUERY, biz_content=self.encrypted(sealed, {"out_trade_no": "T1"}), encrypt_type="AES"
        )
        content = self.opened(sealed, sealed.send(params), "alipay_trade_query_response")
        assert content["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    def test_an_app_with_a_key_may_also_speak_plainly(self, sealed: Shop) -> None:
        assert sealed.state() == "ACQ.TRADE_NOT_EXIST"

    @pytest.mark.parametrize(
        ("content", "kind", "code", "sub_code"),
        [
            ("{}", "AES", "40003", "isv.decryption-error-unknown"),
            ("{}", "DES", "40002", "isv.invalid-encrypt-type"),
            ("ILpoMowjIQjfYMR847rnFQ==", None, "40001", "isv.decryption-error-missing-encrypt-type"),
        ],
    )
    def test_failures_are_plain(
        self, sealed: Shop, content: str, kind: str | None, code: str, sub_code: str
    ) -> None:
        answer = sealed.call(QUERY, biz_content=content, encrypt_type=kind)
        assert (answer["code"], answer["sub_code"]) == (code, sub_code)

    def test_an_app_without_a_key(self, shop: Shop) -> None:
        answer = shop.call(QUERY, biz_content="AAAA", encrypt_type="AES")
        assert answer["sub_code"] == "isv.decryption-error-not-valid-encrypt-key"

    def test_encryption_is_switched_off_again(self, sealed: Shop) -> None:
        sealed.simulated.control("account", pid="default", encryption=False)
        assert "encryptKey" not in sealed.simulated.shop().node


class TestPartner:
    @pytest.fixture
    def partner(self, simulated: Simulated) -> Shop:
        return simulated.shop("partner")

    def test_a_token_makes_the_sub_merchant_the_seller(self, partner: Shop) -> None:
        grant, other = partner.node["appAuthTokens"]
        partner.extra = {"app_auth_token": grant["appAuthToken"]}
        partner.paid()
        told = partner.simulated.told()[0]
        assert told["seller_id"] == grant["mchId"]
        assert (told["app_id"], told["auth_app_id"]) == (partner.node["appId"], grant["authAppId"])
        assert partner.state() == "TRADE_SUCCESS"
        partner.extra = {"app_auth_token": other["appAuthToken"]}
        assert partner.state() == "ACQ.TRADE_NOT_EXIST"
        trade_no = told["trade_no"]
        assert partner.call(QUERY, {"trade_no": trade_no})["sub_code"] == "ACQ.TRADE_NOT_EXIST"
        assert partner.simulated.alipay.orders()[0].pid == "partner"

    def test_a_token_given_to_somebody_else(self, shop: Shop, partner: Shop) -> None:
        token = partner.node["appAuthTokens"][0]["appAuthToken"]
        answer = shop.call(QUERY, app_auth_token=token)
        assert (answer["code"], answer["sub_code"]) == ("20001", "aop.invalid-app-auth-token")

    def test_nobody_sends_other_peoples_money(self, simulated: Simulated, partner: Shop) -> None:
        token = partner.node["appAuthTokens"][0]["appAuthToken"]
        transfer = simulated.shop("partner", "transfer")
        app = simulated.alipay.accounts["partner"].apps
        app["transfer"].authorisations = app["h5"].authorisations
        assert transfer.call(TRANSFER, app_auth_token=token)["sub_code"] == "isv.not-support-app-auth"

    def test_without_a_token_the_partner_sells_itself(self, partner: Shop) -> None:
        partner.paid()
        told = partner.simulated.told()[0]
        assert told["seller_id"] == partner.pid
        assert told["auth_app_id"] == told["app_id"]
