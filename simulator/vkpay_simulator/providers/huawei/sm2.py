"""SM2 signatures with SM3 (GB/T 32918.2), as ``SEQUENCE{r, s}``, and the keys in the forms that merchants are given."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass, field
from functools import cached_property

from vkpay_simulator.providers.huawei import curve
from vkpay_simulator.providers.huawei.curve import N

USER_ID = b"1234567812345678"
COORDINATE_BYTES = 32

_CURVE = curve.A.to_bytes(32) + curve.B.to_bytes(32) + curve.BASE[0].to_bytes(32) + curve.BASE[1].to_bytes(32)
_LONGEST_SIGNATURE = 72
# RFC 5958 and RFC 5915 around a key of this curve: 1.2.840.10045.2.1, 1.2.156.10197.1.301. Only the numbers differ.
_ALGORITHM = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")
_SPKI = bytes.fromhex("3059") + _ALGORITHM + bytes.fromhex("034200")
_PKCS8 = bytes.fromhex("308187020100") + _ALGORITHM + bytes.fromhex("046d306b0201010420")
_PUBLIC_PART = bytes.fromhex("a144034200")


def sm3(data: bytes) -> bytes:
    return hashlib.new("sm3", data).digest()


@dataclass(frozen=True)
class PublicKey:
    """A point of the curve. Raises :class:`ValueError` for any other pair of numbers."""

    x: int
    y: int

    def __post_init__(self) -> None:
        if not curve.is_on_curve(self.x, self.y):
            raise ValueError("not a point of the SM2 curve")

    @property
    def point(self) -> bytes:
        """``04 ‖ x ‖ y``."""
        return b"\x04" + self.x.to_bytes(COORDINATE_BYTES) + self.y.to_bytes(COORDINATE_BYTES)

    @property
    def pem(self) -> str:
        return _armoured("PUBLIC KEY", _SPKI + self.point)

    @cached_property
    def identity(self) -> bytes:
        """ZA: what binds the key and its owner's id into each digest."""
        length = (len(USER_ID) * 8).to_bytes(2)
        return sm3(length + USER_ID + _CURVE + self.point[1:])

    @cached_property
    def _multiples(self) -> curve.Multiples:
        return curve.Multiples((self.x, self.y))

    def digest(self, message: bytes) -> int:
        return int.from_bytes(sm3(self.identity + message))

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether the DER signature holds; anything that is not strict DER does not."""
        numbers = _numbers(signature)
        if numbers is None:
            return False
        r, s = numbers
        t = (r + s) % N
        if not (0 < r < N and 0 < s < N and t):
            return False
        point = self._multiples.add(t, curve.base_multiples().add(s))
        return (self.digest(message) + curve.x_of(point)) % N == r


@dataclass(frozen=True)
class PrivateKey:
    """``d`` is from 1 to n − 2."""

    d: int = field(repr=False)

    @cached_property
    def public(self) -> PublicKey:
        return PublicKey(*curve.affine(curve.base_multiples().add(self.d)))

    @property
    def pem(self) -> str:
        """PKCS #8, with the public point."""
        body = self.d.to_bytes(COORDINATE_BYTES) + _PUBLIC_PART + self.public.point
        return _armoured("PRIVATE KEY", _PKCS8 + body)

    def sign(self, message: bytes, k: int) -> bytes:
        """DER. ``k`` is the one-time number; where it does not serve, the next one is taken."""
        digest = self.public.digest(message)
        k = k % (N - 1) + 1
        while True:
            r = (digest + curve.x_of(curve.base_multiples().add(k))) % N
            s = pow(1 + self.d, -1, N) * (k - r * self.d) % N
            if r and s and r + k != N:
                return _sequence(r, s)
            k = k % (N - 1) + 1


def private_key(digits: str) -> PrivateKey:
    """A key from 64 hex digits."""
    return PrivateKey(int(digits, 16) % (N - 2) + 1)


def _sequence(r: int, s: int) -> bytes:
    body = _integer(r) + _integer(s)
    return bytes((0x30, len(body))) + body


def _integer(number: int) -> bytes:
    octets = number.to_bytes(number.bit_length() // 8 + 1)
    return bytes((0x02, len(octets))) + octets


def _numbers(der: bytes) -> tuple[int, int] | None:
    if not 8 <= len(der) <= _LONGEST_SIGNATURE or der[0] != 0x30 or der[1] != len(der) - 2:
        return None
    middle = 4 + der[3]
    r, s = int.from_bytes(der[4:middle]), int.from_bytes(der[middle + 2 :])
    return (r, s) if _sequence(r, s) == der else None


def _armoured(label: str, der: bytes) -> str:
    text = b64encode(der).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
