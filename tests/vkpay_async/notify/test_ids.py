from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vkpay_async.notify.ids import ulid

moments = st.integers(0, 2**48 - 1)
nonces = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")


@given(moments, nonces)
def test_it_is_26_characters_of_crockfords_base_32(now: int, nonce: str) -> None:
    made = ulid(now, nonce)
    assert len(made) == 26
    assert set(made) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


@given(moments, moments, nonces, nonces)
def test_a_later_one_sorts_behind(one: int, other: int, nonce: str, another: str) -> None:
    if one < other:
        assert ulid(one, nonce) < ulid(other, another)


@given(moments, nonces)
def test_chance_tells_apart_what_happened_at_once(now: int, nonce: str) -> None:
    changed = ("1" if nonce[19] == "0" else "0").join((nonce[:19], nonce[20:]))
    assert ulid(now, nonce) != ulid(now, changed)


@pytest.mark.parametrize(
    ("now", "nonce", "made"),
    [
        (0, "0" * 32, "0" * 26),
        (2**48 - 1, "f" * 32, "7" + "Z" * 25),
        (1_469_918_176_385, "0" * 32, "01ARYZ6S41" + "0" * 16),
        (1, "0" * 19 + "1" + "f" * 12, "0000000001" + "0" * 15 + "1"),
    ],
)
def test_the_same_time_and_nonce_give_the_same(now: int, nonce: str, made: str) -> None:
    assert ulid(now, nonce) == made
