"""What the journal tells a developer about a refusal."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.vkpay_simulator.providers.alipay.merchant import Shop, Simulated, order
from vkpay_simulator.app import build_app

QUERY, PRECREATE = "alipay.trade.query", "alipay.trade.precreate"
TRANSFER = "alipay.fund.trans.uni.transfer"
CODE = "2812345678901234"


def explained(shop: Shop, method: str, biz: dict[str, Any] | None = None, **params: str | None) -> str:
    return shop.send(shop.params(method, biz, **params)).explain


def without_sign_type(kept: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(kept.items()) if name != "sign_type")


def unsorted(kept: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in kept.items())


def encoded_by(encode: Callable[..., str]) -> Callable[[dict[str, str]], str]:
    return lambda kept: "&".join(f"{name}={encode(value, safe='')}" for name, value in sorted(kept.items()))


class TestSignatures:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            (without_sign_type, "sign_type was left out"),
            (unsorted, "sort them by name"),
            (encoded_by(quote), "sign the raw ones"),
            (encoded_by(quote_plus), "sign the raw ones"),
            (lambda _kept: "something else", "character by character"),
        ],
        ids=["sign_type", "order", "quote", "quote_plus", "unknown"],
    )
    def test_another_text_was_signed(
        self, shop: Shop, text: Callable[[dict[str, str]], str], told: str
    ) -> None:
        kept = shop.params(QUERY, {"out_trade_no": "T 1"})
        del kept["sign"]
        answer = shop.send({**kept, "sign": shop.sign_text(text(kept))})
        assert told in answer.explain
        assert f"of app {shop.node['appId']}" in answer.explain
        assert answer.explain.endswith(unsorted(dict(sorted(kept.items()))))

    def test_the_bytes_were_of_another_charset(self, shop: Shop) -> None:
        params = shop.params(PRECREATE, order())
        shop.charset = "gbk"
        sign = shop.sign(params)
        shop.charset = "utf-8"
        assert "signed in gbk, and charset says utf-8" in shop.send({**params, "sign": sign}).explain

    def test_the_hash_was_another(self, shop: Shop) -> None:
        params = shop.params(QUERY)
        text = unsorted({name: params[name] for name in sorted(params) if name != "sign"})
        sign = shop.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA1())
        answer = shop.send({**params, "sign": base64.b64encode(sign).decode()})
        assert "made as RSA, and sign_type says RSA2" in answer.explain

    def test_the_key_was_that_of_another_app(self, shop: Shop) -> None:
        other = shop.simulated.shop("default", "transfer")
        explain = other.send(other.params(QUERY, app_id=shop.node["appId"], app_cert_sn=None)).explain
        assert f"private key of app {other.node['appId']}" in explain

    def test_plus_signs_became_spaces(self, shop: Shop) -> None:
        params = shop.params(QUERY) | {"sign": "AA AA="}
        assert "percent-encode" in shop.send(params).explain

    async def test_the_journal_shows_the_string_and_no_secret(self, simulated: Simulated) -> None:
        shop = simulated.shop("partner")
        token = shop.node["appAuthTokens"][0]["appAuthToken"]
        biz = order(scene="bar_code", auth_code=CODE)
        params = shop.params("alipay.trade.pay", biz, app_auth_token=token) | {"sign": "AAAA"}
        async with TestClient(TestServer(build_app(simulated.world))) as client:
            await client.post("/gateway.do", data=params)
            (entry,) = (await (await client.get("/_sim/journal")).json())["entries"]
        assert '"out_trade_no": "T1"' in entry["explain"]
        assert "&charset=utf-8&" in entry["explain"]
        assert token not in str(entry)
        assert CODE not in str(entry)


def test_a_phone_says_why_it_does_not_open_the_wallet(shop: Shop) -> None:
    params = shop.params("alipay.trade.app.pay", order())
    del params["sign"]
    sign = shop.sign_text(without_sign_type(params))
    result = shop.simulated.control("app-pay", order_string=urlencode({**params, "sign": sign}))
    assert "sign_type was left out" in result["memo"]


class TestWhoAsks:
    def test_an_unknown_app(self, shop: Shop) -> None:
        explain = explained(shop, QUERY, app_id="2021000000000000")
        assert "2021000000000000" in explain
        assert shop.node["appId"] in explain

    def test_certificates(self, simulated: Simulated) -> None:
        shop = simulated.shop("certs")
        right = shop.certificate_numbers()
        other = explained(shop, QUERY, app_cert_sn="0" * 32)
        assert "0" * 32 in other
        assert right["app_cert_sn"] in other
        root = explained(shop, QUERY, alipay_root_cert_sn="0_0")
        assert right["alipay_root_cert_sn"] in root
        assert "certificate mode" in explained(shop, QUERY, app_cert_sn=None)
        assert "alipayRootCertContent" in explained(shop, QUERY, alipay_root_cert_sn=None)

    def test_key_mode(self, shop: Shop) -> None:
        assert "leave app_cert_sn out" in explained(shop, QUERY, app_cert_sn="0" * 32)
        assert "the node transfer" in explained(shop, TRANSFER)

    @pytest.mark.parametrize(("products", "told"), [([], "none"), (["JSAPI_PAY"], "JSAPI_PAY")])
    def test_a_missing_product(self, shop: Shop, products: list[str], told: str) -> None:
        shop.simulated.control("account", pid="default", products=products)
        explain = explained(shop, PRECREATE, order())
        assert "needs the product FACE_TO_FACE_PAYMENT" in explain
        assert f"has {told}" in explain

    def test_a_product_of_several_is_missing(self, simulated: Simulated) -> None:
        simulated.control("account", pid="default", products=["FACE_TO_FACE_PAYMENT", "STD_RED_PACKET"])
        jsapi = order(product_code="JSAPI_PAY", buyer_id="2088000000012345")
        assert "needs the product JSAPI_PAY" in explained(simulated.shop(), "alipay.trade.create", jsapi)
        transfer = simulated.shop("default", "transfer")
        payee = {"identity": "2088000000012345", "identity_type": "ALIPAY_USER_ID"}
        biz = {
            "out_biz_no": "B1",
            "trans_amount": "1.00",
            "product_code": "TRANS_ACCOUNT_NO_PWD",
            "biz_scene": "DIRECT_TRANSFER",
            "payee_info": payee,
        }
        assert "needs the product TRANS_ACCOUNT_NO_PWD" in explained(transfer, TRANSFER, biz)
        biz["payee_info"] = {**payee, "identity_type": "BANKCARD_ACCOUNT"}
        assert "contract for BANKCARD_ACCOUNT" in explained(transfer, TRANSFER, biz)

    def test_a_contract_nobody_has(self, shop: Shop) -> None:
        biz = order(auth_code=CODE, product_code="PRE_AUTH")
        assert "contract for PRE_AUTH" in explained(shop, "alipay.trade.pay", biz)

    def test_people_by_open_id(self, shop: Shop) -> None:
        shop.simulated.control("account", pid="default", id_mode="open_id")
        explain = explained(shop, "alipay.trade.create", order(buyer_id="2088000000012345"))
        assert "by open id and not by user id" in explain

    def test_everything_else_names_the_code(self, shop: Shop) -> None:
        assert "ACQ.TOTAL_FEE_EXCEED" in explained(shop, PRECREATE, order(amount="0"))


class TestNoSuchTrade:
    def test_nobody_scanned_yet(self, shop: Shop) -> None:
        shop.precreated()
        explain = explained(shop, QUERY, {"out_trade_no": "T1"})
        assert "made by alipay.trade.precreate, but nobody opened it" in explain
        assert '/_sim/scan {"out_trade_no": "T1"}' in explain

    def test_it_is_void(self, shop: Shop) -> None:
        shop.precreated()
        shop.call("alipay.trade.close", {"out_trade_no": "T1"})
        assert "never opened, and is void" in explained(shop, QUERY, {"out_trade_no": "T1"})

    def test_it_is_of_another_seller(self, shop: Shop) -> None:
        trade_no = shop.paid()
        for biz in ({"out_trade_no": "T1"}, {"trade_no": trade_no}):
            explain = explained(shop.simulated.shop("certs"), QUERY, biz)
            assert f"it is of seller {shop.pid}" in explain

    def test_there_is_none(self, shop: Shop) -> None:
        assert "/_sim/alipay/app-pay" in explained(shop, QUERY, {"out_trade_no": "T1"})


def test_a_refusal_that_was_asked_for_explains_nothing(shop: Shop) -> None:
    request = shop.simulated.as_request(shop.params(QUERY, {"out_trade_no": "T1"}))
    assert shop.simulated.alipay.business_error(request, QUERY, "ACQ.TRADE_NOT_EXIST").explain == ""
