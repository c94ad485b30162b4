"""Certificate serial numbers as the providers write them, and Alipay's chain rule."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from vkpay_async.errors import SignatureInvalid

_RSA_FAMILY = "1.2.840.113549.1.1"


def serial_hex(certificate: x509.Certificate) -> str:
    """Upper-case hex without leading zeros: WeChat Pay's ``serial_no``."""
    return f"{certificate.serial_number:X}"


def alipay_sn(certificate: x509.Certificate) -> str:
    """``app_cert_sn`` and ``alipay_cert_sn``: MD5 over the issuer's RFC 4514 name and the decimal serial."""
    text = certificate.issuer.rfc4514_string() + str(certificate.serial_number)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def alipay_root_sn(bundle: Sequence[x509.Certificate]) -> str:
    """``alipay_root_cert_sn``: the digests of the RSA-signed certificates in file order, joined with ``_``."""
    return "_".join(
        alipay_sn(certificate)
        for certificate in bundle
        if certificate.signature_algorithm_oid.dotted_string.startswith(_RSA_FAMILY)
    )


def verify_chain(
    chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], *, at: datetime
) -> None:
    """Raises :class:`SignatureInvalid` unless ``chain`` (leaf first) leads to one of ``roots``, all valid ``at``.

    Intermediates may stand in any order after the leaf. Names, signatures, dates and, for intermediates, the CA
    mark are checked: without it, any merchant's app certificate could vouch for a forged one.
    """
    current, remaining = chain[0], list(chain[1:])
    while True:
        _check_dates(current, at)
        if any(_issued_by(current, root) for root in roots):
            return
        issuer = next((c for c in remaining if _is_ca(c) and _issued_by(current, c)), None)
        if issuer is None:
            raise SignatureInvalid("the certificate does not lead to a root in alipayRootCert")
        remaining.remove(issuer)
        current = issuer


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False


def _check_dates(certificate: x509.Certificate, at: datetime) -> None:
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise SignatureInvalid(f"a certificate of the chain is not valid at {at.isoformat()}")


def _issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
