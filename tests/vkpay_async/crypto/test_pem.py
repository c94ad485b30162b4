"""Keys and certificates in every form that people paste. They are made here and are for tests."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from vkpay_async.crypto.pem import (
    load_certificate,
    load_certificates,
    load_ec_private_key,
    load_private_key,
    load_public_key,
    public_key_of,
)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def elliptic() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate_for(key) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "for tests")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return (
        x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + dt.timedelta(days=1))
    ).sign(key, hashes.SHA256())


@pytest.fixture(scope="module")
def certificate(key) -> x509.Certificate:
    return certificate_for(key)


def private_pem(key, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def public_pem(key, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return key.public_key().public_bytes(Encoding.PEM, form).decode()


def cert_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def bare(pem: str) -> str:
    return "".join(line for line in pem.splitlines() if "-----" not in line)


FORMS = {
    "PEM": lambda pem: pem,
    "PEM as bytes": lambda pem: pem.encode(),
    "escaped line breaks": lambda pem: pem.replace("\n", "\\n"),
    "escaped line breaks of Windows": lambda pem: pem.replace("\n", "\\r\\n"),
    "one line": lambda pem: pem.replace("\n", ""),
    "words around it": lambda pem: f"Bag Attributes\n  x\n{pem}\n",
    "bare base64": bare,
    "bare base64 in lines": lambda pem: "\n".join(pem.splitlines()[1:-1]),
    "DER": lambda pem: base64.b64decode(bare(pem)),
}
parametrized_forms = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


@parametrized_forms
@pytest.mark.parametrize("kind", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_private_keys(key, kind, form) -> None:
    assert load_private_key(form(private_pem(key, kind))).private_numbers() == key.private_numbers()


@parametrized_forms
@pytest.mark.parametrize("kind", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
def test_public_keys(key, kind, form) -> None:
    assert load_public_key(form(public_pem(key, kind))) == key.public_key()


@parametrized_forms
def test_certificates(key, certificate, form) -> None:
    pem = cert_pem(certificate)
    assert load_certificate(form(pem)) == certificate
    assert load_public_key(form(pem)) == public_key_of(certificate) == key.public_key()


def test_the_first_certificate_of_a_bundle_is_the_leaf(certificate, elliptic) -> None:
    other = certificate_for(elliptic)
    bundle = cert_pem(certificate) + cert_pem(other)
    assert load_certificate(bundle) == certificate
    assert load_certificates(bundle) == [certificate, other]


def test_a_certificate_that_cannot_be_read_is_left_out_of_a_bundle(certificate) -> None:
    damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert load_certificates(damaged + cert_pem(certificate)) == [certificate]
    with pytest.raises(ValueError, match="no readable certificate"):
        load_certificates(damaged)


@pytest.mark.parametrize("material", ["", "   \n", b""], ids=["nothing", "blanks", "no bytes"])
@pytest.mark.parametrize("load", [load_private_key, load_public_key, load_certificate, load_certificates])
def test_nothing(load, material) -> None:
    with pytest.raises(ValueError, match="empty"):
        load(material)


@pytest.mark.parametrize(
    ("material", "text"),
    [
        ("***", "neither PEM, base64 nor DER"),
        ("密钥", "neither PEM, base64 nor DER"),
        (b"\xff\xfe", "neither PEM, base64 nor DER"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA", "BEGIN and END lines do not match"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PUBLIC KEY-----", "do not match"),
    ],
)
@pytest.mark.parametrize("load", [load_private_key, load_public_key, load_certificate])
def test_what_is_nothing_at_all(load, material, text) -> None:
    with pytest.raises(ValueError, match=text):
        load(material)


def test_the_wrong_thing_is_named(key, elliptic, certificate) -> None:
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()
    elliptic_public = elliptic.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    wrong = [
        (load_private_key, public_pem(key), "expected a private key, found a public key"),
        (load_private_key, cert_pem(certificate), "expected a private key, found a certificate"),
        (load_private_key, encrypted, "store it without a passphrase"),
        (load_private_key, private_pem(elliptic), "expected an RSA private key"),
        (load_private_key, "AAAA", "not a private key in PKCS #1 or PKCS #8"),
        (load_public_key, private_pem(key), "expected a public key, found a private key"),
        (load_public_key, elliptic_public, "expected an RSA public key"),
        (load_public_key, cert_pem(certificate_for(elliptic)), "certificate of an RSA key"),
        (load_public_key, "AAAA", "not a public key or certificate"),
        (load_certificate, public_pem(key), "expected a certificate, found a public key"),
        (load_certificate, "AAAA", "not a certificate"),
    ]
    for load, material, text in wrong:
        with pytest.raises(ValueError, match=text):
            load(material)


def test_a_damaged_private_key_is_found_out(key) -> None:
    numbers = key.private_numbers()
    damaged = rsa.RSAPrivateNumbers(
        p=numbers.p,
        q=numbers.q,
        d=numbers.d + 2,
        dmp1=numbers.dmp1 + 2,
        dmq1=numbers.dmq1,
        iqmp=numbers.iqmp,
        public_numbers=numbers.public_numbers,
    ).private_key(unsafe_skip_rsa_key_validation=True)
    with pytest.raises(ValueError, match="damaged"):
        load_private_key(private_pem(damaged))


@pytest.mark.parametrize("form", ["pem", "base64", "der"])
def test_elliptic_private_keys(elliptic, form) -> None:
    der = elliptic.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    material = {"pem": private_pem(elliptic), "base64": base64.b64encode(der).decode(), "der": der}[form]
    assert load_ec_private_key(material).private_numbers() == elliptic.private_numbers()


def test_what_is_no_private_key_on_the_curve(key, elliptic, certificate) -> None:
    encrypted = elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    for material, said in [
        (certificate.public_bytes(Encoding.PEM), "found a certificate"),
        (public_pem(elliptic), "found a public key"),
        (private_pem(key), "found another kind"),
        (private_pem(ec.generate_private_key(ec.SECP384R1())), "found another kind"),
        (encrypted, "not a private key in PKCS #8"),
        ("YWJj", "not a private key in PKCS #8"),
    ]:
        with pytest.raises(ValueError, match=said):
            load_ec_private_key(material)
