"""Token buckets under a clock that the test moves."""

from __future__ import annotations

import pytest

from vkpay_async.web import rate_limit
from vkpay_async.web.rate_limit import RateLimit, TokenBuckets


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_and_then_some_each_second() -> None:
    clock = Seconds()
    buckets = TokenBuckets(RateLimit(burst=3, per_second=2), clock)
    assert [buckets.wait_s("198.51.100.7") for _ in range(4)] == [0, 0, 0, 1]
    clock.now += 1
    assert [buckets.wait_s("198.51.100.7") for _ in range(3)] == [0, 0, 1]
    clock.now += 3600
    assert [buckets.wait_s("198.51.100.7") for _ in range(4)] == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("198.51.100.7", "198.51.100.8", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("", "", True),
    ],
)
def test_an_ipv6_network_is_one_client(one: str, other: str, same: bool) -> None:
    buckets = TokenBuckets(RateLimit(burst=1, per_second=0.1), Seconds())
    assert buckets.wait_s(one) == 0
    assert (buckets.wait_s(other) == 10) is same


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MOST_CLIENTS", 3)
    buckets = TokenBuckets(RateLimit(burst=1, per_second=0.1), Seconds())
    assert [buckets.wait_s(f"198.51.100.{n}") for n in range(5)] == [0] * 5
    assert len(buckets._buckets) == 3
    assert buckets.wait_s("198.51.100.4") == 10
    assert buckets.wait_s("198.51.100.0") == 0
