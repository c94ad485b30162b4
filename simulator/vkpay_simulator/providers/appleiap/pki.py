"""The simulated Apple's certificate authority: a root like G3, an intermediate like G6, and the leaf that signs.

https://www.apple.com/certificateauthority/
"""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from vkpay_simulator.ids import Ids
from vkpay_simulator.keys import derived_key, name, usage

OCSP_PATH = "/appleiap/ocsp"
LEAF_MARKER = x509.ObjectIdentifier("1.2.840.113635.100.6.11.1")
INTERMEDIATE_MARKER = x509.ObjectIdentifier("1.2.840.113635.100.6.2.1")
DER_NULL = b"\x05\x00"

# Whoever verifies offline goes by the date of signing, which a purchase of years ago may have.
VALID_FROM = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
VALID_UNTIL = dt.datetime(2045, 1, 1, tzinfo=dt.UTC)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """Who answers for one issuer's certificates."""

    issuer: x509.Certificate
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The certificates as they go into ``x5c``, naming a responder under one address."""

    leaf: x509.Certificate
    intermediate: x509.Certificate
    x5c: list[str]


class Authority:
    """Issues the certificates. Keys and root are the same in every world with one seed.

    The address of the responder stands inside the certificates, so that there is a pair of them for each address
    under which the simulator is called.
    """

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        with ids.stream("appleiap authority"):
            self._root_key = derived_key(ids, ec.SECP384R1())
            self._intermediate_key = derived_key(ids, ec.SECP384R1())
            self.leaf_key = derived_key(ids, ec.SECP256R1())
            self.root = self._root()
            plain = self._intermediate(None)
            self._responders = [
                self._responder(self.root, self._root_key),
                self._responder(plain, self._intermediate_key),
            ]
        self._chains: dict[str, Chain] = {}
        self._issued: dict[int, tuple[x509.Certificate, Responder]] = {}

    @property
    def root_pem(self) -> str:
        return self.root.public_bytes(Encoding.PEM).decode()

    def chain(self, origin: str) -> Chain:
        """The chain whose certificates name ``origin`` as the place to ask for their state."""
        if origin not in self._chains:
            with self._ids.stream(f"appleiap certificates {origin}"):
                self._chains[origin] = self._chain(origin)
        return self._chains[origin]

    def issued(self, serial: int) -> tuple[x509.Certificate, Responder] | None:
        """A certificate and who answers for it."""
        return self._issued.get(serial)

    def _chain(self, origin: str) -> Chain:
        intermediate = self._intermediate(f"{origin}{OCSP_PATH}/root")
        leaf = self._leaf(intermediate, f"{origin}{OCSP_PATH}/intermediate")
        for certificate, responder in zip((intermediate, leaf), self._responders, strict=True):
            self._issued[certificate.serial_number] = certificate, responder
        x5c = [b64encode(der(one)).decode() for one in (leaf, intermediate, self.root)]
        return Chain(leaf=leaf, intermediate=intermediate, x5c=x5c)

    def _root(self) -> x509.Certificate:
        subject = _name("Simulated Apple Root CA - G3")
        builder = self._builder(subject, subject, self._root_key.public_key())
        return _sign(_authority(builder, None), self._root_key)

    def _intermediate(self, responder: str | None) -> x509.Certificate:
        key = self._intermediate_key.public_key()
        subject = _name("Simulated Apple Worldwide Developer Relations CA")
        builder = _authority(self._builder(subject, self.root.subject, key), 0)
        builder = _located(_identified(builder, self._root_key.public_key()), responder)
        return _sign(_marked(builder, INTERMEDIATE_MARKER), self._root_key)

    def _leaf(self, intermediate: x509.Certificate, responder: str) -> x509.Certificate:
        subject = _name("Simulated Mac App Store and iTunes Store Receipt Signing")
        builder = self._builder(subject, intermediate.subject, self.leaf_key.public_key())
        builder = builder.add_extension(usage(digital_signature=True), critical=True).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        builder = _located(_identified(builder, self._intermediate_key.public_key()), responder)
        return _sign(_marked(builder, LEAF_MARKER), self._intermediate_key)

    def _responder(self, issuer: x509.Certificate, issuer_key: ec.EllipticCurvePrivateKey) -> Responder:
        key = derived_key(self._ids, ec.SECP256R1())
        builder = self._builder(_name("Simulated Apple OCSP"), issuer.subject, key.public_key())
        builder = builder.add_extension(usage(digital_signature=True), critical=True).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=True
        )
        certificate = _sign(_identified(builder, issuer_key.public_key()), issuer_key)
        return Responder(issuer=issuer, certificate=certificate, key=key)

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(int("1" + self._ids.hex(15), 16))
            .not_valid_before(VALID_FROM)
            .not_valid_after(VALID_UNTIL)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


def _name(common_name: str) -> x509.Name:
    return name(
        country="US", organisation="Simulated Apple", unit="Certification Authority", common_name=common_name
    )


def _authority(builder: x509.CertificateBuilder, length: int | None) -> x509.CertificateBuilder:
    return builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=length), critical=True
    ).add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)


def _identified(
    builder: x509.CertificateBuilder, issuer: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer)
    return builder.add_extension(identifier, critical=False)


def _located(builder: x509.CertificateBuilder, responder: str | None) -> x509.CertificateBuilder:
    if responder is None:
        return builder
    address = x509.UniformResourceIdentifier(responder)
    access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, address)
    return builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)


def _marked(builder: x509.CertificateBuilder, marker: x509.ObjectIdentifier) -> x509.CertificateBuilder:
    return builder.add_extension(x509.UnrecognizedExtension(marker, DER_NULL), critical=False)


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return builder.sign(key, hashes.SHA384(), ecdsa_deterministic=True)
