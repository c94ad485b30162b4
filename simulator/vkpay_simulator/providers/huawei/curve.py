"""The curve sm2p256v1 (GB/T 32918.5) in plain integers: enough to sign and verify in a sandbox.

How long it takes depends on the numbers, which gives real keys away: nothing here is for those.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
BASE = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)

Point: TypeAlias = tuple[int, int]
Jacobian: TypeAlias = tuple[int, int, int]

NOWHERE: Jacobian = (1, 1, 0)
"""The neutral element."""

_DIGITS = 64
_BITS = 4


def is_on_curve(x: int, y: int) -> bool:
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x * x + A * x + B)) % P == 0


class Multiples:
    """A point's multiples, made once (10 ms), so that each later multiplication is 64 additions."""

    __slots__ = ("_rows",)

    def __init__(self, point: Point) -> None:
        powers: list[Jacobian] = [(*point, 1)]
        for _ in range(_DIGITS - 1):
            power = powers[-1]
            for _ in range(_BITS):
                power = _doubled(power)
            powers.append(power)
        rows = [_row(base) for base in _affine(powers)]
        flat = _affine([entry for row in rows for entry in row])
        width = len(rows[0])
        self._rows = [flat[at : at + width] for at in range(0, len(flat), width)]

    def add(self, scalar: int, to: Jacobian = NOWHERE) -> Jacobian:
        """``scalar`` times the point, added to another one."""
        for row in self._rows:
            digit = scalar & 15
            if digit:
                to = _sum(to, row[digit - 1])
            scalar >>= _BITS
        return to


@cache
def base_multiples() -> Multiples:
    return Multiples(BASE)


def x_of(point: Jacobian) -> int:
    """The affine x; 0 for the neutral element, which no point of the curve has."""
    x, _, z = point
    return x * pow(z, -2, P) % P if z else 0


def affine(point: Jacobian) -> Point:
    return _affine([point])[0]


def _row(base: Point) -> list[Jacobian]:
    row: list[Jacobian] = [(*base, 1)]
    for _ in range((1 << _BITS) - 2):
        row.append(_sum(row[-1], base))
    return row


def _doubled(point: Jacobian) -> Jacobian:
    x, y, z = point
    zz, yy = z * z % P, y * y % P
    s = 4 * x * yy % P
    m = 3 * (x - zz) * (x + zz) % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def _sum(one: Jacobian, other: Point) -> Jacobian:
    x1, y1, z1 = one
    if z1 == 0:
        return (*other, 1)
    zz = z1 * z1 % P
    h = (other[0] * zz - x1) % P
    r = (other[1] * z1 % P * zz - y1) % P
    if h == 0:
        return _doubled(one) if r == 0 else NOWHERE
    hh = h * h % P
    hhh, v = h * hh % P, x1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - y1 * hhh) % P, z1 * h % P


def _affine(points: list[Jacobian]) -> list[Point]:
    """All of them with one inversion (Montgomery's trick). None is the neutral element."""
    products, product = [], 1
    for _, _, z in points:
        products.append(product)
        product = product * z % P
    inverse, found = pow(product, -1, P), []
    for (x, y, z), before in zip(reversed(points), reversed(products), strict=True):
        one = inverse * before % P
        inverse = inverse * z % P
        square = one * one % P
        found.append((x * square % P, y * square % P * one % P))
    return found[::-1]
