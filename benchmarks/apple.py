"""A stand-in for Apple: a chain like its own (P-384, P-384, P-256, with its marks) made for the run, and a signed transaction."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

BUNDLE_ID = "com.example.shop"
MARKS = ("1.2.840.113635.100.6.2.1", "1.2.840.113635.100.6.11.1")
BEGINS, ENDS = datetime(2024, 1, 1, tzinfo=UTC), datetime(2044, 1, 1, tzinfo=UTC)
USAGES = (
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
TRANSACTION = {
    "transactionId": "2000000500000001",
    "originalTransactionId": "2000000500000001",
    "bundleId": BUNDLE_ID,
    "productId": "com.example.shop.coins100",
    "purchaseDate": 1_767_196_800_000,
    "originalPurchaseDate": 1_767_196_800_000,
    "quantity": 1,
    "type": "Consumable",
    "appAccountToken": "0b0c1c0e-6f0a-4a52-9c0b-0d4b5f1c2a33",
    "inAppOwnershipType": "PURCHASED",
    "environment": "Production",
    "transactionReason": "PURCHASE",
    "storefront": "CHN",
    "storefrontId": "143465",
    "price": 6000,
    "currency": "CNY",
}


class Chain:
    """Root, intermediate and leaf, and what the leaf signs."""

    def __init__(self) -> None:
        root_key, middle_key = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
        self.leaf_key = ec.generate_private_key(ec.SECP256R1())
        self.root = _issued("Root", root_key.public_key(), "Root", root_key, ca=True)
        self.intermediate = _issued(
            "Middle", middle_key.public_key(), "Root", root_key, ca=True, mark=MARKS[0]
        )
        self.leaf = _issued("Leaf", self.leaf_key.public_key(), "Middle", middle_key, mark=MARKS[1])

    @property
    def root_pem(self) -> str:
        return self.root.public_bytes(Encoding.PEM).decode()

    @property
    def root_der(self) -> bytes:
        return self.root.public_bytes(Encoding.DER)

    def transaction(self) -> str:
        """A ``signedTransactionInfo`` of this minute."""
        chain = (self.leaf, self.intermediate, self.root)
        x5c = [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in chain]
        header = msgspec.json.encode({"alg": "ES256", "x5c": x5c})
        payload = msgspec.json.encode({**TRANSACTION, "signedDate": int(time.time() * 1000)})
        signed = _text(header) + b"." + _text(payload)
        r, s = decode_dss_signature(self.leaf_key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return (signed + b"." + _text(r.to_bytes(32) + s.to_bytes(32))).decode()


def _issued(
    name: str,
    key: ec.EllipticCurvePublicKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool = False,
    mark: str = "",
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    usage = dict.fromkeys(USAGES, False) | ({"key_cert_sign": True} if ca else {"digital_signature": True})
    builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    if mark:
        value: Any = x509.UnrecognizedExtension(x509.ObjectIdentifier(mark), b"\x05\x00")
        builder = builder.add_extension(value, critical=False)
    return builder.sign(issuer_key, hashes.SHA384())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _text(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
