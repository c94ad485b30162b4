"""Signatures and OAEP. The keys are made here and are for tests."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from vkpay_async.crypto.rsa import (
    decrypt_oaep,
    encrypt_oaep,
    sign_sha1,
    sign_sha256,
    verify_sha1,
    verify_sha256,
)
from vkpay_async.errors import SignatureInvalid

SCHEMES = [(sign_sha256, verify_sha256, hashes.SHA256()), (sign_sha1, verify_sha1, hashes.SHA1())]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def stranger() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(("sign", "verify", "algorithm"), SCHEMES, ids=["SHA-256", "SHA-1"])
def test_a_signature_holds_over_its_message_alone(key, stranger, sign, verify, algorithm) -> None:
    signature = sign(key, b"message")
    key.public_key().verify(base64.b64decode(signature), b"message", padding.PKCS1v15(), algorithm)
    verify(key.public_key(), signature, b"message")
    verify(key.public_key(), signature.encode(), b"message")
    for other_key, message in [(key, b"massage"), (stranger, b"message")]:
        with pytest.raises(SignatureInvalid):
            verify(other_key.public_key(), signature, message)


def test_the_two_algorithms_do_not_stand_in_for_each_other(key) -> None:
    with pytest.raises(SignatureInvalid):
        verify_sha256(key.public_key(), sign_sha1(key, b"m"), b"m")


@pytest.mark.parametrize("signature", ["", "a", "a*b=", "é", "AAAA", "AAAA\n", b"\xff"])
def test_what_is_no_signature(key, signature) -> None:
    with pytest.raises(SignatureInvalid):
        verify_sha256(key.public_key(), signature, b"m")


def test_a_signature_with_line_breaks_or_a_tail_is_refused(key) -> None:
    signature = sign_sha256(key, b"m")
    for spoilt in (f"{signature[:76]}\n{signature[76:]}", f"{signature}AAAA"):
        with pytest.raises(SignatureInvalid):
            verify_sha256(key.public_key(), spoilt, b"m")


def test_oaep_goes_to_its_reader_alone(key, stranger) -> None:
    ciphertext = encrypt_oaep(key.public_key(), "张三")
    assert decrypt_oaep(key, ciphertext) == "张三"
    assert ciphertext != encrypt_oaep(key.public_key(), "张三")
    with pytest.raises(ValueError):
        decrypt_oaep(stranger, ciphertext)


def test_oaep_takes_214_bytes(key) -> None:
    longest = "x" * 214
    assert decrypt_oaep(key, encrypt_oaep(key.public_key(), longest)) == longest
    with pytest.raises(ValueError):
        encrypt_oaep(key.public_key(), longest + "x")
