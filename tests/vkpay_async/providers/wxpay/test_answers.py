"""Which successes are believed, and where the keys come from."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from vkpay_async.errors import (
    ProviderUnavailable,
    ResourceNotFound,
    ResponseUnverified,
    SignatureInvalid,
    SignatureProbe,
    TransportError,
)
from vkpay_async.models import OrderRef, RawNotification, RefundRequest
from vkpay_async.providers.base import HttpResponse

REF = OrderRef(pay_type="wxpay_h5", out_trade_no="T1")
REFUND = RefundRequest(order=REF, out_refund_no="R1", refund_fee=1, total_fee=1)
TRADE = {"out_trade_no": "T1", "trade_state": "SUCCESS"}
REFUNDED = {"out_trade_no": "T1", "out_refund_no": "R1", "status": "SUCCESS", "amount": {"refund": 1}}


def changed(response: HttpResponse, **headers: str | None) -> HttpResponse:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    kept = {key: value for key, value in {**response.headers, **named}.items() if value is not None}
    return HttpResponse(status=response.status, headers=kept, body=response.body)


SPOILT: dict[str, tuple[dict[str, str | None], str]] = {
    "no timestamp": ({"wechatpay_timestamp": None}, "wechatpay-timestamp is missing"),
    "no nonce": ({"wechatpay_nonce": None}, "wechatpay-nonce is missing"),
    "no signature": ({"wechatpay_signature": None}, "wechatpay-signature is missing"),
    "no serial": ({"wechatpay_serial": None}, "wechatpay-serial is missing"),
    "a timestamp of letters": ({"wechatpay_timestamp": "soon"}, "not seconds"),
    "another nonce": ({"wechatpay_nonce": "x"}, "does not hold"),
    "a nonce that is no text": ({"wechatpay_nonce": "\udcff"}, "does not hold"),
    "a signature that is no base64": ({"wechatpay_signature": "a*b"}, "does not hold"),
    "a signature of letters outside ASCII": ({"wechatpay_signature": "é"}, "does not hold"),
    "an empty signature": ({"wechatpay_signature": ""}, "does not hold"),
    "an unknown public key": ({"wechatpay_serial": "PUB_KEY_ID_9"}, "neither wxpay_public_key_id nor"),
    "SM2": ({"wechatpay_signature_type": "WECHATPAY2-SM2-WITH-SM3"}, "only WECHATPAY2-SHA256-RSA2048"),
}


@pytest.mark.parametrize(("headers", "text"), SPOILT.values(), ids=SPOILT)
def test_a_spoilt_answer_is_not_believed(
    provider: Any, platform: Any, run: Any, headers: dict[str, str | None], text: str
) -> None:
    with pytest.raises(SignatureInvalid, match=text) as read:
        run(provider.query(REF), changed(platform.answer(TRADE), **headers))
    assert read.value.outcome_known
    with pytest.raises(ResponseUnverified, match=rf"wxpay\.refund was answered.*{text}.*query") as moved:
        run(provider.refund(REFUND), changed(platform.answer(REFUNDED), **headers))
    assert not moved.value.outcome_known


def test_the_exact_bytes_count(provider: Any, platform: Any, run: Any) -> None:
    signed = platform.answer(TRADE)
    spaced = HttpResponse(status=200, headers=signed.headers, body=signed.body + b"\n")
    with pytest.raises(SignatureInvalid, match="exactly as it was received"):
        run(provider.query(REF), spaced)


@pytest.mark.parametrize(
    ("age_s", "text"), [(301, "301 s ago"), (-301, "301 s in the future"), (10**6, "an old copy")]
)
def test_more_than_five_minutes_off(provider: Any, platform: Any, run: Any, age_s: int, text: str) -> None:
    with pytest.raises(SignatureInvalid, match=text):
        run(provider.query(REF), platform.answer(TRADE, age_s=age_s))


@pytest.mark.parametrize("age_s", [300, -300])
def test_five_minutes_off(provider: Any, platform: Any, run: Any, age_s: int) -> None:
    assert run(provider.query(REF), platform.answer(TRADE, age_s=age_s)).state == "SUCCESS"


def test_the_signature_type_may_be_missing(provider: Any, platform: Any, run: Any) -> None:
    answer = changed(platform.answer(TRADE), wechatpay_signature_type=None)
    assert run(provider.query(REF), answer).state == "SUCCESS"


def test_a_probe_is_told_apart(provider: Any, platform: Any, run: Any) -> None:
    probe = {"wechatpay_signature": "WECHATPAY/SIGNTEST/abcd"}
    with pytest.raises(SignatureProbe):
        run(provider.query(REF), changed(platform.answer(TRADE), **probe))
    with pytest.raises(ResponseUnverified) as moved:
        run(provider.refund(REFUND), changed(platform.answer(REFUNDED), **probe))
    assert isinstance(moved.value.__cause__, SignatureProbe)


def test_an_unknown_certificate_is_fetched_once(
    make_provider: Any, platform: Any, run: Any, make_certificate: Any
) -> None:
    provider = make_provider(public_key=False)
    platform.serial = "ABC1"
    listed = platform.answer(platform.certificates(make_certificate(serial=0xABC1)))
    assert run(provider.query(REF), platform.answer(TRADE), listed).state == "SUCCESS"
    assert run(provider.query(REF), platform.answer(TRADE)).state == "SUCCESS"
    assert [request.operation for request in run.requests] == [
        "wxpay.query",
        "wxpay.certificates",
        "wxpay.query",
    ]
    assert all("Wechatpay-Serial" not in request.headers for request in run.requests)


def test_nodes_of_one_merchant_share_what_they_learn(
    make_provider: Any, platform: Any, run: Any, make_certificate: Any
) -> None:
    first = make_provider(public_key=False)
    second = make_provider(public_key=False, verifier=first.trust)
    platform.serial = "ABC1"
    listed = platform.answer(platform.certificates(make_certificate(serial=0xABC1)))
    (certificate,) = run(first.certificates(), listed)
    assert certificate.serial_no == "ABC1"
    assert certificate.pem.startswith("-----BEGIN CERTIFICATE-----")
    assert certificate.expire_time - certificate.effective_time == 1825 * 86_400_000
    assert run(second.query(REF), platform.answer(TRADE)).state == "SUCCESS"


def test_public_key_and_certificates_are_believed_side_by_side(
    provider: Any, platform: Any, run: Any, make_certificate: Any
) -> None:
    other = rsa.generate_private_key(65537, 2048)
    listed = platform.answer(platform.certificates(make_certificate(serial=0xABC1, key=other)))
    run(provider.certificates(), listed)
    assert run(provider.query(REF), platform.answer(TRADE, serial="ABC1", key=other)).state == "SUCCESS"
    assert run(provider.query(REF), platform.answer(TRADE)).state == "SUCCESS"


def test_a_serial_that_stays_unknown(
    make_provider: Any, platform: Any, run: Any, make_certificate: Any
) -> None:
    provider = make_provider(public_key=False)
    listed = platform.answer(platform.certificates(make_certificate(serial=0xABC1)), serial="ABC1")
    with pytest.raises(SignatureInvalid, match="'ABC2', which is neither"):
        run(provider.query(REF), platform.answer(TRADE, serial="ABC2"), listed)
    assert len(run.requests) == 2


def test_an_expired_certificate_is_fetched_anew(
    make_provider: Any, platform: Any, clock: Any, run: Any, make_certificate: Any
) -> None:
    provider = make_provider(public_key=False)
    platform.serial = "ABC1"
    day_s = 86_400
    listed = platform.certificates(make_certificate(serial=0xABC1, start_s=clock.ms // 1000 - day_s, days=2))
    run(provider.certificates(), platform.answer(listed))
    clock.ms += day_s * 1000
    renewed = platform.certificates(make_certificate(serial=0xABC1))
    later = {"age_s": -day_s}
    answers = (platform.answer(TRADE, **later), platform.answer(renewed, **later))
    assert run(provider.query(REF), *answers).state == "SUCCESS"


def test_the_list_is_believed_only_under_a_key_in_it(
    make_provider: Any, platform: Any, run: Any, make_certificate: Any
) -> None:
    provider = make_provider(public_key=False)
    stranger = rsa.generate_private_key(65537, 2048)
    listed = platform.certificates(make_certificate(serial=0xABC1))
    with pytest.raises(SignatureInvalid, match="does not hold"):
        run(provider.certificates(), platform.answer(listed, serial="ABC1", key=stranger))
    assert provider.trust.empty


@pytest.mark.parametrize(
    "spoil",
    [
        lambda platform, certificate: platform.certificates(certificate, key="f" * 32),
        lambda _platform, _certificate: {"data": None},
        lambda _platform, _certificate: b"\xff",
        lambda platform, _certificate: {
            "data": [{"serial_no": "ABC1", "encrypt_certificate": platform.seal(b"no certificate", "x")}]
        },
    ],
    ids=["another APIv3 key", "no list", "no text", "no certificate"],
)
def test_a_list_that_cannot_be_read(
    make_provider: Any, platform: Any, run: Any, make_certificate: Any, spoil: Any
) -> None:
    provider = make_provider(public_key=False)
    content = spoil(platform, make_certificate(serial=0xABC1))
    with pytest.raises(SignatureInvalid, match="check that v3_key"):
        run(provider.certificates(), platform.answer(content, serial="ABC1"))


def test_certificates_of_the_sm_algorithms_are_left_out(
    make_provider: Any, platform: Any, run: Any, make_certificate: Any
) -> None:
    provider = make_provider(public_key=False)
    listed = platform.certificates(make_certificate(serial=0xABC1), make_certificate(serial=0xABC2))
    listed["data"][1]["encrypt_certificate"]["algorithm"] = "AEAD_SM4_GCM"
    found = run(provider.certificates(), platform.answer(listed, serial="ABC1"))
    assert [certificate.serial_no for certificate in found] == ["ABC1"]


NO_CERTIFICATES = "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。"


def test_a_merchant_without_certificates_is_told_what_to_set(
    make_provider: Any, platform: Any, run: Any
) -> None:
    provider = make_provider(public_key=False)
    refusal = platform.refusal(404, "RESOURCE_NOT_EXISTS", NO_CERTIFICATES)
    with pytest.raises(ResourceNotFound, match="set wxpay_public_key and wxpay_public_key_id"):
        run(provider.certificates(), refusal)
    with pytest.raises(SignatureInvalid, match=f"cannot be fetched.*{NO_CERTIFICATES}.*set wxpay_public_key"):
        run(provider.query(REF), platform.answer(TRADE, serial="ABC1"), refusal)
    with pytest.raises(ProviderUnavailable):
        run(provider.certificates(), platform.refusal(500, "SYSTEM_ERROR"))


def test_a_refund_waits_for_certificates_with_an_unknown_outcome(
    make_provider: Any, platform: Any, run: Any
) -> None:
    provider = make_provider(public_key=False)
    answer = platform.answer(REFUNDED, serial="ABC1")
    with pytest.raises(ResponseUnverified, match="cannot be fetched"):
        run(provider.refund(REFUND), answer, platform.refusal(500, "SYSTEM_ERROR"))
    assert run.requests[1].moves_money
    flow = provider.refund(REFUND)
    next(flow)
    flow.send(answer)
    with pytest.raises(ResponseUnverified, match="the line is down"):
        flow.throw(TransportError("the line is down"))


def test_the_newest_certificate_encrypts(
    make_provider: Any, platform: Any, clock: Any, run: Any, make_certificate: Any
) -> None:
    provider = make_provider(public_key=False)
    now_s = clock.ms // 1000
    old = make_certificate(serial=0xABC1, start_s=now_s - 90_000)
    new = make_certificate(serial=0xABC2, start_s=now_s - 1000)
    expired = make_certificate(serial=0xABC3, start_s=now_s - 500, days=0)
    run(provider.certificates(), platform.answer(platform.certificates(new, old, expired), serial="ABC1"))
    asked = provider.echo("hello", encrypted="张三")
    run(asked, platform.answer({"echo_message": "hello"}, serial="ABC1"))
    assert run.requests[-1].headers["Wechatpay-Serial"] == "ABC2"


def test_strangers_cannot_make_us_ask_again_and_again(
    provider: Any, platform: Any, clock: Any, run: Any
) -> None:
    def strange(serial: str) -> RawNotification:
        body = b"{}"
        return RawNotification(path="/n", headers=platform.headers(body, serial=serial), body=body)

    nothing_new = platform.answer({"data": []})
    with pytest.raises(SignatureInvalid, match="AB01"):
        run(provider.notification(strange("AB01")), nothing_new)
    clock.ms += 9_000
    with pytest.raises(SignatureInvalid, match="AB02"):
        run(provider.notification(strange("AB02")))
    clock.ms += 1_000
    with pytest.raises(SignatureInvalid, match="AB03"):
        run(provider.notification(strange("AB03")), nothing_new)
    assert [request.operation for request in run.requests] == ["wxpay.certificates"] * 2
