"""Whose signatures are believed: a leaf that Apple's pinned root vouches for, by exactly one intermediate.

The root that comes with a text counts for nothing. What was verified once is known by the text's whole header, so that
the next one under the same certificates costs a look-up and its own signature.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from vkpay_async.crypto.jws import decode
from vkpay_async.errors import SignatureInvalid
from vkpay_async.providers.appleiap.models import UNREADABLE

LEAF_MARK = x509.ObjectIdentifier("1.2.840.113635.100.6.11.1")
INTERMEDIATE_MARK = x509.ObjectIdentifier("1.2.840.113635.100.6.2.1")
LENGTH = 3
LONGEST_HEADER = 32 * 1024
MOST_KEPT = 32
"""Apple signs under one leaf for years."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """A text's header. Each entry of ``x5c`` is base64 of DER, the leaf first."""

    alg: str = ""
    x5c: list[str] = []


_HEADER = msgspec.json.Decoder(Header)


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Certificates that hold, between two moments in milliseconds. ``checked_until`` is how long a responder's word lasts."""

    key: ec.EllipticCurvePublicKey
    leaf: x509.Certificate
    intermediate: x509.Certificate
    root: x509.Certificate
    not_before: int
    not_after: int
    checked_until: int = 0

    def holds(self, at_ms: int) -> bool:
        return self.not_before <= at_ms <= self.not_after


class _Root(NamedTuple):
    """A pinned root, and when it is valid."""

    certificate: x509.Certificate
    not_before: int
    not_after: int


class Chains:
    """The chains that were verified under some roots."""

    def __init__(self, roots: Sequence[x509.Certificate]) -> None:
        self._roots = tuple(_Root(root, *_span(root)) for root in roots)
        self._kept: dict[bytes, Chain] = {}

    def known(self, header: bytes) -> Chain | None:
        return self._kept.get(header)

    def keep(self, header: bytes, chain: Chain) -> None:
        """The oldest is given up where there are too many."""
        self._kept[header] = chain
        if len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]

    def forget(self, header: bytes) -> None:
        self._kept.pop(header, None)

    def verify(self, header: bytes, at_ms: int) -> Chain:
        """The chain of a header, all of it valid at that moment. Raises :class:`SignatureInvalid`."""
        leaf, intermediate = _certificates(_read(header))
        key = _public_key(leaf)
        _check_marks(leaf, intermediate)
        not_before, not_after = _span(leaf, intermediate)
        if not not_before <= at_ms <= not_after:
            raise _failure(f"a certificate is not valid at {_text(at_ms)}")
        root = self._root_of(intermediate, at_ms)
        if not _issued(leaf, intermediate):
            raise _failure("the leaf was not signed by the intermediate")
        return Chain(
            key=key,
            leaf=leaf,
            intermediate=intermediate,
            root=root.certificate,
            not_before=max(not_before, root.not_before),
            not_after=min(not_after, root.not_after),
        )

    def _root_of(self, intermediate: x509.Certificate, at_ms: int) -> _Root:
        for root in self._roots:
            if root.not_before <= at_ms <= root.not_after and _issued(intermediate, root.certificate):
                return root
        raise _failure(
            "its intermediate was not signed by Apple Root CA - G3: a forgery, or data of a test environment, whose "
            "root goes into root_cert"
        )


def _read(header: bytes) -> Header:
    if len(header) > LONGEST_HEADER:
        raise _failure(f"its header has {len(header)} characters; at most {LONGEST_HEADER} are read")
    try:
        read = _HEADER.decode(decode(header))
    except (binascii.Error, *UNREADABLE) as error:
        raise _failure(f"its header cannot be read: {error}") from error
    if read.alg != "ES256":
        raise _failure(f"its alg is {read.alg[:20]!r}, the App Store's is ES256")
    if not read.x5c:
        raise _failure("it has no certificates")
    if len(read.x5c) != LENGTH:
        raise SignatureInvalid(
            f"{_NOT_BELIEVED}: it comes with {len(read.x5c)} certificates instead of three",
            code="INVALID_CHAIN_LENGTH",
        )
    return read


def _certificates(header: Header) -> tuple[x509.Certificate, x509.Certificate]:
    """Leaf and intermediate; the third certificate is not even looked at."""
    try:
        leaf, intermediate = (
            x509.load_der_x509_certificate(binascii.a2b_base64(text, strict_mode=True))
            for text in header.x5c[:2]
        )
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureInvalid(
            f"{_NOT_BELIEVED}: a certificate cannot be read: {error}", code="INVALID_CERTIFICATE"
        ) from error
    return leaf, intermediate


def _span(*certificates: x509.Certificate) -> tuple[int, int]:
    """When all of them are valid, in milliseconds."""
    begins = max([one.not_valid_before_utc for one in certificates])
    ends = min([one.not_valid_after_utc for one in certificates])
    return _ms(begins), _ms(ends)


def _public_key(leaf: x509.Certificate) -> ec.EllipticCurvePublicKey:
    try:
        key = leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _failure("the leaf's key is not on P-256")
    return key


def _check_marks(leaf: x509.Certificate, intermediate: x509.Certificate) -> None:
    """Both of Apple's own extensions, an intermediate that may issue, and nothing critical that is not understood."""
    try:
        leafs, intermediates = leaf.extensions, intermediate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise _failure(f"the extensions of a certificate cannot be read: {error}") from error
    leaf_marked, _ = _looked_at(leafs, LEAF_MARK)
    intermediate_marked, may_issue = _looked_at(intermediates, INTERMEDIATE_MARK)
    if not (leaf_marked and intermediate_marked):
        lacking = INTERMEDIATE_MARK if leaf_marked else LEAF_MARK
        raise _failure(f"a certificate lacks {lacking.dotted_string}, and is none for App Store data")
    if not may_issue:
        raise _failure("the intermediate may not issue certificates")


def _looked_at(extensions: x509.Extensions, mark: x509.ObjectIdentifier) -> tuple[bool, bool]:
    """Whether the mark is there, and whether the certificate may issue others."""
    marked = is_authority = False
    may_sign = True
    for one in extensions:
        value = one.value
        if isinstance(value, x509.UnrecognizedExtension):
            if one.critical:
                raise _failure("a certificate has a critical extension that is not known")
            marked = marked or one.oid == mark
        elif isinstance(value, x509.BasicConstraints):
            is_authority = value.ca
        elif isinstance(value, x509.KeyUsage):
            may_sign = value.key_cert_sign
    return marked, is_authority and may_sign


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """By name and by signature."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


_NOT_BELIEVED = "the signed text is not the App Store's"


def _failure(why: str) -> SignatureInvalid:
    return SignatureInvalid(f"{_NOT_BELIEVED}: {why}", code="VERIFICATION_FAILURE")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000


def _text(at_ms: int) -> str:
    try:
        return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return f"{at_ms} ms"
