"""The simulated Huawei's certificate authority: a root, an intermediate, and the leaf that signs purchases."""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from vkpay_simulator import jws
from vkpay_simulator.ids import Ids
from vkpay_simulator.keys import certificate_pem, derived_key, name, usage

LEAF_MARKER = x509.ObjectIdentifier("1.3.6.1.4.1.2011.2.415.1.1")
DER_NULL = b"\x05\x00"

# Who verifies goes by the time of signing, which business time may put years ahead.
VALID_FROM = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
VALID_UNTIL = dt.datetime(2045, 1, 1, tzinfo=dt.UTC)


class Authority:
    """Keys and certificates are the same in every world with one seed."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        with ids.stream("huaweiiap authority"):
            root_key, between_key = derived_key(ids, ec.SECP384R1()), derived_key(ids, ec.SECP384R1())
            self._leaf_key = derived_key(ids, ec.SECP256R1())
            root_name = _name("Simulated Huawei CBG Root CA G2")
            root = _sign(self._authority(root_name, root_name, root_key), root_key)
            between_name = _name("Simulated Huawei CBG Commerce CA")
            between = _sign(self._authority(between_name, root_name, between_key, length=0), root_key)
            leaf = _sign(self._leaf(between_name), between_key)
        self.root_pem = certificate_pem(root)
        self._x5c = [b64encode(one.public_bytes(Encoding.DER)).decode() for one in (leaf, between, root)]

    def sign(self, payload: Mapping[str, Any]) -> str:
        return jws.sign(payload, self._leaf_key, self._x5c)

    def _authority(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        length: int | None = None,
    ) -> x509.CertificateBuilder:
        constraints = x509.BasicConstraints(ca=True, path_length=length)
        return (
            self._builder(subject, issuer, key)
            .add_extension(constraints, critical=True)
            .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)
        )

    def _leaf(self, issuer: x509.Name) -> x509.CertificateBuilder:
        constraints = x509.BasicConstraints(ca=False, path_length=None)
        return (
            self._builder(_name("Simulated Huawei IAP Signing"), issuer, self._leaf_key)
            .add_extension(constraints, critical=True)
            .add_extension(usage(digital_signature=True), critical=True)
            .add_extension(x509.UnrecognizedExtension(LEAF_MARKER, DER_NULL), critical=False)
        )

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(int("1" + self._ids.hex(15), 16))
            .not_valid_before(VALID_FROM)
            .not_valid_after(VALID_UNTIL)
        )


def _name(common_name: str) -> x509.Name:
    return name(organisation="Simulated Huawei", unit="Consumer BG", common_name=common_name)


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return builder.sign(key, hashes.SHA384(), ecdsa_deterministic=True)
