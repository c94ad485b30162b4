"""The provider's side of the control API: the buyer, settlements, faults, settings."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from multidict import CIMultiDict, CIMultiDictProxy

from tests.vkpay_simulator.providers.alipay.merchant import NOTIFY_URL, Shop, Simulated, order
from vkpay_simulator.app import build_app
from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.base import SimulatorError

BUYER = "2088000000012345"
QUERY = "alipay.trade.query"
NO_HEADERS = CIMultiDictProxy[str](CIMultiDict())


def request(shop: Shop, method: str, biz: dict[str, Any], **params: str | None) -> Request:
    query = urlencode(shop.params(method, biz, **params))
    return Request(method="GET", target=f"/gateway.do?{query}", headers=NO_HEADERS)


class TestBuyer:
    def test_the_view_of_an_order(self, shop: Shop) -> None:
        code = shop.precreated()["qr_code"]
        (view,) = shop.simulated.alipay.orders()
        assert (view.state, view.transaction_id, view.payer) == ("UNOPENED", None, None)
        assert view.detail == {
            "subject": "一斤茶叶",
            "product_code": "FACE_TO_FACE_PAYMENT",
            "seller_id": shop.pid,
            "opened": False,
            "qr_code": code,
            "refunds": [],
        }
        paid = shop.simulated.alipay.pay("T1", payer=BUYER)
        assert (paid.provider, paid.pid, paid.product) == ("alipay", "default", "alipay.trade.precreate")
        assert (paid.state, paid.total_fee, paid.refunded_fee) == ("TRADE_SUCCESS", 1000, 0)
        assert (paid.payer, paid.notify_url) == (BUYER, NOTIFY_URL)
        assert paid.paid_ms == paid.created_ms == shop.simulated.world.clock.now()
        shop.call("alipay.trade.refund", {"out_trade_no": "T1", "refund_amount": "10.00"})
        (view,) = shop.simulated.alipay.orders()
        refund = {"out_request_no": "T1", "amount": 1000, "at_ms": shop.simulated.world.clock.now()}
        assert (view.refunded_fee, view.detail["refunds"]) == (1000, [refund])

    @pytest.mark.parametrize("act", ["pay", "scan", "cancel"])
    def test_an_unknown_order_says_what_to_do(self, simulated: Simulated, act: str) -> None:
        with pytest.raises(SimulatorError, match="/_sim/alipay/app-pay") as caught:
            getattr(simulated.alipay, act)("T1")
        assert caught.value.status == 404

    @pytest.mark.parametrize("act", ["pay", "scan", "cancel"])
    def test_what_is_over_is_over(self, shop: Shop, act: str) -> None:
        shop.paid()
        with pytest.raises(SimulatorError, match="TRADE_SUCCESS") as caught:
            getattr(shop.simulated.alipay, act)("T1")
        assert caught.value.status == 409

    def test_a_number_of_two_sellers(self, simulated: Simulated) -> None:
        for pid in ("default", "certs"):
            simulated.shop(pid).precreated()
        with pytest.raises(SimulatorError, match="default, certs"):
            simulated.alipay.pay("T1")
        assert simulated.alipay.pay("T1", pid="certs").pid == "certs"

    def test_a_trade_has_one_buyer(self, shop: Shop) -> None:
        shop.call("alipay.trade.create", order(buyer_id=BUYER))
        with pytest.raises(SimulatorError, match=BUYER):
            shop.simulated.alipay.pay("T1", payer="2088000000054321")
        assert shop.simulated.alipay.scan("T1", payer=BUYER).payer == BUYER
        assert shop.simulated.alipay.pay("T1").payer == BUYER

    def test_a_channel_that_is_none(self, shop: Shop) -> None:
        shop.precreated()
        with pytest.raises(SimulatorError, match="PCREDIT"):
            shop.simulated.alipay.pay("T1", channel="my card")

    def test_giving_up_before_the_cashier_was_open(self, shop: Shop) -> None:
        shop.precreated()
        assert shop.simulated.alipay.cancel("T1").state == "UNOPENED"


class TestSettlement:
    def test_a_refund_is_final(self, shop: Shop) -> None:
        shop.paid()
        biz = {"out_trade_no": "T1", "refund_amount": "4.00", "out_request_no": "R1"}
        shop.call("alipay.trade.refund", biz)
        assert shop.simulated.alipay.settle_refund("R1", "SUCCESS") == {
            "out_trade_no": "T1",
            "out_request_no": "R1",
            "refund_amount": "4.00",
            "refund_status": "REFUND_SUCCESS",
            "gmt_refund_pay": "2026-01-01 00:00:00",
        }
        with pytest.raises(SimulatorError, match="final"):
            shop.simulated.alipay.settle_refund("R1", "ABNORMAL")
        with pytest.raises(SimulatorError, match="R1") as caught:
            shop.simulated.alipay.settle_refund("R1", "SUCCESS", pid="certs")
        assert caught.value.status == 404

    def test_a_transfer_is_final(self, simulated: Simulated) -> None:
        payee = {"identity": BUYER, "identity_type": "ALIPAY_USER_ID"}
        biz = {
            "out_biz_no": "B1",
            "trans_amount": "1.00",
            "product_code": "TRANS_ACCOUNT_NO_PWD",
            "biz_scene": "DIRECT_TRANSFER",
            "payee_info": payee,
        }
        simulated.shop("certs").call("alipay.fund.trans.uni.transfer", biz)
        assert simulated.alipay.settle_transfer("B1", "confirm")["status"] == "SUCCESS"
        with pytest.raises(SimulatorError, match="final"):
            simulated.alipay.settle_transfer("B1", "fail")
        with pytest.raises(SimulatorError, match="B1") as caught:
            simulated.alipay.settle_transfer("B1", "confirm", pid="default")
        assert caught.value.status == 404


class TestSubjects:
    @pytest.mark.parametrize("name", ["out_trade_no", "out_biz_no"])
    def test_of_a_gateway_call(self, shop: Shop, name: str) -> None:
        call = request(shop, QUERY, {name: "N1"})
        assert shop.simulated.alipay.subject_of(call, "alipay.gateway") == "N1"

    def test_alipays_number_leads_to_the_merchants(self, shop: Shop) -> None:
        trade_no = shop.paid()
        alipay = shop.simulated.alipay
        assert alipay.subject_of(request(shop, QUERY, {"trade_no": trade_no}), "") == "T1"
        assert alipay.subject_of(request(shop, QUERY, {"trade_no": "1"}), "") is None

    @pytest.mark.parametrize("params", [{"biz_content": "{"}, {"encrypt_type": "AES"}])
    def test_a_request_that_cannot_be_read(self, shop: Shop, params: dict[str, str]) -> None:
        assert shop.simulated.alipay.subject_of(request(shop, QUERY, {}, **params), "") is None

    def test_a_stranger(self, shop: Shop) -> None:
        call = request(shop, QUERY, {"out_trade_no": "T1"}, app_id="1")
        assert shop.simulated.alipay.subject_of(call, "") == "T1"

    def test_of_the_cashier(self, shop: Shop) -> None:
        page = shop.send(shop.params("alipay.trade.wap.pay", order()))
        token = page.body.decode().partition("/_cashier/alipay/")[2][:32]
        for wanted, params in (("T1", {"token": token}), (None, {"token": "none"})):
            visit = Request(method="GET", target="/_cashier/alipay/x", headers=NO_HEADERS, params=params)
            assert shop.simulated.alipay.subject_of(visit, "alipay.cashier") == wanted

    def test_of_an_order_string(self, shop: Shop) -> None:
        text = urlencode(shop.params("alipay.trade.app.pay", order()))
        for wanted, body in (
            ("T1", json.dumps({"order_string": text})),
            (None, "{"),
            (None, "[]"),
            (None, "{}"),
        ):
            call = Request(
                method="POST", target="/_sim/alipay/app-pay", headers=NO_HEADERS, body=body.encode()
            )
            assert shop.simulated.alipay.subject_of(call, "alipay.app-pay") == wanted


class TestBusinessError:
    @pytest.mark.parametrize(
        ("method", "code", "answer"),
        [
            (QUERY, "ACQ.SYSTEM_ERROR", "40004"),
            ("alipay.trade.refund", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "40004"),
            ("alipay.fund.trans.uni.transfer", "PAYEE_NOT_EXIST", "40004"),
            (QUERY, "isp.unknow-error", "20000"),
            (QUERY, "isv.app-call-limited", "40005"),
            (QUERY, "isv.invalid-signature", "40002"),
        ],
    )
    def test_signed_under_the_methods_node(self, shop: Shop, method: str, code: str, answer: str) -> None:
        call = request(shop, method, {"out_trade_no": "T1"})
        content = shop.read(shop.simulated.alipay.business_error(call, "alipay.gateway", code), method)
        assert (content["code"], content["sub_code"]) == (answer, code)
        assert ("receipt_amount" in content) is (code == "ACQ.SYSTEM_ERROR")

    def test_some_belong_under_error_response(self, shop: Shop) -> None:
        call = request(shop, QUERY, {})
        answer = shop.simulated.alipay.business_error(call, "alipay.gateway", "isv.invalid-app-id")
        shop.verify(*shop.split(answer, "error_response"))

    def test_a_page_shows_it(self, shop: Shop) -> None:
        call = request(shop, "alipay.trade.page.pay", order())
        answer = shop.simulated.alipay.business_error(call, "alipay.gateway", "ACQ.SYSTEM_ERROR")
        assert "ACQ.SYSTEM_ERROR" in answer.body.decode()
        assert answer.body.startswith(b"<!DOCTYPE html>")

    def test_an_unknown_code_lists_the_known_ones(self, shop: Shop) -> None:
        with pytest.raises(SimulatorError, match=r"ACQ\.TRADE_NOT_EXIST.*PAYEE_NOT_EXIST"):
            shop.simulated.alipay.business_error(request(shop, QUERY, {}), "alipay.gateway", "NOPE")


@pytest.mark.parametrize("pid", ["default", "certs"])
def test_a_spoilt_answer_differs_in_its_sign_only(simulated: Simulated, pid: str) -> None:
    shop = simulated.shop(pid)
    answer = shop.send(shop.params(QUERY, {"out_trade_no": "T1"}))
    spoilt = simulated.alipay.spoil_signature(answer)
    good, bad = json.loads(answer.body), json.loads(spoilt.body)
    assert good.pop("sign") != bad.pop("sign")
    assert good == bad
    assert len(spoilt.body) == len(answer.body)


def test_a_page_has_no_sign_to_spoil(shop: Shop) -> None:
    page = shop.send(shop.params("alipay.trade.wap.pay", order()))
    assert shop.simulated.alipay.spoil_signature(page) == page


class TestSettings:
    @pytest.mark.parametrize(
        ("name", "body", "text"),
        [
            ("account", {"pid": "nobody"}, "default, certs, partner"),
            ("account", {"pid": "default", "node": "nowhere"}, "mp-alipay"),
            ("account", {"pid": "default", "products": ["X"]}, "JSAPI_PAY"),
            ("account", {"pid": "default", "balance": -1}, "balance"),
            ("account", {"pid": "default", "money": 1}, "money"),
            ("account", {"pid": "default", "node": "h5", "renew_certificate": True}, "key mode"),
            ("rules", {"notify": {"cash": []}}, "face_to_face"),
            ("rules", {"notify": {"app": ["PAID"]}}, "TRADE_FINISHED"),
            ("app-pay", {}, "order_string"),
        ],
    )
    def test_wrong_use_says_what_is_right(
        self, simulated: Simulated, name: str, body: dict[str, Any], text: str
    ) -> None:
        answer = simulated.control(name, **body)
        assert answer["status"] in (400, 404)
        assert text in answer["error"]

    def test_a_body_that_is_no_text(self, simulated: Simulated) -> None:
        assert simulated.route("POST", "/_sim/alipay/rules", body=b"\xff").status == 400

    def test_one_node_or_all(self, simulated: Simulated) -> None:
        one = simulated.control("account", pid="default", node="transfer", id_mode="open_id")
        assert [app["id_mode"] for app in one["apps"]] == ["open_id"]
        every = simulated.control("account", pid="default")
        assert [app["id_mode"] for app in every["apps"]] == ["user_id", "open_id"]
        assert [app["alipay_cert_sn"] is None for app in every["apps"]] == [True, False]

    def test_rules(self, simulated: Simulated) -> None:
        first = simulated.control("rules")
        changed = simulated.control(
            "rules", pauses=[1, 2], pay_delay_s=0.5, refund_window_days=90, notify={"page": ["TRADE_CLOSED"]}
        )
        assert changed == first | {
            "pauses": [1, 2],
            "pay_delay_s": 0.5,
            "refund_window_days": 90,
            "notify": first["notify"] | {"page": ["TRADE_CLOSED"]},
        }
        simulated.alipay.reset()
        assert simulated.control("rules") == first


def test_an_app_that_uploaded_a_key_for_sha1(simulated: Simulated) -> None:
    shop = simulated.shop()
    simulated.control("account", pid="default", sign_type="RSA")
    assert "uploaded a key for sign_type RSA:" in shop.send(shop.params(QUERY)).explain
    params = shop.params(QUERY, {"out_trade_no": "T1"}, sign_type="RSA")
    text = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "sign")
    sign = base64.b64encode(shop.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA1())).decode()
    content, signature = shop.split(shop.send({**params, "sign": sign}), "alipay_trade_query_response")
    assert "ACQ.TRADE_NOT_EXIST" in content
    shop.alipay_key.verify(base64.b64decode(signature), content.encode(), padding.PKCS1v15(), hashes.SHA1())


def test_reset_gives_apps_the_settings_of_the_opening(simulated: Simulated) -> None:
    before = simulated.control("account", pid="default")
    changes = {
        "id_mode": "open_id",
        "products": [],
        "gateway_url": "http://127.0.0.1",
        "encryption": True,
        "sign_type": "RSA",
    }
    assert simulated.control("account", pid="default", **changes) != before
    simulated.world.reset()
    assert simulated.control("account", pid="default") == before


def test_reset_forgets_orders_and_gives_the_money_back(simulated: Simulated) -> None:
    shop = simulated.shop()
    before = simulated.control("account", pid="default")
    trade_no = shop.paid()
    shop.call("alipay.trade.pay", order("T2", scene="bar_code", auth_code="2812345678901234"))
    simulated.world.reset()
    assert simulated.alipay.orders() == []
    assert shop.call(QUERY, {"trade_no": trade_no})["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert simulated.control("account", pid="default") == before
    again = shop.call("alipay.trade.pay", order("T3", scene="bar_code", auth_code="2812345678901234"))
    assert again["code"] == "10000"


def test_secrets_do_not_show(simulated: Simulated) -> None:
    simulated.control("account", pid="partner", encryption=True)
    shop = simulated.shop("partner")
    shown = repr(simulated.alipay.accounts["partner"])
    assert shop.node["appAuthTokens"][0]["appAuthToken"] not in shown
    assert "PrivateKey" not in shown
    assert "aes_key" not in shown


def test_the_config_rows(simulated: Simulated) -> None:
    def modes(pid: str) -> dict[str, bool]:
        row = simulated.alipay.config_row(simulated.world.merchants[pid])["alipay"]
        return {name: "appCertContent" in node for name, node in row.items()}

    nodes = ["mp-alipay", "app-plus", "h5", "transfer", "codepay"]
    assert modes("default") == modes("partner") == {node: node == "transfer" for node in nodes}
    assert modes("certs") == dict.fromkeys(nodes, True)
    node = simulated.shop("certs").node
    assert node["sandbox"] is False
    assert node["mchId"].startswith("2088")
    assert node["appId"].startswith("2021")
    assert node["alipayRootCertContent"].count("\n\n-----BEGIN CERTIFICATE-----") == 1


async def test_on_a_port(simulated: Simulated) -> None:
    """The control API's catch-all leaves this provider's own control endpoints alone."""
    shop = simulated.shop()
    async with TestClient(TestServer(build_app(simulated.world))) as client:
        text = urlencode(shop.params("alipay.trade.app.pay", order()))
        response = await client.post("/_sim/alipay/app-pay", json={"order_string": text})
        assert (await response.json())["resultStatus"] == "9000"
        answer = await client.get("/gateway.do", params=shop.params(QUERY, {"out_trade_no": "T1"}))
        assert answer.headers["trace_id"]
        assert (await answer.json(content_type=None))["alipay_trade_query_response"]["code"] == "10000"
        match = {"operation": "alipay.trade.q*"}
        fault = {"fault": "business_code", "code": "ACQ.SYSTEM_ERROR", "match": match}
        await client.post("/_sim/faults", json=fault)
        for method, code in (("alipay.trade.close", "ACQ.TRADE_STATUS_ERROR"), (QUERY, "ACQ.SYSTEM_ERROR")):
            answer = await client.get("/gateway.do", params=shop.params(method, {"out_trade_no": "T1"}))
            assert code in await answer.text()
        await client.get("/gateway.do?method=none")
        entries = simulated.world.journal.find(limit=9, provider="alipay")
        assert {entry.operation for entry in entries} == {
            "alipay.app-pay",
            "alipay.gateway",
            "alipay.trade.close",
            QUERY,
        }
