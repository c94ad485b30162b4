"""Whether a certificate was revoked: asked of the responder that the certificate itself names. RFC 6960.

https://developer.apple.com/documentation/storekit/validating-transactions-using-online-certificate-status-protocol
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from vkpay_async.errors import ProviderUnavailable, SignatureInvalid
from vkpay_async.providers.appleiap.chain import Chain
from vkpay_async.providers.base import Flow, HttpRequest, HttpResponse

OPERATION = "appleiap.ocsp"
LONGEST_TRUST = timedelta(minutes=15)
SKEW = timedelta(seconds=60)
LARGEST_RESPONSE = 64 * 1024
_HEADERS = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


def check(chain: Chain, now_ms: int, timeout_ms: int | None) -> Flow[int]:
    """Until when the responders' word on both certificates may be believed, in milliseconds.

    Raises :class:`SignatureInvalid` for a revoked certificate, :class:`ProviderUnavailable` where nothing is known.
    """
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    until = now + LONGEST_TRUST
    for certificate, issuer in ((chain.intermediate, chain.root), (chain.leaf, chain.intermediate)):
        asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
        response = yield HttpRequest(
            method="POST",
            url=_address(certificate),
            headers=_HEADERS,
            body=asked.public_bytes(Encoding.DER),
            operation=OPERATION,
            timeout_ms=timeout_ms,
            fetches_key=True,
        )
        until = min(until, _good_until(response, asked, issuer, now))
    return min(int(until.timestamp() * 1000), chain.not_after)


def _address(certificate: x509.Certificate) -> str:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise _revoked("names no responder that could be asked") from error
    for description in access:
        location = description.access_location
        is_ocsp = description.access_method == AuthorityInformationAccessOID.OCSP
        if is_ocsp and isinstance(location, x509.UniformResourceIdentifier):
            return location.value
    raise _revoked("names no responder that could be asked")


def _good_until(
    response: HttpResponse, asked: ocsp.OCSPRequest, issuer: x509.Certificate, now: datetime
) -> datetime:
    said = _read(response)
    try:
        single = _about(said, asked)
        _check_signed(said, issuer, now)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unknown(f"the answer cannot be read: {error}", response.status) from error
    if single.certificate_status == ocsp.OCSPCertStatus.REVOKED:
        raise _revoked("has been revoked")
    if single.certificate_status != ocsp.OCSPCertStatus.GOOD:
        raise _unknown("the responder does not know the certificate", response.status)
    until = single.next_update_utc
    if until is None or not single.this_update_utc - SKEW <= now <= until + SKEW:
        raise _unknown("the responder's word is out of date; check the clock", response.status)
    return until


def _read(response: HttpResponse) -> ocsp.OCSPResponse:
    if response.status != 200 or len(response.body) > LARGEST_RESPONSE:
        raise _unknown(f"the responder answered {response.status}", response.status)
    try:
        said = ocsp.load_der_ocsp_response(response.body)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unknown(f"the answer cannot be read: {error}", response.status) from error
    if said.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise _unknown(f"the responder says {said.response_status.name}", response.status)
    return said


def _about(said: ocsp.OCSPResponse, asked: ocsp.OCSPRequest) -> ocsp.OCSPSingleResponse:
    for single in said.responses:
        if (
            single.serial_number == asked.serial_number
            and isinstance(single.hash_algorithm, hashes.SHA256)
            and single.issuer_key_hash == asked.issuer_key_hash
            and single.issuer_name_hash == asked.issuer_name_hash
        ):
            return single
    raise _revoked("is not what the responder's answer is about")


def _check_signed(said: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> None:
    """By the issuer, or by somebody whom the issuer itself has made its responder."""
    algorithm = said.signature_hash_algorithm
    for signer in (issuer, *said.certificates):
        key = signer.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(algorithm, _HASHES):
            continue
        try:
            key.verify(said.signature, said.tbs_response_bytes, ec.ECDSA(algorithm))
        except InvalidSignature:
            continue
        if signer is issuer or _is_responder(signer, issuer, now):
            return
    raise _revoked("is vouched for by nobody who may: the responder's signature does not hold")


def _is_responder(signer: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    try:
        signer.verify_directly_issued_by(issuer)
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False
    valid = signer.not_valid_before_utc - SKEW <= now <= signer.not_valid_after_utc + SKEW
    return valid and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _revoked(why: str) -> SignatureInvalid:
    return SignatureInvalid(
        f"the signed text is not to be believed: its certificate {why}", code="VERIFICATION_FAILURE"
    )


def _unknown(why: str, status: int) -> ProviderUnavailable:
    return ProviderUnavailable(
        provider="appleiap",
        code="OCSP",
        message=why,
        http_status=status,
        advice="whether the certificate was revoked is not known: try again, or set online_checks = false",
    )
