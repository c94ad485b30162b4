"""Certificates with chosen dates. All keys are made for tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from vkpay_async.crypto.pem import load_private_key

Certificate = Callable[..., str]


@pytest.fixture(scope="session")
def other_key() -> str:
    """A private key that belongs to nobody."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture
def certificate() -> Certificate:
    """A certificate of a private key, valid from and to so many days from now."""

    def build(private_key: str, begins: float = -10, ends: float = 10) -> str:
        key, now = load_private_key(private_key), datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "for tests")])
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now + timedelta(days=begins))
            .not_valid_after(now + timedelta(days=ends))
            .sign(key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()

    return build
