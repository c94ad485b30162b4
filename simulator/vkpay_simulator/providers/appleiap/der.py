"""As much DER as a receipt needs: https://developer.apple.com/library/archive/releasenotes/General/ValidateAppStoreReceipt/"""

from __future__ import annotations

from collections.abc import Iterable

INTEGER, OCTETS, UTF8, IA5, SEQUENCE, SET = 0x02, 0x04, 0x0C, 0x16, 0x30, 0x31


def tagged(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + _length(len(content)) + content


def _length(count: int) -> bytes:
    if count < 0x80:
        return bytes([count])
    digits = count.to_bytes((count.bit_length() + 7) // 8)
    return bytes([0x80 | len(digits)]) + digits


def integer(value: int) -> bytes:
    return tagged(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def utf8(text: str) -> bytes:
    return tagged(UTF8, text.encode())


def ia5(text: str) -> bytes:
    return tagged(IA5, text.encode("ascii"))


def attributes(fields: Iterable[tuple[int, bytes]]) -> bytes:
    """A set of ``(type, version 1, value)``, in the order that DER asks for."""
    made = [tagged(SEQUENCE, integer(kind) + integer(1) + tagged(OCTETS, value)) for kind, value in fields]
    return tagged(SET, b"".join(sorted(made)))
