"""Keys and certificates of the simulated world, the same for everybody and worth nothing.

A key on a curve is only a number, which the world draws. RSA keys cannot be drawn from a seed, so a pool of them is shipped: making one takes a tenth of a second, and a
world under ``--seed`` has to sign alike every time. When the pool is used up, fresh keys are made, and those
differ from run to run.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib.resources import files
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from vkpay_simulator.ids import Ids

VALID_FROM = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
VALID_UNTIL = dt.datetime(2045, 1, 1, tzinfo=dt.UTC)


@cache
def _pool() -> tuple[bytes, ...]:
    text = files("vkpay_simulator").joinpath("testkeys.pem").read_bytes()
    end = b"-----END PRIVATE KEY-----\n"
    return tuple(block[block.index(b"-----BEGIN") :] + end for block in text.split(end)[:-1])


@cache
def _load(pem: bytes) -> rsa.RSAPrivateKey:
    # The pool was checked when it was made; the check takes 40 ms a key.
    return cast("rsa.RSAPrivateKey", load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True))


class KeyRing:
    """Hands out RSA-2048 keys, each to one owner."""

    def __init__(self) -> None:
        self._next = 0

    def draw(self) -> rsa.RSAPrivateKey:
        pool = _pool()
        if self._next >= len(pool):
            return rsa.generate_private_key(65537, 2048)
        key = _load(pool[self._next])
        self._next += 1
        return key


def derived_key(ids: Ids, curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    """A key that depends on the world's chance alone."""
    return ec.derive_private_key(int(ids.hex(curve.key_size // 4 - 1), 16) + 1, curve)


def private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """PKCS #8."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: rsa.RSAPublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def bare(pem: str) -> str:
    """The base64 between the armour lines, on one line."""
    return "".join(line for line in pem.splitlines() if not line.startswith("-----"))


def certificate_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def name(*, country: str = "CN", organisation: str, unit: str, common_name: str) -> x509.Name:
    """A name of exactly C, O, OU, CN in that order: python-alipay-sdk expects no other."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def issue(
    *,
    subject: x509.Name,
    public_key: rsa.RSAPublicKey,
    issuer: x509.Name,
    issuer_key: rsa.RSAPrivateKey,
    serial: int,
    ca: bool,
    valid_from: dt.datetime = VALID_FROM,
    valid_until: dt.datetime = VALID_UNTIL,
) -> x509.Certificate:
    """An X.509 certificate signed with SHA-256 (deterministic: PKCS #1 v1.5 and a given serial)."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(valid_from)
        .not_valid_after(valid_until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def usage(**given: bool) -> x509.KeyUsage:
    """What a certificate's key is for: what is not given it is not for."""
    kinds = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{kind: given.get(kind, False) for kind in kinds})
