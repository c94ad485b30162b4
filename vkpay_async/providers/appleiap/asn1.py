"""As much of ASN.1 as finds a transaction's number in an app receipt. Nothing is verified.

https://developer.apple.com/library/archive/releasenotes/General/ValidateAppStoreReceipt/
Apple writes DER; Xcode writes BER with open ends, and strings in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from vkpay_async.errors import InvalidArgument

SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
IN_APP, TRANSACTION_ID, ORIGINAL_TRANSACTION_ID = 17, 1703, 1705
INTEGER, OCTETS, OID, SEQUENCE, SET, CONTENT = 0x02, 0x04, 0x06, 0x30, 0x31, 0xA0
CONSTRUCTED, OPEN_END = 0x20, 0x80
DEEPEST = 16


class Element(NamedTuple):
    """A tag and what it holds."""

    tag: int
    content: bytes


class _Malformed(Exception):
    """No ASN.1, or not a receipt's."""


def first_transaction(receipt: bytes) -> str | None:
    """The first number of a transaction in a receipt; ``None`` where nothing was bought.

    Raises :class:`InvalidArgument` (1016) for what is no receipt.
    """
    try:
        for kind, value in _attributes(_payload(receipt)):
            if kind == IN_APP:
                found = _number(value)
                if found is not None:
                    return found
    except (_Malformed, UnicodeDecodeError) as error:
        raise InvalidArgument("transaction_receipt is no receipt of Apple's", code=1016) from error
    return None


def _number(purchase: bytes) -> str | None:
    for kind, value in _attributes(purchase):
        if kind in (TRANSACTION_ID, ORIGINAL_TRANSACTION_ID):
            return _one(value).content.decode("ascii")
    return None


def _payload(receipt: bytes) -> bytes:
    """ContentInfo → SignedData → the content that was signed."""
    kind, content = _some(_one(receipt, SEQUENCE).content, 2)
    if kind != Element(OID, SIGNED_DATA) or content.tag != CONTENT:
        raise _Malformed
    _, _, inner = _some(_one(content.content, SEQUENCE).content, 3)
    _, data = _some(inner.content, 2)
    return _octets(_one(data.content))


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """A set of ``(type, version, value)``. Xcode wraps it into one string more."""
    outer = _one(data)
    if outer.tag == OCTETS:
        outer = _one(outer.content)
    if outer.tag != SET:
        raise _Malformed
    for element in _elements(outer.content):
        kind, _, value = _some(element.content, 3)
        yield int.from_bytes(kind.content), _octets(value)


def _octets(element: Element, depth: int = 0) -> bytes:
    """A string of bytes, together again where it came in pieces."""
    if element.tag == OCTETS:
        return element.content
    if element.tag != OCTETS | CONSTRUCTED or depth > DEEPEST:
        raise _Malformed
    return b"".join(_octets(piece, depth + 1) for piece in _elements(element.content))


def _one(data: bytes, tag: int | None = None) -> Element:
    element = _some(data, 1)[0]
    if tag is not None and element.tag != tag:
        raise _Malformed
    return element


def _some(data: bytes, count: int) -> list[Element]:
    """The first elements; there may be more."""
    found: list[Element] = []
    for element in _elements(data):
        found.append(element)
        if len(found) == count:
            return found
    raise _Malformed


def _elements(data: bytes) -> Iterator[Element]:
    at = 0
    while at < len(data):
        tag, start, end, following = _bounds(data, at, 0)
        yield Element(tag, data[start:end])
        at = following


def _bounds(data: bytes, at: int, depth: int) -> tuple[int, int, int, int]:
    """Tag, start and end of the content, and where the next element begins."""
    if at + 2 > len(data) or depth > DEEPEST:
        raise _Malformed
    tag, length, start = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F:
        raise _Malformed  # a tag of several bytes, which no receipt has
    if length == OPEN_END:
        end = _open_end(data, start, depth + 1)
        return tag, start, end, end + 2
    if length > OPEN_END:
        count = length & 0x7F
        length, start = int.from_bytes(data[start : start + count]), start + count
    end = start + length
    if end > len(data):
        raise _Malformed
    return tag, start, end, end


def _open_end(data: bytes, at: int, depth: int) -> int:
    """Where the two zeros stand that end an element of unknown length."""
    while data[at : at + 2] != b"\0\0":
        at = _bounds(data, at, depth)[3]
    return at
