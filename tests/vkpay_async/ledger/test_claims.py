"""What happened is kept once, decided once, and its handler is one process's."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.vkpay_async.ledger.conftest import (
    ON_SERVERS,
    closing_of,
    entry,
    event,
    gathered,
    order,
    outcome,
    paid,
    payment,
    refund_of,
    transfer,
    transfer_of,
)
from vkpay_async.ledger import Claim, Decision, Event, Found, Ledger, server

HANDLED = {("payment", "goods"), ("payment", None)}
"""What the runners of these tests have handlers for."""


def poisonous(number: str) -> Claim:
    def decide(found: Found) -> Decision:
        raise LookupError(number)

    return Claim(event=event(number), decide=decide)


async def test_of_fifty_claims_one_moves_the_order_and_runs_the_handler(ledger: Ledger) -> None:
    await ledger.add(order())
    claimed = await asyncio.gather(*(ledger.claim(payment()) for _ in range(50)))
    assert sum(one.mine for one in claimed) == 1
    assert sum(one.moved for one in claimed) == 1
    assert {one.event.id for one in claimed} == {(await ledger.events("A1"))[0].id}
    assert (await ledger.require("A1")).status == 1


async def test_of_two_processes_claims_one_moves_the_order(ledger: Ledger, other: Ledger) -> None:
    await ledger.add(order())
    claimed = await asyncio.gather(
        *(one.claim(payment(runner=name)) for _ in range(25) for one, name in ((ledger, "p1"), (other, "p2")))
    )
    assert [one.mine for one in claimed].count(True) == 1
    assert [one.moved for one in claimed].count(True) == 1
    (kept,) = await ledger.events("A1")
    (mine,) = (one for one in claimed if one.mine)
    assert (kept.state, kept.runner, kept.attempts) == ("running", mine.event.runner, 1)


async def test_a_claim_keeps_what_was_heard_as_it_was_heard(ledger: Ledger) -> None:
    heard = event(
        headers={"Wechatpay-Serial": "5A"},
        body=b'{"id":"\xff\x00"}',
        happened=b'{"state":"SUCCESS"}',
        path="/vk-pay-notify/wxpay_h5/A1",
        traceparent="00-1-2-01",
        create_date=7,
        done_date=8,
        type="goods",
        pid="shop7",
    )
    await ledger.add(order())
    claimed = await ledger.claim(Claim(event=heard, decide=lambda _: Decision(event=heard)))
    assert (claimed.mine, claimed.moved, claimed.error) == (False, False, None)
    assert await ledger.event(heard.id) == heard
    assert await ledger.events("A1") == [heard]
    (light,) = await ledger.newest_events()
    assert light == msgspec.structs.replace(heard, headers={}, body=b"")


async def test_a_decision_without_a_row_leaves_nothing(ledger: Ledger) -> None:
    await ledger.add(order())
    heard = event()
    claimed = await ledger.claim(Claim(event=heard, decide=lambda _: Decision()))
    assert (claimed.event, claimed.mine, claimed.moved) == (heard, False, False)
    assert await ledger.events("A1") == []


async def test_a_claim_is_decided_over_what_was_decided_before_it_in_the_batch(ledger: Ledger) -> None:
    await ledger.add(order())
    seen: list[tuple[int | None, str | None]] = []

    def watch(found: Found) -> Decision:
        seen.append((found.order and found.order.status, found.event and found.event.state))
        return Decision()

    watching = Claim(event=event(), decide=watch)
    await asyncio.gather(*(ledger.claim(c) for c in (watching, payment(), watching, payment(), watching)))
    assert seen == [(0, None), (1, "running"), (1, "running")]


async def test_a_poisonous_claim_hurts_nobody_else(ledger: Ledger) -> None:
    for n in range(6):
        await ledger.add(order(f"A{n}"))
    claims = [poisonous(f"A{n}") if n in (0, 3) else payment(f"A{n}") for n in range(6)]
    answers = await gathered(*map(ledger.claim, claims))
    assert [type(answer).__name__ for answer in answers] == [
        "LookupError" if n in (0, 3) else "Claimed" for n in range(6)
    ]
    page = await ledger.list(order_by="out_trade_no")
    assert [row.status for row in page.rows] == [0, 1, 1, 0, 1, 1]


@ON_SERVERS
async def test_what_a_column_cannot_hold_hurts_only_its_own_claim(ledger: Ledger) -> None:
    for number in ("A1", "A2"):
        await ledger.add(order(number))
    answers = await gathered(
        ledger.claim(payment("A1", transaction_id="4" * 65)), ledger.claim(payment("A2"))
    )
    assert isinstance(answers[0], Exception)
    assert "4444" not in str(answers[0])
    assert answers[1].moved
    assert (await ledger.require("A1")).status == 0
    assert await ledger.events("A1") == []


class TestALease:
    async def test_it_is_respected_until_it_lapses(self, ledger: Ledger, other: Ledger) -> None:
        await ledger.add(order())
        assert (await ledger.claim(payment(now=100, lease=10))).mine
        early = await other.claim(payment(runner="p2", now=109))
        assert (early.mine, early.event.runner) == (False, "p1")
        late = await other.claim(payment(runner="p2", now=110))
        assert (late.mine, late.moved, late.event.runner, late.event.attempts) == (True, False, "p2", 2)

    async def test_the_former_runners_outcome_does_not_count(self, ledger: Ledger, other: Ledger) -> None:
        await ledger.add(order())
        first = await ledger.claim(payment(now=100, lease=10))
        second = await other.claim(payment(runner="p2", now=110))
        assert not await ledger.finish(outcome(first, state="failed", success=False, error="late"))
        assert (await ledger.require("A1")).user_order_success is None
        assert await other.finish(outcome(second))
        assert not await ledger.finish(outcome(first, state="failed", success=False, error="late"))
        row = await ledger.require("A1")
        assert (row.user_order_success, row.handler_error) == (True, None)

    async def test_fifty_after_it_lapsed_are_one(self, ledger: Ledger, other: Ledger) -> None:
        await ledger.add(order())
        await ledger.claim(payment(now=100, lease=10))
        claimed = await asyncio.gather(
            *(one.claim(payment(runner="p2", now=110)) for _ in range(25) for one in (ledger, other))
        )
        assert sum(one.mine for one in claimed) == 1

    async def test_a_due_event_is_taken_by_one_of_two(self, ledger: Ledger, other: Ledger) -> None:
        for n in range(20):
            await ledger.add(order(f"A{n}"))
        first = await asyncio.gather(
            *(ledger.claim(payment(f"A{n}", now=100 + n, lease=10)) for n in range(20))
        )
        taken = await asyncio.gather(
            *(
                one.take_due_events(now=125, lease_until=999, runner=name, most=9, handled=HANDLED)
                for one, name in ((ledger, "p2"), (other, "p3"), (ledger, "p4"), (other, "p5"))
            )
        )
        numbers = [one.number for some in taken for one in some]
        assert len(numbers) == len(set(numbers))
        assert set(numbers) <= {f"A{n}" for n in range(16)}
        rest = await ledger.take_due_events(now=125, lease_until=999, runner="p6", most=100, handled=HANDLED)
        assert len(numbers) + len(rest) == 16
        assert {(one.state, one.attempts, one.due) for one in rest} <= {("running", 2, 999)}
        assert not await ledger.finish(outcome(first[0]))

    async def test_the_longest_due_come_first(self, ledger: Ledger) -> None:
        for number, now in (("A1", 130), ("A2", 110), ("A3", 120)):
            await ledger.add(order(number))
            await ledger.claim(payment(number, now=now, lease=0))
        taken = await ledger.take_due_events(now=500, lease_until=999, runner="p2", most=2, handled=HANDLED)
        assert [one.number for one in taken] == ["A2", "A3"]

    @pytest.mark.parametrize("state", ["done", "parked"])
    async def test_one_that_is_not_due_can_be_taken_once(self, ledger: Ledger, state: str) -> None:
        await ledger.add(order())
        await ledger.finish(outcome(await ledger.claim(payment()), state=state))
        (kept,) = await ledger.events("A1")
        taken = await asyncio.gather(
            *(ledger.take_event(kept, lease_until=999, runner=f"r{n}") for n in range(10))
        )
        (mine,) = (one for one in taken if one is not None)
        (kept,) = await ledger.events("A1")
        assert kept == mine
        assert (mine.state, mine.attempts, mine.due) == ("running", 2, 999)


class TestAnOutcome:
    @pytest.mark.parametrize(
        ("state", "due", "error", "success"),
        [
            ("done", None, None, True),
            ("done", None, None, False),
            ("failed", 500, "KeyError: 'g1'", False),
            ("parked", None, "KeyError: 'g1'", False),
        ],
    )
    async def test_it_is_kept_with_the_order(
        self, ledger: Ledger, state: str, due: int | None, error: str | None, success: bool
    ) -> None:
        await ledger.add(order())
        claimed = await ledger.claim(payment())
        assert await ledger.finish(outcome(claimed, state=state, due=due, error=error, success=success))
        row = await ledger.require("A1")
        assert (row.user_order_success, row.handler_error) == (success, error)
        (kept,) = await ledger.events("A1")
        assert (kept.state, kept.due, kept.error) == (state, due, error)
        assert kept.done_date == (200 if state == "done" else None)

    async def test_a_success_after_a_failure_clears_the_error(self, ledger: Ledger) -> None:
        await ledger.add(order())
        claimed = await ledger.claim(payment())
        await ledger.finish(outcome(claimed, state="failed", due=150, error="boom", success=False))
        (taken,) = await ledger.take_due_events(
            now=150, lease_until=999, runner="p2", most=9, handled=HANDLED
        )
        again = msgspec.structs.replace(claimed, event=taken)
        assert await ledger.finish(outcome(again))
        row = await ledger.require("A1")
        assert (row.user_order_success, row.handler_error) == (True, None)
        assert (
            await ledger.take_due_events(now=10_000, lease_until=99_999, runner="p3", most=9, handled=HANDLED)
            == []
        )

    @pytest.mark.parametrize("several", [1, 20])
    async def test_given_twice_it_counts_once(self, ledger: Ledger, several: int) -> None:
        numbers = [f"A{n}" for n in range(several)]
        for number in numbers:
            await ledger.add(order(number))
        claimed = await asyncio.gather(*(ledger.claim(payment(number)) for number in numbers))
        counted = await asyncio.gather(*(ledger.finish(outcome(one)) for _ in range(2) for one in claimed))
        assert counted == [True] * several + [False] * several
        assert not await ledger.finish(outcome(claimed[0]))

    async def test_many_at_once_each_find_their_own(self, ledger: Ledger, other: Ledger) -> None:
        for n in range(20):
            await ledger.add(order(f"A{n:02}"))
        claimed = await asyncio.gather(*(ledger.claim(payment(f"A{n:02}", lease=10)) for n in range(20)))
        lapsed = [await other.claim(payment(f"A{n:02}", runner="p2", now=110)) for n in range(0, 20, 5)]
        assert all(one.mine for one in lapsed)
        counted = await asyncio.gather(
            *(ledger.finish(outcome(one, success=n % 2 == 0)) for n, one in enumerate(claimed))
        )
        assert counted == [n % 5 != 0 for n in range(20)]
        rows = (await ledger.list(order_by="out_trade_no", page_size=50)).rows
        assert [row.user_order_success for row in rows] == [
            None if n % 5 == 0 else n % 2 == 0 for n in range(20)
        ]

    async def test_what_nobody_claimed_cannot_be_ended(self, ledger: Ledger) -> None:
        await ledger.add(order())
        claimed = await ledger.claim(Claim(event=event(), decide=lambda _: Decision()))
        assert await asyncio.gather(*(ledger.finish(outcome(claimed)) for _ in range(3))) == [False] * 3


async def test_claims_and_outcomes_of_two_processes_over_the_same_orders(
    ledger: Ledger, other: Ledger
) -> None:
    """Each process handles half, and hears copies of the other's half meanwhile."""
    numbers = [f"A{n:02}" for n in range(24)]
    for number in numbers:
        await ledger.add(order(number))

    async def handle(mine: Ledger, name: str, numbers: list[str]) -> int:
        claimed = await asyncio.gather(*(mine.claim(payment(number, runner=name)) for number in numbers))
        work = [mine.finish(outcome(one)) for one in claimed if one.mine]
        copies = [mine.claim(payment(number, runner=name)) for number in reversed(numbers)]
        done = await asyncio.gather(*work, *copies)
        return sum(answer is True for answer in done)

    counted = await asyncio.gather(handle(ledger, "p1", numbers), handle(other, "p2", numbers[::-1]))
    assert sum(counted) == len(numbers)
    assert await ledger.count({"user_order_success": True, "status": 1}) == len(numbers)


@ON_SERVERS
async def test_copies_that_cross_do_not_wait_for_each_other(
    ledger: Ledger, other: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_off: list[bool] = []
    again = server._again
    monkeypatch.setattr(server, "_again", lambda error: broken_off.append(True) or again(error))
    for n in range(4):
        halves = [[f"{half}{n}{i}" for i in range(8)] for half in "AB"]
        for number in (*halves[0], *halves[1]):
            await ledger.add(order(number))
        ours = await asyncio.gather(*(ledger.claim(payment(number)) for number in halves[0]))
        theirs = await asyncio.gather(*(other.claim(payment(number, runner="p2")) for number in halves[1]))
        await asyncio.gather(
            *(ledger.finish(outcome(one)) for one in ours),
            *(ledger.claim(payment(number)) for number in halves[1]),
            *(other.finish(outcome(one)) for one in theirs),
            *(other.claim(payment(number, runner="p2")) for number in halves[0]),
        )
    assert broken_off == []
    assert await ledger.count({"user_order_success": True}) == 64


class TestAnUnknownOrder:
    async def test_what_was_heard_of_it_is_kept_for_a_person(self, ledger: Ledger) -> None:
        claimed = await ledger.claim(payment("none"))
        assert (claimed.mine, claimed.moved, claimed.order) == (False, False, None)
        assert claimed.error is not None
        (kept,) = await ledger.newest_events(states=["unmatched"])
        assert (kept.number, kept.state, kept.error) == ("none", "unmatched", "no order")

    async def test_two_processes_at_once_keep_it_once(self, ledger: Ledger, other: Ledger) -> None:
        claimed = await gathered(
            *(one.claim(payment(f"none{n % 3}")) for n in range(30) for one in (ledger, other))
        )
        assert {type(one).__name__ for one in claimed} == {"Claimed"}
        for n in range(3):
            assert len(await ledger.events(f"none{n}")) == 1

    async def test_it_is_matched_once_the_order_is_there(self, ledger: Ledger) -> None:
        await ledger.claim(payment("A1"))
        (lost,) = await ledger.events("A1")
        await ledger.add(order())
        claimed = await ledger.claim(payment("A1", now=150))
        assert (claimed.mine, claimed.moved, claimed.error) == (True, True, None)
        (kept,) = await ledger.events("A1")
        assert (kept.id, kept.create_date) == (lost.id, lost.create_date)
        assert (kept.state, kept.error, kept.runner) == ("running", None, "p1")
        assert (await ledger.require("A1")).paid

    async def test_beside_known_ones_in_a_batch(self, ledger: Ledger) -> None:
        await ledger.add(order("A1"))
        await ledger.add(order("A3"))
        claimed = await asyncio.gather(*(ledger.claim(payment(number)) for number in ("A1", "A2", "A3")))
        assert [one.moved for one in claimed] == [True, False, True]


class TestSeveralOfOneOrder:
    async def test_a_payment_and_a_refund_in_one_batch(self, ledger: Ledger) -> None:
        await ledger.add(order())
        await ledger.add_refund("A1", entry("r1", 300))
        claimed = await asyncio.gather(ledger.claim(payment()), ledger.claim(refund_of("A1", "r1")))
        assert [(one.mine, one.moved) for one in claimed] == [(True, True)] * 2
        row = await ledger.require("A1")
        assert (row.status, row.refund_fee, row.transaction_id) == (2, 300, "4200")
        assert (row.refund_list[0].state, row.refund_list[0].refund_id) == ("SUCCESS", "50")
        assert claimed[1].order == row

    async def test_several_refunds_in_one_batch(self, ledger: Ledger) -> None:
        await paid(ledger)
        for n in range(4):
            await ledger.add_refund("A1", entry(f"r{n}", 250))
        claimed = await asyncio.gather(
            *(ledger.claim(refund_of("A1", f"r{n}", "CLOSED" if n == 0 else "SUCCESS")) for n in range(4))
        )
        assert all(one.moved for one in claimed)
        row = await ledger.require("A1")
        assert (row.status, row.refund_fee) == (2, 750)
        assert {e.state for e in row.refund_list} == {"SUCCESS", "CLOSED"}

    async def test_twice_one_refund_in_one_batch(self, ledger: Ledger) -> None:
        await paid(ledger)
        await ledger.add_refund("A1", entry("r1", 250))
        success, undone = await asyncio.gather(
            *(ledger.claim(refund_of("A1", "r1", state)) for state in ("SUCCESS", "CLOSED"))
        )
        assert (success.moved, undone.moved) == (True, True)
        row = await ledger.require("A1")
        assert (row.status, row.refund_fee, row.refund_list[0].state) == (1, 0, "CLOSED")
        assert undone.order == row

    async def test_a_refund_nobody_asked_for_and_its_undoing_in_one_batch(self, ledger: Ledger) -> None:
        await ledger.add(order())
        told = entry("r1", 300, state="SUCCESS", refund_id="50")
        claims = (payment(), refund_of("A1", "r1", new=told), refund_of("A1", "r1", "CLOSED"))
        _, made, undone = await asyncio.gather(*map(ledger.claim, claims))
        assert made.order is not None
        assert (made.order.status, made.order.refund_fee, made.order.refund_num) == (2, 300, 1)
        row = await ledger.require("A1")
        assert (row.status, row.refund_fee, row.refund_num, row.refund_list[0].state) == (1, 0, 1, "CLOSED")
        assert undone.order == row

    async def test_a_copy_of_a_refund_changes_nothing(self, ledger: Ledger) -> None:
        await paid(ledger)
        await ledger.add_refund("A1", entry("r1", 250))
        claimed = await asyncio.gather(*(ledger.claim(refund_of("A1", "r1")) for _ in range(10)))
        assert [one.moved for one in claimed] == [True] + [False] * 9

    async def test_a_closing_and_a_payment_in_one_batch_end_paid(self, ledger: Ledger) -> None:
        for number in ("A1", "A2"):
            await ledger.add(order(number))
        closed, late, first, ignored = await asyncio.gather(
            *map(ledger.claim, (closing_of("A1"), payment("A1"), payment("A2"), closing_of("A2")))
        )
        assert (closed.moved, late.moved, first.moved, ignored.moved) == (True, True, True, False)
        for number in ("A1", "A2"):
            assert (await ledger.require(number)).status == 1

    async def test_an_outcome_and_a_copy_in_one_batch(self, ledger: Ledger) -> None:
        await ledger.add(order())
        claimed = await ledger.claim(payment())
        counted, copy = await asyncio.gather(ledger.finish(outcome(claimed)), ledger.claim(payment()))
        assert counted is True
        assert not copy.mine
        assert [one.state for one in await ledger.events("A1")] == ["done"]


class TestATransfer:
    async def test_it_settles_once(self, ledger: Ledger, other: Ledger) -> None:
        await ledger.add_transfer(transfer(), check_due=50)
        claimed = await asyncio.gather(
            *(one.claim(transfer_of()) for _ in range(10) for one in (ledger, other))
        )
        assert sum(one.mine for one in claimed) == 1
        (mine,) = (one for one in claimed if one.mine)
        assert await ledger.finish(outcome(mine, success=False, error="boom", state="parked"))
        row = await ledger.get_transfer("T1")
        assert row is not None
        assert (row.state, row.user_order_success, row.handler_error) == ("SUCCESS", False, "boom")
        assert await ledger.take_due_transfers(now=10_000, again=20_000, most=9) == []

    async def test_one_made_elsewhere_is_kept(self, ledger: Ledger, other: Ledger) -> None:
        claimed = await gathered(
            *(one.claim(transfer_of("T2")) for _ in range(10) for one in (ledger, other))
        )
        assert {type(one).__name__ for one in claimed} == {"Claimed"}
        assert sum(one.mine for one in claimed) == 1
        row = await ledger.get_transfer("T2")
        assert row is not None
        assert row.state == "SUCCESS"


async def test_events_are_listed_from_the_newest_by_id(ledger: Ledger) -> None:
    states = ["done", "failed", "parked", "unmatched", "running"]
    kept: list[Event] = []
    for n, state in enumerate(states):
        heard = event(f"A{n}", id=f"{n:026}", state=state)
        kept.append(heard)
        await ledger.claim(Claim(event=heard, decide=lambda _, heard=heard: Decision(event=heard)))
    assert [one.number for one in await ledger.newest_events()] == ["A4", "A3", "A2", "A1", "A0"]
    assert [one.number for one in await ledger.newest_events(before=kept[3].id, most=2)] == ["A2", "A1"]
    attention = await ledger.newest_events(states=["failed", "unmatched"])
    assert [one.number for one in attention] == ["A3", "A1"]
    assert [one.number for one in await ledger.newest_events(states=["done", "failed"])] == ["A1", "A0"]
    assert await ledger.event("unknown") is None
