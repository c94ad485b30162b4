"""Who may come in: every way an Authorization header can be wrong, and the signature on what comes back."""

import json
from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay.conftest import new_world
from tests.vkpay_simulator.providers.wxpay.shop import NONCE, Shop
from vkpay_simulator.providers.wxpay.accounts import ApiCertificate
from vkpay_simulator.world import Settings

TARGET = "/v3/pay/transactions/out-trade-no/T20260101000001?mchid=1"
ORDERS = [
    ["mchid", "nonce_str", "signature", "timestamp", "serial_no"],
    ["mchid", "nonce_str", "timestamp", "serial_no", "signature"],
    ["mchid", "serial_no", "timestamp", "nonce_str", "signature"],
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("comma", [",", ", "])
def test_any_order_of_parameters(shop: Shop, order: list[str], comma: str) -> None:
    assert shop.create(out_trade_no="T20260101000009").status == 200
    target = f"/v3/pay/transactions/out-trade-no/T20260101000009?mchid={shop.account.mchid}"
    assert shop.get(target, order=order, comma=comma).status == 200


def test_a_nonce_may_come_twice(shop: Shop) -> None:
    shop.create()
    assert [shop.query().status, shop.query().status] == [200, 200]


def test_target_and_body_are_taken_as_they_stand(shop: Shop) -> None:
    raw = f'{{ "mchid" : "{shop.account.mchid}" }}'
    shop.create(out_trade_no="T2026-*01")
    assert shop.post("/v3/pay/transactions/out-trade-no/T2026-*01/close?&a=%20b", raw.encode()).status == 204


def test_wrong_signature(shop: Shop) -> None:
    body = {"mchid": shop.account.mchid}
    target = "/v3/pay/transactions/out-trade-no/T1/close"
    result = shop.post(target, body, text=b"something else")
    raw = json.dumps(body)
    length = len(f"POST\n{target}\n1767196800\n{NONCE}\n{raw}\n")
    assert (result.status, result.number) == (401, 268443699)
    assert result.data == {
        "code": "SIGN_ERROR",
        "message": "错误的签名，验签失败",
        "detail": {
            "detail": {"issue": "sign not match"},
            "field": "signature",
            "location": "authorization",
            "sign_information": {
                "method": "POST",
                "sign_message_length": length,
                "truncated_sign_message": f"POST\n{target}\n1767196800\n{NONCE}\n{raw[:8]}\n",
                "url": target,
            },
        },
    }


@pytest.mark.parametrize(
    ("changed", "field", "message"),
    [
        ({"signature": "no base64"}, "signature", "验签失败"),
        ({"timestamp": "1767196499"}, "timestamp", "5分钟"),
        ({"timestamp": "1767197101"}, "timestamp", "5分钟"),
        ({"timestamp": "now"}, "authorization", "格式错误"),
        ({"timestamp": "1767196800000"}, "timestamp", "5分钟"),
        ({"timestamp": "1" * 5000}, "authorization", "格式错误"),
        (
            {"order": ["mchid", "mchid", "nonce_str", "timestamp", "serial_no", "signature"]},
            "authorization",
            "格式错误",
        ),
        ({"nonce_str": "\udcff", "signature": "AAAA"}, "signature", "验签失败"),
        ({"mchid": "\udcff"}, "mchid", "未申请过证书"),
        ({"serial_no": "\udcff"}, "serial_no", "证书序列号有误"),
        ({"nonce_str": "n" * 33}, "authorization", "格式错误"),
        ({"nonce_str": ""}, "authorization", "格式错误"),
        ({"order": ["mchid", "nonce_str", "timestamp", "serial_no"]}, "authorization", "格式错误"),
        ({"mchid": "1900000000"}, "mchid", "未申请过证书"),
        ({"serial_no": "0" * 40}, "serial_no", "证书序列号有误"),
    ],
)
def test_refused(shop: Shop, changed: dict[str, Any], field: str, message: str) -> None:
    result = shop.get(TARGET, **changed)
    assert (result.status, result.code) == (401, "SIGN_ERROR")
    assert message in result.data["message"]
    assert result.data["detail"]["field"] == field


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "格式错误"),
        ("", "格式错误"),
        ("WECHATPAY2-SHA256-RSA2048", "格式错误"),
        ("WECHATPAY2-SHA256-RSA2048 mchid=1", "格式错误"),
        ("Bearer mchid", "认证类型不正确"),
    ],
)
def test_header_that_is_none(shop: Shop, header: str | None, message: str) -> None:
    result = shop.get(TARGET, headers={"Authorization": header})
    assert result.status == 401
    assert message in result.data["message"]


@pytest.mark.parametrize("late", [-300, 300])
def test_five_minutes_either_way(shop: Shop, late: int) -> None:
    assert shop.get(TARGET, timestamp=str(1_767_196_800 + late)).code != "SIGN_ERROR"


async def test_signatures_keep_real_time(shop: Shop) -> None:
    await shop.world.agenda.advance(86_400)
    result = shop.create()
    assert (result.status, result.answer.headers["Wechatpay-Timestamp"]) == (200, "1767196800")


async def test_signatures_in_business_time() -> None:
    world = new_world(Settings(seed=1, sign_with_virtual_time=True))
    shop = Shop(world, world.providers["wxpay"], "default", [])  # type: ignore[arg-type]
    await world.agenda.advance(86_400)
    assert shop.create().status == 401


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("expired", "商户证书已过期"),
        ("revoked", "商户证书已作废"),
        ("superseded", "商户已更换证书，请使用新证书"),
    ],
)
def test_certificate_no_longer_good(shop: Shop, state: str, message: str) -> None:
    shop.account.certificate.state = state
    assert shop.get(TARGET).data["message"] == message


def test_renewed_certificate(shop: Shop) -> None:
    old = shop.account.certificate
    new: ApiCertificate = shop.sim.accounts.renew_certificate(shop.account)
    assert (old.state, new.state) == ("superseded", "valid")
    assert shop.create().status == 200


def test_merchant_without_certificate(shop: Shop) -> None:
    request = shop.request("GET", TARGET)
    shop.account.certificates.clear()
    assert shop.send(request).data["message"] == "商户未申请过证书"


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({"Accept": None}, 400, "缺少Accept"),
        ({"User-Agent": None}, 400, "缺少Accept"),
        ({"Accept": "text/html"}, 400, "Accept"),
        ({"Accept": "text/html, */*;q=0.1"}, 200, ""),
        ({"Accept": "application/json, text/plain"}, 200, ""),
    ],
)
def test_general_headers(shop: Shop, headers: dict[str, Any], status: int, message: str) -> None:
    result = shop.post("/v3/pay/transactions/native", shop.order("native"), headers=headers)
    assert result.status == status
    assert message in result.data.get("message", "")


@pytest.mark.parametrize("header", ["Accept", "Content-Type"])
def test_header_that_is_no_text(shop: Shop, header: str) -> None:
    result = shop.post("/v3/pay/transactions/native", shop.order("native"), headers={header: "\udcff"})
    assert (result.code, result.data["detail"]["value"]) == ("PARAM_ERROR", "\ufffd")


def test_target_that_is_no_text(shop: Shop) -> None:
    target = "/v3/certificates?algorithm_type=\udcff"
    assert shop.get(target).data["detail"]["value"] == "\ufffd"
    information = shop.get(target, text=b"").data["detail"]["sign_information"]
    assert (information["url"], information["sign_message_length"]) == (target[:-1] + "\ufffd", 83)


def test_letter_case_and_order_of_answer_headers(shop: Shop) -> None:
    headers = shop.create().answer.headers
    assert list(headers) == [
        "Server", "Content-Type", "Connection", "Keep-Alive", "Cache-Control", "X-Content-Type-Options",
        "Request-ID", "Content-Language", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Timestamp",
        "Wechatpay-Serial", "Wechatpay-Signature-Type",
    ]  # fmt: skip
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Request-ID"].endswith("-0")


@pytest.mark.parametrize("wanted", ["", "PUB_KEY_ID_0000", None])
def test_public_key_merchant_is_always_answered_with_it(shop: Shop, wanted: str | None) -> None:
    result = shop.get(TARGET, headers={"Wechatpay-Serial": wanted})
    assert result.answer.headers["Wechatpay-Serial"] == shop.account.public_key.id  # type: ignore[union-attr]


def test_switching_over(certs: Shop) -> None:
    certificate = certs.account.platform[-1].id
    public = certs.sim.enable_public_key("certs", notify_share=0.5)
    assert certs.get(TARGET).answer.headers["Wechatpay-Serial"] == certificate
    asked = certs.get(TARGET, headers={"Wechatpay-Serial": public})
    assert asked.answer.headers["Wechatpay-Serial"] == public
    assert certs.account.notifying_key(0.4).id == public
    assert certs.account.notifying_key(0.6).id == certificate


class TestLenient:
    """Bugs of published clients that are tolerated when asked for."""

    CANCEL = "/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/B1/cancel"

    def text(self, body: str, end: str = "\n") -> bytes:
        return f"POST\n{self.CANCEL}\n1767196800\n{NONCE}\n{body}{end}".encode()

    def test_null_for_no_body(self, lenient: Shop, shop: Shop) -> None:
        assert shop.post(self.CANCEL, b"null", text=self.text("")).status == 401
        assert lenient.post(self.CANCEL, b"null", text=self.text("")).status == 404

    def test_last_line_feed_left_out(self, lenient: Shop, shop: Shop) -> None:
        assert shop.post(self.CANCEL, text=self.text("", "")).status == 401
        assert lenient.post(self.CANCEL, text=self.text("", "")).status == 404

    def test_wrong_is_wrong(self, lenient: Shop) -> None:
        assert lenient.post(self.CANCEL, text=b"").status == 401
