import pytest

from vkpay_simulator.faults import BusinessCode, Drop, Faults, Latency, LoseNotify, Match, Target
from vkpay_simulator.providers.base import SimulatorError

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


class Provider:
    def __init__(self, *codes: str) -> None:
        self.codes = frozenset(codes)

    def error_codes(self) -> frozenset[str]:
        return self.codes


class TestCodes:
    """A code is refused when the fault is set, not when it is met."""

    def faults(self) -> Faults:
        return Faults(
            {"wxpay": Provider("NOT_ENOUGH", "SYSTEM_ERROR"), "alipay": Provider("ACQ.SYSTEM_ERROR")}
        )

    @pytest.mark.parametrize(
        ("match", "listed"),
        [
            (Match(), "Codes of wxpay: NOT_ENOUGH, SYSTEM_ERROR. Codes of alipay: ACQ.SYSTEM_ERROR."),
            (Match(provider="wxpay"), "Codes of wxpay: NOT_ENOUGH, SYSTEM_ERROR."),
            (Match(operation="alipay.trade.refund"), "Codes of alipay: ACQ.SYSTEM_ERROR."),
            (Match(operation="refund", provider="alipay"), "Codes of alipay: ACQ.SYSTEM_ERROR."),
            (Match(operation="*.refund"), "Codes of wxpay: NOT_ENOUGH, SYSTEM_ERROR. Codes of alipay"),
        ],
    )
    def test_unknown(self, match: Match, listed: str) -> None:
        faults = self.faults()
        with pytest.raises(SimulatorError, match="There is no code 'NO_SUCH'") as caught:
            faults.add(BusinessCode(code="NO_SUCH", match=match))
        assert listed in str(caught.value)
        assert faults.list() == []

    def test_nearly_known(self) -> None:
        with pytest.raises(SimulatorError, match=r"Did you mean NOT_ENOUGH\?"):
            self.faults().add(BusinessCode(code="NOTENOUGH", match=Match(provider="wxpay")))

    def test_hits_only_those_that_have_it(self) -> None:
        faults = self.faults()
        faults.add(BusinessCode(code="NOT_ENOUGH"))
        assert faults.take(BusinessCode, QUERY) is None
        assert faults.take(BusinessCode, REFUND) is not None

    def test_a_provider_that_does_not_name_its_codes(self) -> None:
        faults = Faults({"toy": object()})
        faults.add(BusinessCode(code="ANY"))
        target = Target(provider="toy", operation="create", path="/", out_trade_no=None)
        assert faults.take(BusinessCode, target) is not None
