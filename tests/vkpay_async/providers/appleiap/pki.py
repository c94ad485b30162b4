"""A stand-in for Apple's certificate authority: keys and certificates made for tests, and what is signed under them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

LEAF = "1.2.840.113635.100.6.11.1"
INTERMEDIATE = "1.2.840.113635.100.6.2.1"
BEGINS, ENDS = datetime(2024, 1, 1, tzinfo=UTC), datetime(2034, 1, 1, tzinfo=UTC)
RESPONDER = "http://ocsp.test"


class Certified:
    """A key and its certificate."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self.key = key
        self.certificate = certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def text(self) -> str:
        return base64.b64encode(self.der).decode()

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def issue(
    common_name: str,
    issuer: Certified | None = None,
    *,
    mark: str | None = None,
    ca: bool = False,
    curve: ec.EllipticCurve | None = None,
    begins: datetime = BEGINS,
    ends: datetime = ENDS,
    responder: str | None = RESPONDER,
    usage: x509.ExtendedKeyUsage | None = None,
    extra: x509.UnrecognizedExtension | None = None,
    critical: bool = False,
) -> Certified:
    key = ec.generate_private_key(curve or ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(issuer.certificate.subject if issuer else name(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if mark is not None:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier(mark), b"\x05\x00"), critical=False
        )
    if responder is not None and issuer is not None:
        place = x509.UniformResourceIdentifier(f"{responder}/{common_name}")
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    for value, is_critical in ((usage, False), (extra, critical)):
        if value is not None:
            builder = builder.add_extension(value, critical=is_critical)
    return Certified(key, builder.sign(issuer.key if issuer else key, hashes.SHA384()))


class Pki:
    """A chain as it should be. ``x5c`` is what goes into a header."""

    def __init__(self) -> None:
        self.root = issue("root", ca=True, curve=ec.SECP384R1())
        self.intermediate = issue("intermediate", self.root, ca=True, mark=INTERMEDIATE, curve=ec.SECP384R1())
        self.leaf = issue("leaf", self.intermediate, mark=LEAF)

    @property
    def x5c(self) -> list[str]:
        return [self.leaf.text, self.intermediate.text, self.root.text]

    def sign(
        self,
        payload: Any,
        *,
        key: ec.EllipticCurvePrivateKey | None = None,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """A compact JWS. ``changes`` go into the header, ``None`` takes a field out; ``header`` replaces it."""
        usual = {"alg": "ES256", "x5c": self.x5c} | changes
        head = header if header is not None else {k: v for k, v in usual.items() if v is not None}
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        signed = f"{b64(json.dumps(head).encode())}.{b64(body)}"
        r, s = decode_dss_signature((key or self.leaf.key).sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{b64(r.to_bytes(32) + s.to_bytes(32))}"


def chain(*certificates: Certified) -> list[str]:
    return [one.text for one in certificates]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class Responders:
    """Answers for the certificates of a chain. What is set up is what goes wrong."""

    def __init__(self, pki: Pki, now: datetime) -> None:
        self.now = now
        self.status = ocsp.OCSPCertStatus.GOOD
        self.usage: x509.ExtendedKeyUsage | None = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        self.algorithm: hashes.HashAlgorithm = hashes.SHA256()
        self.issues_itself = False
        self.stranger = False
        self.until: timedelta | None = timedelta(hours=1)
        self.since = timedelta(0)
        self.about: Certified | None = None
        self._pairs = [(pki.intermediate, pki.root), (pki.leaf, pki.intermediate)]

    def answer(self, body: bytes) -> bytes:
        asked = ocsp.load_der_ocsp_request(body)
        certificate, issuer = next(
            pair for pair in self._pairs if pair[0].certificate.serial_number == asked.serial_number
        )
        signer = issuer if self.issues_itself else self._responder(issuer)
        revoked = self.status == ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=(self.about or certificate).certificate,
            issuer=issuer.certificate,
            algorithm=self.algorithm,
            cert_status=self.status,
            this_update=self.now + self.since,
            next_update=None if self.until is None else self.now + self.until,
            revocation_time=self.now if revoked else None,
            revocation_reason=None,
        )
        return (
            builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
            .certificates([signer.certificate])
            .sign(signer.key, hashes.SHA256())
            .public_bytes(Encoding.DER)
        )

    def _responder(self, issuer: Certified) -> Certified:
        return issue("responder", issue("stranger") if self.stranger else issuer, usage=self.usage)
