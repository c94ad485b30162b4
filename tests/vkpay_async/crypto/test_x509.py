"""Serial numbers and the chain rule, over certificates made for tests."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from vkpay_async.crypto.x509 import alipay_root_sn, alipay_sn, serial_hex, verify_chain
from vkpay_async.errors import SignatureInvalid

NOW = datetime(2024, 6, 1, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def issue(
    name: str,
    issuer: tuple[x509.Certificate, Key] | None = None,
    *,
    key: Key | None = None,
    ca: bool | None = False,
    serial: int = 0x0A1B,
    years: tuple[int, int] = (2020, 2040),
    issuer_name: str | None = None,
) -> tuple[x509.Certificate, Key]:
    """A certificate by ``issuer``, or by itself. ``ca=None`` leaves the basic constraints out."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    issued_by = named(issuer_name) if issuer_name else issuer[0].subject if issuer else named(name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(datetime(years[0], 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(years[1], 1, 1, tzinfo=UTC))
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "For Tests, Ltd"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


ROOT = issue("Root", ca=True)
MIDDLE = issue("Middle", ROOT, ca=True)
LEAF = issue("Leaf", MIDDLE)


def test_serial_as_wechat_pay_writes_it() -> None:
    assert serial_hex(LEAF[0]) == "A1B"


def test_serial_as_alipay_writes_it() -> None:
    text = r"CN=Middle,O=For Tests\, Ltd,C=CN" + str(0x0A1B)
    assert alipay_sn(LEAF[0]) == hashlib.md5(text.encode()).hexdigest()


def test_a_bundles_serial_leaves_other_signatures_out() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    first, second = issue("R1", key=key, serial=1)[0], issue("R2", key=key, serial=2)[0]
    assert alipay_root_sn([first, ROOT[0], second]) == f"{alipay_sn(first)}_{alipay_sn(second)}"
    assert alipay_root_sn([ROOT[0]]) == ""


@pytest.mark.parametrize(
    "chain",
    [
        [LEAF, MIDDLE],
        [LEAF, MIDDLE, ROOT],
        [LEAF, ROOT, MIDDLE],
        [LEAF, issue("Other"), MIDDLE],
        [issue("Direct", ROOT)],
        [ROOT],
    ],
    ids=[
        "leaf and intermediate",
        "with root",
        "any order",
        "with a stranger",
        "by the root",
        "the root itself",
    ],
)
def test_chains_that_lead_to_the_root(chain: list[tuple[x509.Certificate, Key]]) -> None:
    verify_chain(
        [certificate for certificate, _ in chain], [issue("Another root", ca=True)[0], ROOT[0]], at=NOW
    )


MERCHANT = issue("Merchant", MIDDLE)
BARE = issue("Bare", ROOT, ca=None)
OLD_MIDDLE = issue("Old", ROOT, ca=True, years=(2010, 2021))
IMPOSTOR = issue("Middle", issue("Impostor root", ca=True), ca=True, issuer_name="Root")


@pytest.mark.parametrize(
    ("chain", "text"),
    [
        ([LEAF], "does not lead to a root"),
        ([issue("Self-made")], "does not lead to a root"),
        ([issue("Forged", MERCHANT), MERCHANT, MIDDLE], "does not lead to a root"),
        ([issue("Forged", BARE), BARE], "does not lead to a root"),
        ([LEAF, IMPOSTOR], "does not lead to a root"),
        ([issue("Late", MIDDLE, years=(2010, 2021)), MIDDLE], "not valid at 2024-06-01"),
        ([issue("Early", MIDDLE, years=(2030, 2040)), MIDDLE], "not valid at 2024-06-01"),
        ([issue("Leaf of an old CA", OLD_MIDDLE), OLD_MIDDLE], "not valid at 2024-06-01"),
    ],
    ids=[
        "no intermediate",
        "self-signed",
        "by a merchant",
        "by one without constraints",
        "by a namesake",
        "run out",
        "not yet",
        "intermediate run out",
    ],
)
def test_chains_that_do_not(chain: list[tuple[x509.Certificate, Key]], text: str) -> None:
    with pytest.raises(SignatureInvalid, match=text):
        verify_chain([certificate for certificate, _ in chain], [ROOT[0]], at=NOW)


def test_no_roots_no_trust() -> None:
    with pytest.raises(SignatureInvalid):
        verify_chain([LEAF[0], MIDDLE[0]], [], at=NOW)
