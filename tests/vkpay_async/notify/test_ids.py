from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vkpay_async.notify.ids import Ulids, ulid

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


class TestOfOneProcess:
    @given(nonces, st.lists(moments, min_size=1, max_size=20))
    def test_each_is_what_one_more_than_the_last_is_written_as(self, nonce: str, times: list[int]) -> None:
        ids, first = Ulids(lambda: nonce), int(nonce[:20], 16)
        for step, now in enumerate(times, 1):
            assert ids.next(now) == ulid(now, f"{(first + step) % 2**80:020x}")

    def test_two_at_once_are_in_order(self) -> None:
        ids = Ulids(lambda: "0" * 32)
        assert ids.next(7) < ids.next(7) < ids.next(8)

    @pytest.mark.parametrize("last", ["f" * 20, "0" * 7 + "3" + "f" * 12])
    def test_a_carry_reaches_every_digit(self, last: str) -> None:
        ids = Ulids(lambda: last)
        assert [ids.next(1), ids.next(1)] == [ulid(1, f"{(int(last, 16) + n) % 2**80:020x}") for n in (1, 2)]

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
    def test_a_forked_process_begins_anew(self) -> None:
        nonces = iter(["1" * 32, "2" * 32])
        ids = Ulids(lambda: next(nonces))
        ids.next(1)
        reading, writing = os.pipe()
        if not os.fork():
            os.write(writing, ids.next(1).encode())
            os._exit(0)
        os.wait()
        assert os.read(reading, 100).decode() == ulid(1, "2" * 19 + "3")
        os.close(reading)
        os.close(writing)
