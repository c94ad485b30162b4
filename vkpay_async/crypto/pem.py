"""Keys and certificates from what people paste: PEM, PEM with ``\\n`` escapes, bare base64, DER.

Loading happens once, when a merchant's provider is built; nothing here is called per request.
"""

from __future__ import annotations

import base64
import binascii
import re

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
)

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_SELF_TEST = b"vkpay-async key self-test"


def load_private_key(material: str | bytes) -> rsa.RSAPrivateKey:
    """An RSA private key, PKCS #1 or PKCS #8, from any of the usual forms.

    OpenSSL's own check of the key takes 40 ms; a sign-and-verify takes a quarter of one and finds what matters.
    Raises ``ValueError`` saying what was found instead.
    """
    label, der = _first_block(material)
    if label in ("CERTIFICATE", "PUBLIC KEY", "RSA PUBLIC KEY"):
        raise ValueError(f"expected a private key, found a {label.lower()}")
    if "ENCRYPTED" in label:
        raise ValueError("the private key is encrypted; store it without a passphrase")
    try:
        key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError) as error:
        raise ValueError("not a private key in PKCS #1 or PKCS #8") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("expected an RSA private key, found another kind")
    _self_test(key)
    return key


def load_ec_private_key(material: str | bytes) -> ec.EllipticCurvePrivateKey:
    """A private key on P-256 in PKCS #8, as in Apple's ``.p8``. Raises ``ValueError`` saying what was found instead."""
    label, der = _first_block(material)
    if label in ("CERTIFICATE", "PUBLIC KEY"):
        raise ValueError(f"expected a private key, found a {label.lower()}")
    try:
        key = load_der_private_key(der, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("not a private key in PKCS #8") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("expected a private key on P-256, found another kind")
    return key


def load_public_key(material: str | bytes) -> rsa.RSAPublicKey:
    """An RSA public key from SubjectPublicKeyInfo, PKCS #1, or a certificate. Raises ``ValueError``."""
    label, der = _first_block(material)
    if label == "CERTIFICATE":
        return public_key_of(_certificate(der))
    if "PRIVATE" in label:
        raise ValueError("expected a public key, found a private key")
    try:
        key = load_der_public_key(der)
    except ValueError:
        try:
            return public_key_of(_certificate(der))
        except ValueError as error:
            raise ValueError("not a public key or certificate") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("expected an RSA public key, found another kind")
    return key


def load_certificate(material: str | bytes) -> x509.Certificate:
    """The first certificate in ``material`` (a leaf usually comes first). Raises ``ValueError``."""
    label, der = _first_block(material)
    if label not in ("CERTIFICATE", ""):
        raise ValueError(f"expected a certificate, found a {label.lower()}")
    return _certificate(der)


def load_certificates(material: str | bytes) -> list[x509.Certificate]:
    """Every readable certificate of a bundle, in file order.

    Alipay's root bundle holds one that ``cryptography`` refuses (extra data in its signature algorithm); a block
    that cannot be read is left out. Raises ``ValueError`` when none can.
    """
    found = list(_readable(_blocks(material)))
    if not found:
        raise ValueError("no readable certificate in the bundle")
    return found


def public_key_of(certificate: x509.Certificate) -> rsa.RSAPublicKey:
    """The RSA key a certificate is about. Raises ``ValueError`` for another kind."""
    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        key = None
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("expected a certificate of an RSA key, found another kind")
    return key


def _certificate(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise ValueError("not a certificate") from error


def _readable(blocks: list[tuple[str, bytes]]) -> list[x509.Certificate]:
    found = []
    for _, der in blocks:
        try:
            found.append(x509.load_der_x509_certificate(der))
        except ValueError:
            continue
    return found


def _self_test(key: rsa.RSAPrivateKey) -> None:
    try:
        signature = key.sign(_SELF_TEST, padding.PKCS1v15(), hashes.SHA256())
        key.public_key().verify(signature, _SELF_TEST, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError) as error:
        raise ValueError("the private key is damaged: it cannot verify its own signature") from error


def _first_block(material: str | bytes) -> tuple[str, bytes]:
    return _blocks(material)[0]


def _blocks(material: str | bytes) -> list[tuple[str, bytes]]:
    """``(label, DER)`` of each armoured block; one with an empty label for bare base64 or DER."""
    if isinstance(material, bytes):
        if material[:1] == b"\x30" and b"-----" not in material:
            return [("", material)]
        material = _text(material)
    text = material.replace("\\r", "").replace("\\n", "\n")
    armoured = _BLOCK.findall(text)
    if armoured:
        return [(label, _decode(body)) for label, body in armoured]
    if "-----" in text:
        raise ValueError("broken PEM: BEGIN and END lines do not match")
    return [("", _decode(text))]


def _text(material: bytes) -> str:
    try:
        return material.decode("ascii")
    except UnicodeDecodeError as error:
        raise ValueError("neither PEM, base64 nor DER") from error


def _decode(body: str) -> bytes:
    compact = "".join(body.split())
    if not compact:
        raise ValueError("it is empty")
    try:
        return base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("neither PEM, base64 nor DER") from error
