"""AES-CBC as Alipay's content encryption has it. The published vectors stand with the Alipay provider's tests."""

from __future__ import annotations

import base64

import pytest

from vkpay_async.crypto.aes import Cbc

KEY = base64.b64encode(bytes(range(16))).decode()


@pytest.mark.parametrize("text", ["", "a", "sixteen bytes ok", "茶叶 500 g" * 100])
def test_what_is_encrypted_can_be_read(text: str) -> None:
    cipher = Cbc(KEY)
    assert cipher.decrypt(cipher.encrypt(text)) == text.encode()


@pytest.mark.parametrize("key", ["", "c2hvcnQ=", "not base64!", "AAECAwQFBgcICQoLDA0ODxA="])
def test_a_wrong_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError):
        Cbc(key)


@pytest.mark.parametrize("text", ["", "not base64!", "AAAA", base64.b64encode(bytes(16)).decode()])
def test_a_wrong_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Cbc(KEY).decrypt(text)
