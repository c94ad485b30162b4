"""Platform certificates, the echo, and rotation."""

from base64 import b64decode
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.vkpay_simulator.providers.wxpay.shop import NOTIFY, Shop


def opened(shop: Shop, listed: dict[str, Any]) -> x509.Certificate:
    sealed = listed["encrypt_certificate"]
    assert (sealed["algorithm"], sealed["associated_data"]) == ("AEAD_AES_256_GCM", "certificate")
    assert shop.account.v3_key is not None
    pem = AESGCM(shop.account.v3_key.encode()).decrypt(
        sealed["nonce"].encode(), b64decode(sealed["ciphertext"]), b"certificate"
    )
    return x509.load_pem_x509_certificate(pem)


@pytest.mark.parametrize("query", ["", "?algorithm_type=RSA", "?algorithm_type=ALL"])
def test_certificates(certs: Shop, query: str) -> None:
    result = certs.get("/v3/certificates" + query)
    (listed,) = result.data["data"]
    certificate = opened(certs, listed)
    assert listed["serial_no"] == f"{certificate.serial_number:040X}"
    assert listed["serial_no"] == result.answer.headers["Wechatpay-Serial"]
    assert listed["effective_time"] == "2025-01-01T08:00:00+08:00"
    assert certificate.public_key() == certs.account.platform[0].key.public_key()


def test_rotation(certs: Shop) -> None:
    old = certs.account.platform[0].id
    new = certs.sim.rotate_certificate("certs")
    result = certs.get("/v3/certificates")
    assert [listed["serial_no"] for listed in result.data["data"]] == [old, new]
    assert result.answer.headers["Wechatpay-Serial"] == new
    assert result.data["data"][1]["effective_time"] == "2026-01-01T00:00:00+08:00"
    assert result.data["data"][1]["expire_time"].startswith("2030-12-31")
    assert certs.account.notifying_key(0.0).id == new


def test_public_key_merchant_has_none(shop: Shop) -> None:
    result = shop.get("/v3/certificates")
    assert (result.status, result.code) == (404, "RESOURCE_NOT_EXISTS")
    assert result.data["message"].startswith("无可用的平台证书")


def test_no_sm2(certs: Shop) -> None:
    assert certs.get("/v3/certificates?algorithm_type=SM2").status == 404


def test_unknown_algorithm(certs: Shop) -> None:
    detail = certs.get("/v3/certificates?algorithm_type=DSA").data["detail"]
    assert (detail["field"], detail["location"]) == ("algorithm_type", "query")


def test_no_v3_key(certs: Shop) -> None:
    certs.account.v3_key = None
    result = certs.get("/v3/certificates")
    assert (result.status, result.data["message"]) == (401, "商户未设置APIv3密钥")


class TestEcho:
    def test_plain(self, shop: Shop) -> None:
        assert shop.post("/v3/security/echo", {"echo_message": "hi"}).data == {"echo_message": "hi"}

    @pytest.mark.parametrize("kind", ["shop", "certs"])
    def test_encrypted(self, request: pytest.FixtureRequest, kind: str) -> None:
        shop: Shop = request.getfixturevalue(kind)
        secret, headers = shop.encrypted("安静")
        body = {"echo_message": "hi", "encrypted_echo_message": secret, "notify_url": NOTIFY}
        result = shop.post("/v3/security/echo", body, headers=headers)
        assert shop.decrypted(result.data["encrypted_echo_message"]) == "安静"
        (delivery,) = shop.sent
        resource = shop.opened(delivery.build(0))
        assert delivery.event == "SECURITY_ECHO.SUCCESS"
        assert shop.decrypted(resource["encrypt_echo_message"]) == "安静"

    def test_notified(self, shop: Shop) -> None:
        shop.post("/v3/security/echo", {"echo_message": "hi", "notify_url": NOTIFY})
        assert shop.opened(shop.sent[0].build(0)) == {"echo_message": "hi"}

    def test_encrypted_for_somebody_else(self, shop: Shop, certs: Shop) -> None:
        secret, _ = certs.encrypted("x")
        _, headers = shop.encrypted("x")
        body = {"echo_message": "hi", "encrypted_echo_message": secret}
        result = shop.post("/v3/security/echo", body, headers=headers)
        assert result.data["message"] == "请确认待处理的消息是否为加密后的密文"
