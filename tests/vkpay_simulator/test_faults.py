import pytest

from vkpay_simulator.faults import Drop, Faults, Latency, LoseNotify, Match, Target

REFUND = Target(provider="wxpay", operation="refund", path="/v3/refund/domestic/refunds", out_trade_no="no-1")
QUERY = Target(provider="alipay", operation="alipay.trade.query", path="/gateway.do", out_trade_no=None)


@pytest.mark.parametrize(
    ("match", "target", "hits"),
    [
        (Match(), REFUND, True),
        (Match(operation="wxpay.refund"), REFUND, True),
        (Match(operation="refund"), REFUND, True),
        (Match(operation="wxpay.ref*"), REFUND, True),
        (Match(operation="wxpay.query_refund"), REFUND, False),
        (Match(operation="WXPAY.REFUND"), REFUND, False),
        (Match(operation="alipay.trade.query"), QUERY, True),
        (Match(operation="alipay.trade.*"), QUERY, True),
        (Match(path="/v3/refund/*"), REFUND, True),
        (Match(out_trade_no="no-1", provider="wxpay"), REFUND, True),
        (Match(out_trade_no="no-*"), REFUND, False),
        (Match(out_trade_no="no-1"), QUERY, False),
        (Match(provider="alipay"), REFUND, False),
    ],
)
def test_what_a_fault_is_for(match: Match, target: Target, hits: bool) -> None:
    faults = Faults()
    faults.add(Drop(match=match))
    assert (faults.take(Drop, target) is not None) == hits


def test_times_are_used_up_oldest_first() -> None:
    faults = Faults()
    faults.add(Latency(seconds=1, times=2))
    faults.add(Latency(seconds=2))
    taken = [faults.take(Latency, REFUND) for _ in range(4)]
    assert [latency and latency.seconds for latency in taken] == [1, 1, 2, None]
    assert faults.list() == []


def test_a_fault_without_an_end_stays() -> None:
    faults = Faults()
    active = faults.add(Drop(times=None))
    assert all(faults.take(Drop, REFUND) for _ in range(3))
    assert (active.used, active.left, active.id) == (3, None, "fault-1")


def test_kinds_are_kept_apart() -> None:
    faults = Faults()
    faults.add(LoseNotify())
    assert faults.take(Drop, REFUND) is None
    assert len(faults.list()) == 1
