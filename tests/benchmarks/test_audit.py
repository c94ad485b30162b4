"""What counts as lost, and what as doubled."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from benchmarks import deliveries
from benchmarks.audit import Found, Verdict, judged, words

SENT = range(10)
A_PAYMENT, A_REFUND = 3, 4


def all_well() -> Found:
    paid = {deliveries.number(n): (1, 0) for n in SENT if not deliveries.is_refund(n)}
    given = [n for n in SENT if deliveries.is_refund(n)]
    return Found(
        orders={**paid, **{deliveries.number(n): (2, 1) for n in given}},
        refunds={(deliveries.number(n), deliveries.refund_number(n)): "SUCCESS" for n in given},
        events={deliveries.number(n): ["done"] for n in SENT},
        effects=Counter(
            deliveries.refund_number(n) if deliveries.is_refund(n) else deliveries.number(n) for n in SENT
        ),
    )


def but(**changed: Any) -> Verdict:
    """A verdict where ``{field: {key: value}}`` is otherwise; ``None`` takes it away."""
    found = all_well()
    for field, values in changed.items():
        kept = {**getattr(found, field), **values}
        kind = Counter if field == "effects" else dict
        found = found._replace(**{field: kind({k: v for k, v in kept.items() if v is not None})})
    return judged(found, SENT)


NUMBER, REFUNDED = deliveries.number(A_PAYMENT), deliveries.number(A_REFUND)
REFUND = (REFUNDED, deliveries.refund_number(A_REFUND))


def test_all_well() -> None:
    assert but() == Verdict(0, 0)
    assert list(words("sqlite/ours/64", but(), 10)) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"orders": {NUMBER: (0, 0)}},
        {"orders": {NUMBER: None}},
        {"events": {NUMBER: None}},
        {"events": {NUMBER: ["failed"]}},
        {"effects": {NUMBER: None}},
        {"refunds": {REFUND: "PROCESSING"}},
        {"refunds": {REFUND: None}},
        {"orders": {REFUNDED: (1, 1)}},
        {"effects": {REFUND[1]: None}},
    ],
)
def test_what_left_not_all_of_its_trace_is_lost(changed: dict[str, Any]) -> None:
    assert but(**changed) == Verdict(1, 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"effects": {NUMBER: 2}},
        {"effects": {REFUND[1]: 2}},
        {"effects": {deliveries.number(11): 1}},
        {"events": {NUMBER: ["done", "done"]}},
    ],
)
def test_what_happened_more_than_once_or_unasked_is_doubled(changed: dict[str, Any]) -> None:
    assert but(**changed) == Verdict(0, 1)


def test_without_word_of_the_handlers_the_ledger_decides() -> None:
    assert judged(all_well()._replace(effects=None), SENT) == Verdict(0, 0)


def test_a_verdict_says_how_many_of_how_many() -> None:
    said = list(words("sqlite/ours/64", Verdict(2, 1), 1000))
    assert said[0].startswith("sqlite/ours/64: 2 of 1000")
    assert "more than once" in said[1]
