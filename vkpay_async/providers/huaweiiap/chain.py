"""Whose signatures are believed: a leaf of Huawei's that the pinned root vouches for, by one intermediate.

The root that comes with a text counts for nothing.
https://developer.huawei.com/consumer/cn/doc/harmonyos-guides/iap-verifying-signature
"""

from __future__ import annotations

import binascii
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from vkpay_async.crypto.jws import decode
from vkpay_async.errors import SignatureInvalid
from vkpay_async.providers.huaweiiap.models import UNREADABLE

LEAF_MARK = x509.ObjectIdentifier("1.3.6.1.4.1.2011.2.415.1.1")
LENGTH = 3
LONGEST_HEADER = 32 * 1024
MOST_KEPT = 16


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """A text's header. Each entry of ``x5c`` is base64 of DER, the leaf first."""

    alg: str = ""
    x5c: list[str] = []


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A key that holds between two moments, in milliseconds."""

    key: ec.EllipticCurvePublicKey
    not_before: int
    not_after: int


class Chains:
    """The chains that were verified under a root; one that was costs a look-up from then on."""

    def __init__(self, root: x509.Certificate) -> None:
        self._root = root
        self._kept: dict[bytes, Leaf] = {}

    def key(self, header: bytes, at_ms: int) -> ec.EllipticCurvePublicKey:
        """The key of a header whose certificates all are valid at that moment. Raises :class:`SignatureInvalid`."""
        leaf = self._kept.get(header)
        if leaf is None:
            leaf = self._verified(header)
            self._kept[header] = leaf
            if len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        if not leaf.not_before <= at_ms <= leaf.not_after:
            raise _failure("a certificate was not valid when it was signed")
        return leaf.key

    def _verified(self, header: bytes) -> Leaf:
        leaf, intermediate = _certificates(header)
        _check_marked(leaf)
        _check_may_issue(intermediate)
        _check_issued(intermediate, self._root)
        _check_issued(leaf, intermediate)
        key = leaf.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise _failure("the leaf's key is not on P-256")
        every = (leaf, intermediate, self._root)
        return Leaf(
            key=key,
            not_before=max(_ms(one.not_valid_before_utc) for one in every),
            not_after=min(_ms(one.not_valid_after_utc) for one in every),
        )


def _certificates(header: bytes) -> tuple[x509.Certificate, x509.Certificate]:
    """Leaf and intermediate; the third certificate is not even looked at."""
    if len(header) > LONGEST_HEADER:
        raise _failure(f"its header has {len(header)} characters; at most {LONGEST_HEADER} are read")
    try:
        read = msgspec.json.decode(decode(header), type=Header)
        if read.alg != "ES256" or len(read.x5c) != LENGTH:
            raise _failure("its header is not one of ES256 with three certificates")
        leaf, intermediate = (
            x509.load_der_x509_certificate(binascii.a2b_base64(text, strict_mode=True))
            for text in read.x5c[:2]
        )
    except (*UNREADABLE, ValueError, UnsupportedAlgorithm) as error:
        raise _failure("its header cannot be read") from error
    return leaf, intermediate


def _check_marked(leaf: x509.Certificate) -> None:
    try:
        marked = any(one.oid == LEAF_MARK for one in leaf.extensions)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise _failure("the leaf's extensions cannot be read") from error
    if not marked:
        raise _failure(f"the leaf lacks {LEAF_MARK.dotted_string}, and is none for purchases")


def _check_may_issue(intermediate: x509.Certificate) -> None:
    try:
        constraints = intermediate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise _failure("the intermediate may not issue certificates") from error
    if not constraints.ca:
        raise _failure("the intermediate may not issue certificates")


def _check_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _failure("its certificates do not lead to root_cert") from error


def _failure(why: str) -> SignatureInvalid:
    return SignatureInvalid(f"the signed text is not Huawei's: {why}")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000
