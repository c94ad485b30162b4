"""The certificate authority of the simulated Alipay and the serial digests made from its certificates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import md5

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from vkpay_simulator.ids import Ids
from vkpay_simulator.keys import KeyRing, certificate_pem, issue, name

RSA_SIGNATURES = "1.2.840.113549.1.1"

# The real bundle holds roots that RSA apps must leave out of their digest; this one does too. A constant, because
# an ECDSA signature is another one every time it is made. Its private key was thrown away.
EC_ROOT = """\
-----BEGIN CERTIFICATE-----
MIICJzCCAc2gAwIBAgIIaeL+wBcKxnwwCgYIKoZIzj0EAwIwgY4xCzAJBgNVBAYT
AkNOMSAwHgYDVQQKDBdTaW11bGF0ZWQgQW50IEZpbmFuY2lhbDEgMB4GA1UECwwX
Q2VydGlmaWNhdGlvbiBBdXRob3JpdHkxOzA5BgNVBAMMMlNpbXVsYXRlZCBBbnQg
RmluYW5jaWFsIENlcnRpZmljYXRpb24gQXV0aG9yaXR5IEUxMB4XDTI1MDEwMTAw
MDAwMFoXDTQ1MDEwMTAwMDAwMFowgY4xCzAJBgNVBAYTAkNOMSAwHgYDVQQKDBdT
aW11bGF0ZWQgQW50IEZpbmFuY2lhbDEgMB4GA1UECwwXQ2VydGlmaWNhdGlvbiBB
dXRob3JpdHkxOzA5BgNVBAMMMlNpbXVsYXRlZCBBbnQgRmluYW5jaWFsIENlcnRp
ZmljYXRpb24gQXV0aG9yaXR5IEUxMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
Pyof0mybdTXFA325zK2zKqVotP6naoeQXOJDsDFWY6CIIZeV/2rZ8i5vd9fp8cYD
Vi+by65Dfvbt3qQuRlXlKaMTMBEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQD
AgNIADBFAiAVdTvdSQuz4XfnhBQCNKxA9lVDz0fzYsDlGDTrKNHDAQIhAOOpKrsz
Alfyk5kxJUkFrcMz1kaCshcMkmknyBjA5/wX
-----END CERTIFICATE-----
"""


def serial_digest(issuer: str, serial: int) -> str:
    """A certificate's SN: MD5 of the issuer's RFC 4514 text and the decimal serial number, 32 hex digits."""
    return md5(f"{issuer}{serial}".encode()).hexdigest()


def digest_of(certificate: x509.Certificate) -> str:
    return serial_digest(certificate.issuer.rfc4514_string(), certificate.serial_number)


def root_digest(certificates: Iterable[x509.Certificate]) -> str:
    """The SN of a root bundle: those of its RSA-signed certificates, in file order."""
    return "_".join(
        digest_of(one)
        for one in certificates
        if one.signature_algorithm_oid.dotted_string.startswith(RSA_SIGNATURES)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A leaf certificate as it is handed out: its PEM with the intermediate's behind it, and its SN."""

    pem: str
    sn: str


def _authority_name(common_name: str) -> x509.Name:
    return name(
        organisation="Simulated Ant Financial", unit="Certification Authority", common_name=common_name
    )


class Authority:
    """An RSA root, beside it an EC root in the same bundle, and the RSA intermediate that signs leaves."""

    def __init__(self, keys: KeyRing, ids: Ids) -> None:
        self._ids = ids
        root_key, self._key = keys.draw(), keys.draw()
        root_name = _authority_name("Simulated Ant Financial Certification Authority R1")
        self._name = _authority_name("Simulated Ant Financial Certification Authority Class 1 R1")
        root = self._issue(root_name, root_key.public_key(), root_name, root_key, ca=True)
        self._intermediate = self._issue(self._name, self._key.public_key(), root_name, root_key, ca=True)
        ec_root = x509.load_pem_x509_certificate(EC_ROOT.encode())
        # python-alipay-sdk splits the bundle at blank lines.
        self.root_pem = "\n".join(certificate_pem(one) for one in (ec_root, root))
        self.root_sn = root_digest((ec_root, root))

    def leaf(self, *, organisation: str, common_name: str, public_key: rsa.RSAPublicKey) -> Chain:
        subject = name(organisation=organisation, unit="Alipay", common_name=common_name)
        certificate = self._issue(subject, public_key, self._name, self._key, ca=False)
        pem = certificate_pem(certificate) + certificate_pem(self._intermediate)
        return Chain(pem=pem, sn=digest_of(certificate))

    def _issue(
        self,
        subject: x509.Name,
        public_key: rsa.RSAPublicKey,
        issuer: x509.Name,
        issuer_key: rsa.RSAPrivateKey,
        *,
        ca: bool,
    ) -> x509.Certificate:
        return issue(
            subject=subject,
            public_key=public_key,
            issuer=issuer,
            issuer_key=issuer_key,
            serial=int("4" + self._ids.digits(37)),
            ca=ca,
        )
