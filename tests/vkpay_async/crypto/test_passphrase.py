"""Texts under a passphrase, held to what OpenSSL, Node and another implementation make of them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from vkpay_async.crypto.passphrase import AesMode, PassphraseCipher

KEY = "12345678901234561234567890123456"
TEXT = '{"a":1,"b":"2"}'

VECTORS: list[tuple[AesMode, str, str, str]] = [
    ("aes-256-ecb", KEY, TEXT, "es2aF7DWr169X4fvMnlKNg=="),
    # Node 20's crypto.createCipher("aes192", key)
    ("aes192", KEY, TEXT, "f0d4d593f647eefb4823d1fed5f8494a"),
    ("aes192", "密钥", "茶", "ff449427ef3599d5269a28e37029e594"),
    ("aes192", "k", "x" * 16, "af039149518e2066ed1b2c5ed9c4647b8966cbbc9a9b550cdd085b4a4358bdfd"),
]


@pytest.mark.parametrize(("mode", "key", "text", "hidden"), VECTORS)
def test_vectors(mode: AesMode, key: str, text: str, hidden: str) -> None:
    cipher = PassphraseCipher(key, mode)
    assert cipher.encrypt(text) == hidden
    assert cipher.decrypt(hidden) == text


def openssl(*arguments: str, given: bytes) -> bytes:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("there is no openssl here")
    return subprocess.run(
        [program, "enc", *arguments],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    ).stdout


@pytest.mark.parametrize("text", ["", "a", "x" * 16, "茶叶 500 g" * 40])
@pytest.mark.parametrize("key", ["k", KEY * 2, "口令 with ü"])
def test_openssl_reads_aes192_and_writes_it(key: str, text: str) -> None:
    how = ("-aes-192-cbc", "-md", "md5", "-nosalt", "-pass", f"pass:{key}")
    cipher = PassphraseCipher(key, "aes192")
    assert openssl("-d", *how, given=bytes.fromhex(cipher.encrypt(text))) == text.encode()
    assert cipher.decrypt(openssl(*how, given=text.encode()).hex()) == text


@pytest.mark.parametrize("text", ["", "a", "x" * 16, "茶叶 500 g" * 40])
@pytest.mark.parametrize("key", [KEY, KEY + "what stands behind does not count"])
def test_openssl_reads_aes_256_ecb_and_writes_it(key: str, text: str) -> None:
    how = ("-aes-256-ecb", "-K", KEY.encode().hex(), "-base64", "-A")
    cipher = PassphraseCipher(key, "aes-256-ecb")
    assert openssl("-d", *how, given=cipher.encrypt(text).encode()) == text.encode()
    assert cipher.decrypt(openssl(*how, given=text.encode()).decode()) == text


@pytest.mark.parametrize("key", ["", "k" * 31, "钥" * 32])
def test_a_key_of_another_length_cannot_be_used_for_ecb(key: str) -> None:
    with pytest.raises(ValueError, match="32"):
        PassphraseCipher(key, "aes-256-ecb")


@pytest.mark.parametrize("hidden", ["", "f0", "zz", VECTORS[1][3][:-2], VECTORS[0][3], VECTORS[1][3] + "00"])
def test_another_text_is_refused(hidden: str) -> None:
    with pytest.raises(ValueError):
        PassphraseCipher(KEY, "aes192").decrypt(hidden)
