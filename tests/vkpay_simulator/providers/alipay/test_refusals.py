"""What live answers carry beside the codes of a business refusal, refused for real or by a fault."""

import json
from typing import Any

import pytest

from tests.vkpay_simulator.providers.alipay.merchant import Shop, order

ZEROS = {
    "buyer_pay_amount": "0.00",
    "invoice_amount": "0.00",
    "point_amount": "0.00",
    "receipt_amount": "0.00",
}
NUMBER = {"out_trade_no": "T1"}
REFUND = {**NUMBER, "refund_amount": "1.00"}
BARCODE = order(auth_code="2503000000000001")
BESIDE: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("alipay.trade.query", NUMBER, {**NUMBER, **ZEROS}),
    ("alipay.trade.query", {"trade_no": "1"}, ZEROS),
    ("alipay.trade.pay", BARCODE, {**NUMBER, **ZEROS}),
    ("alipay.trade.pay", order(auth_code=""), {**NUMBER, **ZEROS}),
    ("alipay.trade.close", NUMBER, NUMBER),
    ("alipay.trade.cancel", {**NUMBER, "operator_id": "1" * 29}, {**NUMBER, "retry_flag": "N"}),
    ("alipay.trade.cancel", {}, {"retry_flag": "N"}),
    ("alipay.trade.refund", REFUND, {"refund_fee": "0.00", "send_back_fee": "0.00"}),
    ("alipay.trade.fastpay.refund.query", {**NUMBER, "out_request_no": "R1"}, {}),
    ("alipay.trade.precreate", order(amount="0"), {}),
    ("alipay.trade.create", order(), {}),
    ("alipay.fund.trans.common.query", {"order_id": "1"}, {}),
]


def beside(answer: dict[str, Any]) -> dict[str, Any]:
    assert list(answer)[:4] == ["code", "msg", "sub_code", "sub_msg"]
    assert list(answer)[4:] == sorted(list(answer)[4:])
    assert answer["code"] == "40004"
    return {
        name: value for name, value in answer.items() if name not in ("code", "msg", "sub_code", "sub_msg")
    }


@pytest.mark.parametrize(("method", "biz", "expected"), BESIDE)
def test_beside_the_codes(shop: Shop, method: str, biz: dict[str, Any], expected: dict[str, str]) -> None:
    assert beside(shop.call(method, biz)) == expected
    request = shop.simulated.as_request(shop.params(method, biz))
    answer = shop.simulated.alipay.business_error(request, method, "ACQ.SYSTEM_ERROR")
    assert beside(shop.read(answer, method)) == expected


@pytest.mark.parametrize("params", [{"app_id": "1"}, {"biz_content": "{"}, {"encrypt_type": "AES"}])
def test_a_fault_for_a_request_that_cannot_be_read(shop: Shop, params: dict[str, str]) -> None:
    request = shop.simulated.as_request(shop.params("alipay.trade.query", NUMBER, **params))
    answer = shop.simulated.alipay.business_error(request, "alipay.trade.query", "ACQ.SYSTEM_ERROR")
    content = json.loads(answer.body)["alipay_trade_query_response"]
    assert content["sub_code"] == "ACQ.SYSTEM_ERROR"
    assert ("out_trade_no" in content) is (params == {"app_id": "1"})


def test_an_unknown_result_carries_nothing(shop: Shop) -> None:
    answer = shop.call("alipay.trade.pay", order(auth_code="2505000000000001"))
    assert sorted(answer) == ["code", "msg", "sub_code", "sub_msg"]


def test_every_code_that_can_be_asked_for(shop: Shop) -> None:
    alipay = shop.simulated.alipay
    request = shop.simulated.as_request(shop.params("alipay.trade.query", NUMBER))
    codes = alipay.error_codes()
    assert {"ACQ.TRADE_NOT_EXIST", "isp.unknow-error", "PAYEE_NOT_EXIST"} <= codes
    for code in sorted(codes):
        body = json.loads(alipay.business_error(request, "alipay.trade.query", code).body)
        content = body.get("alipay_trade_query_response") or body["error_response"]
        assert content["sub_code"] == code
        assert content["sub_msg"]


class TestCancelledNumbers:
    """A payment that is still on its way when the merchant cancels must not go through later."""

    CANCEL, PAY = "alipay.trade.cancel", "alipay.trade.pay"

    @pytest.mark.parametrize("before", ["nothing", "a code nobody scanned", "a lost call"])
    def test_are_used_up(self, shop: Shop, before: str) -> None:
        if before == "a code nobody scanned":
            shop.precreated()
        if before == "a lost call":
            shop.call(self.PAY, order(auth_code="2505000000000001"))
        assert "action" not in shop.call(self.CANCEL, NUMBER)
        assert shop.call(self.PAY, order(auth_code="2812345678901234"))["sub_code"] == "ACQ.TRADE_HAS_CLOSE"
        assert shop.precreated()["sub_code"] == "ACQ.TRADE_HAS_CLOSE"
        assert shop.simulated.shop("certs").precreated()["code"] == "10000"
        shop.simulated.world.reset()
        assert shop.precreated()["code"] == "10000"

    def test_only_when_they_were_named(self, shop: Shop) -> None:
        assert shop.call(self.CANCEL, {**NUMBER, "trade_no": "1"})["retry_flag"] == "N"
        assert shop.precreated()["code"] == "10000"
