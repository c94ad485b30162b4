import pytest

from vkpay_simulator.states import IllegalTransitionError, States

ORDER = States({"OPEN": {"PAID", "CLOSED"}, "PAID": {"REFUND"}, "REFUND": set(), "CLOSED": set()})


def test_a_step_of_the_table_is_taken() -> None:
    assert ORDER.check("OPEN", "PAID") == "PAID"
    assert ORDER.allows("PAID", "REFUND")


def test_another_step_is_refused() -> None:
    with pytest.raises(IllegalTransitionError, match="CLOSED → PAID"):
        ORDER.check("CLOSED", "PAID")


def test_a_state_without_a_way_out_is_final() -> None:
    assert [state for state in ORDER.steps if ORDER.final(state)] == ["REFUND", "CLOSED"]


def test_a_table_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="LOST"):
        States({"OPEN": {"LOST"}})
