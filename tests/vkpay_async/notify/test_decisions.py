"""What each happening changes, for every state that the ledger may have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vkpay_async.fake import FakeProvider
from vkpay_async import NotificationMismatch, Order, OrderNotFound, Refund, RefundState, TradeState, Transfer
from vkpay_async.happenings import Decision, Event, Found, TransferRecord
from vkpay_async.models import AuthorizationState, Trade, TransferAuthorization, TransferState
from vkpay_async.notify.decisions import (
    CHECK_AGAIN_MS,
    Terms,
    on_authorization,
    on_closed,
    on_payment,
    on_refund,
    on_transfer,
)
from vkpay_async.order import RefundEntry

NOW, LEASE = 1_000_000, 1_065_000
PROVIDER: Any = FakeProvider(SimpleNamespace(app_id="wx1", mch_id="1900000001"))
ORDER = Order(out_trade_no="A1", type="goods", pay_type="wxpay_h5", total_fee=100)
PAID = msgspec.structs.replace(ORDER, status=1, transaction_id="4200")
TRADE = Trade(
    out_trade_no="A1",
    state=TradeState.SUCCESS,
    raw_state="SUCCESS",
    transaction_id="4200",
    total_fee=100,
    appid="wx1",
    mch_id="1900000001",
)
NEW = Event(
    number="A1",
    what="wxpay|1900000001|payment|4200|PAID",
    id="01NEW",
    provider="wxpay",
    pay_type="wxpay_h5",
    pid="default",
    kind="payment",
)
ENTRY = RefundEntry(out_refund_no="R1", refund_fee=40, state="PROCESSING")
REFUND = Refund(
    out_trade_no="A1",
    out_refund_no="R1",
    state=RefundState.SUCCESS,
    raw_state="SUCCESS",
    refund_fee=40,
    total_fee=100,
    refund_id="50",
)
TRANSFER = Transfer(out_bill_no="A1", state=TransferState.SUCCESS, raw_state="SUCCESS")
AUTHORIZATION = TransferAuthorization(
    out_authorization_no="A1", state=AuthorizationState.TAKING_EFFECT, raw_state="TAKING_EFFECT"
)
RECORD = TransferRecord(out_bill_no="A1", pid="default", pay_type="wxpay_transfer", state="SUCCESS")


def terms(**more: Any) -> Terms:
    known: dict[str, Any] = {"runner": "me", "types": frozenset({"goods", ""})}
    return Terms(now=NOW, lease_until=LEASE, **{**known, **more})


def known(state: str, *, due: int | None = None, attempts: int = 1, **more: Any) -> Event:
    return msgspec.structs.replace(
        NEW, id="01OLD", state=state, due=due, attempts=attempts, type="goods", **more
    )


def pay(
    order: Order | None = ORDER, event: Event | None = None, trade: Trade = TRADE, **more: Any
) -> Decision:
    return on_payment(Found(order=order, event=event), NEW, trade, PROVIDER, terms(**more))


def run(event: Event | None) -> tuple[Any, ...] | None:
    """What a claim that runs the handler has, or ``None`` for any other decision."""
    if event is None or event.state != "running":
        return None
    return (event.id, event.runner, event.due, event.attempts, event.error)


class TestFirst:
    def test_it_is_paid_and_its_handler_claimed(self) -> None:
        decision = pay()
        assert decision.paid is not None
        assert (decision.paid["transaction_id"], decision.paid["pay_date"]) == ("4200", NOW)
        assert run(decision.event) == ("01NEW", "me", LEASE, 1, None)
        assert (decision.error, decision.closed, decision.refund) == (None, None, None)

    def test_without_room_it_waits(self) -> None:
        decision = pay(runner=None)
        assert decision.paid is not None
        assert decision.event is not None
        assert (decision.event.state, decision.event.due, decision.event.attempts) == ("waiting", NOW, 0)

    def test_without_a_handler_it_is_done(self) -> None:
        decision = pay(types=frozenset({"vip"}))
        assert decision.paid is not None
        assert decision.event is not None
        assert (decision.event.state, decision.event.done_date, decision.event.type) == ("done", NOW, "goods")

    def test_a_closed_order_is_paid_all_the_same(self) -> None:
        decision = pay(msgspec.structs.replace(ORDER, status=-1))
        assert decision.paid is not None
        assert run(decision.event) is not None

    def test_the_time_the_provider_says_counts(self) -> None:
        decision = pay(trade=msgspec.structs.replace(TRADE, success_time=77))
        assert decision.paid is not None
        assert decision.paid["pay_date"] == 77


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("runner", ["me", None])
@pytest.mark.parametrize(
    ("event", "taken", "taken_when_asked"),
    [
        (known("running", due=NOW + 1), False, False),
        (known("running", due=NOW), True, True),
        (known("waiting", due=NOW + 1, attempts=0), False, True),
        (known("waiting", due=NOW, attempts=0), True, True),
        (known("failed", due=NOW - 1), False, True),
        (known("failed", due=NOW + 1), False, True),
        (known("parked"), False, True),
        (known("done"), False, False),
        (known("done", attempts=0), True, True),
    ],
    ids=lambda value: (
        f"{value.state}-{value.due}-{value.attempts}" if isinstance(value, Event) else str(value)
    ),
)
def test_a_copy(event: Event, taken: bool, taken_when_asked: bool, again: bool, runner: str | None) -> None:
    decision = pay(PAID, event, again=again, runner=runner)
    assert (decision.paid, decision.error) == (None, None)
    if runner is not None and (taken_when_asked if again else taken):
        assert run(decision.event) == ("01OLD", "me", LEASE, event.attempts + 1, event.error)
    else:
        assert decision.event is None


class TestACopyOfOneThatNobodyHandled:
    def test_it_stays_while_there_is_no_handler(self) -> None:
        assert pay(PAID, known("done", attempts=0), types=frozenset()).event is None

    def test_an_answer_that_was_given_before_there_were_notifications_stands(self) -> None:
        answered = msgspec.structs.replace(PAID, user_order_success=True)
        assert pay(answered, known("done", attempts=0)).event is None


class TestPaidBefore:
    def test_a_second_payment_is_kept_for_a_person(self) -> None:
        decision = pay(PAID, trade=msgspec.structs.replace(TRADE, transaction_id="4201"))
        assert decision.event is not None
        assert (decision.event.state, decision.event.type) == ("unmatched", "goods")
        assert decision.event.error == (
            "order A1 was paid twice: by 4200, and now by 4201; give one of them back at the provider"
        )
        assert (decision.paid, decision.error) == (None, None)

    @pytest.mark.parametrize(("ours", "theirs"), [("4200", None), (None, "4200"), ("4200", ""), ("", "4200")])
    def test_the_same_payment_without_its_number_starts_nothing(
        self, ours: str | None, theirs: str | None
    ) -> None:
        order = msgspec.structs.replace(PAID, transaction_id=ours)
        assert pay(order, trade=msgspec.structs.replace(TRADE, transaction_id=theirs)) == Decision()

    @pytest.mark.parametrize("success", [True, False])
    def test_an_order_of_an_older_ledger_that_was_answered_is_done(self, success: bool) -> None:
        decision = pay(msgspec.structs.replace(PAID, user_order_success=success))
        assert decision.event is not None
        assert (decision.event.state, decision.event.attempts) == ("done", 0)

    @pytest.mark.parametrize(
        "left", [{}, {"user_order_success": False, "handler_error": "RuntimeError: no stock"}], ids=repr
    )
    def test_one_whose_handler_did_not_come_to_its_end_is_run(self, left: dict[str, Any]) -> None:
        decision = pay(msgspec.structs.replace(PAID, **left))
        assert decision.paid is None
        assert run(decision.event) == ("01NEW", "me", LEASE, 1, None)


class TestHeardUnderAnotherApp:
    """Without a merchant's number an event is named by the app: one payment may have two."""

    @staticmethod
    def pay_again(state: str, what: str = "wxpay|wx2|payment|4200|PAID", **answered: Any) -> Decision:
        other = msgspec.structs.replace(known(state), what=what)
        order = msgspec.structs.replace(PAID, **answered)
        found = Found(order=order, events={(other.number, other.what): other})
        return on_payment(found, NEW, TRADE, PROVIDER, terms())

    @pytest.mark.parametrize("state", ["running", "waiting", "failed", "parked", "done"])
    def test_the_other_sees_to_the_handler(self, state: str) -> None:
        assert self.pay_again(state) == Decision()

    def test_once_that_has_answered_it_is_done(self) -> None:
        event = self.pay_again("done", user_order_success=True).event
        assert event is not None
        assert (event.state, event.attempts) == ("done", 0)

    @pytest.mark.parametrize(
        ("state", "what"),
        [
            ("unmatched", "wxpay|wx2|payment|4200|PAID"),
            ("done", "wxpay|wx2|payment|4201|PAID"),
            ("done", "wxpay|wx2|closed|4200|PAID"),
        ],
    )
    def test_nothing_else_does(self, state: str, what: str) -> None:
        assert run(self.pay_again(state, what).event) is not None


class TestUnmatched:
    @pytest.mark.parametrize(
        ("order", "trade", "error"),
        [
            (None, {}, OrderNotFound),
            (ORDER, {"total_fee": 99}, NotificationMismatch),
            (ORDER, {"appid": "wx7"}, NotificationMismatch),
            (ORDER, {"mch_id": "1900000007"}, NotificationMismatch),
            (ORDER, {"out_trade_no": "A2"}, NotificationMismatch),
            (msgspec.structs.replace(ORDER, pid="shop7"), {}, NotificationMismatch),
        ],
        ids=lambda value: str(value) if isinstance(value, dict) else None,
    )
    @pytest.mark.parametrize("event", [None, known("unmatched", error="before")], ids=["new", "known"])
    def test_it_is_kept_and_told(
        self, order: Order | None, trade: dict[str, Any], error: type[Exception], event: Event | None
    ) -> None:
        for decide in (on_payment, on_closed):
            decision = decide(
                Found(order=order, event=event),
                NEW,
                msgspec.structs.replace(TRADE, **trade),
                PROVIDER,
                terms(),
            )
            assert isinstance(decision.error, error)
            assert decision.event is not None
            assert (decision.event.state, decision.event.error) == ("unmatched", decision.error.msg)
            assert decision.event.id == ("01OLD" if event else "01NEW")
            assert (decision.paid, decision.closed) == (None, None)

    def test_what_is_known_better_stays(self) -> None:
        decision = pay(PAID, known("done"), msgspec.structs.replace(TRADE, total_fee=1))
        assert isinstance(decision.error, NotificationMismatch)
        assert decision.event is None

    def test_when_the_cause_is_gone_it_is_paid(self) -> None:
        decision = pay(ORDER, known("unmatched", error="amount", attempts=0))
        assert decision.paid is not None
        assert run(decision.event) == ("01OLD", "me", LEASE, 1, None)


class TestClosed:
    def decide(self, order: Order, **more: Any) -> Decision:
        trade = msgspec.structs.replace(TRADE, state=TradeState.CLOSED)
        return on_closed(Found(order=order), NEW, trade, PROVIDER, terms(**more))

    def test_an_unpaid_order(self) -> None:
        decision = self.decide(ORDER)
        assert decision.closed == NOW
        assert decision.event is not None
        assert decision.event.state == "done"

    def test_one_that_is_closed_stays_as_it_is(self) -> None:
        assert self.decide(msgspec.structs.replace(ORDER, status=-1)).closed is None

    @pytest.mark.parametrize("order", [PAID, msgspec.structs.replace(ORDER, pay_type="alipay_h5")])
    def test_one_that_is_paid_or_anothers_is_left_alone(self, order: Order) -> None:
        assert self.decide(order) == Decision()


class TestRefund:
    order = msgspec.structs.replace(PAID, refund_list=(ENTRY,), refund_num=1, refund_fee=40)

    def decide(
        self, order: Order | None, event: Event | None = None, refund: Refund = REFUND, **more: Any
    ) -> Decision:
        return on_refund(Found(order=order, event=event), NEW, refund, PROVIDER, terms(**more))

    @pytest.mark.parametrize("state", [RefundState.SUCCESS, RefundState.CLOSED, RefundState.ABNORMAL])
    def test_its_end_is_stored_and_told(self, state: RefundState) -> None:
        decision = self.decide(self.order, refund=msgspec.structs.replace(REFUND, state=state))
        assert run(decision.event) == ("01NEW", "me", LEASE, 1, None)
        assert decision.refund is not None
        assert (decision.refund.state, decision.refund.refund_id) == (state.value, "50")
        assert (decision.refund.success_date, decision.refund.check_due) == (NOW, None)

    def test_what_is_not_its_end_is_stored_and_asked_after(self) -> None:
        decision = self.decide(
            self.order, refund=msgspec.structs.replace(REFUND, state=RefundState.PROCESSING)
        )
        assert decision.event is None
        assert decision.refund is not None
        assert (decision.refund.state, decision.refund.success_date) == ("PROCESSING", None)
        assert decision.refund.check_due == NOW + CHECK_AGAIN_MS

    def test_a_copy_changes_nothing(self) -> None:
        assert self.decide(self.order, known("done")) == Decision()

    def test_one_that_is_not_ours_is_kept_for_a_person(self) -> None:
        decision = self.decide(PAID)
        assert (decision.error, decision.refund) == (None, None)
        assert decision.event is not None
        assert decision.event.state == "unmatched"
        assert "refund R1 was not made through this ledger" in str(decision.event.error)

    @pytest.mark.parametrize(
        ("order", "wrong"),
        [
            (None, {}),
            (PAID, {"total_fee": 1}),
            (PAID, {"appid": "wx7"}),
            (PAID, {"mch_id": "1900000007"}),
            (msgspec.structs.replace(PAID, pid="shop7"), {}),
        ],
    )
    def test_one_that_does_not_fit(self, order: Order | None, wrong: dict[str, Any]) -> None:
        decision = self.decide(order, refund=msgspec.structs.replace(REFUND, **wrong))
        assert decision.error is not None
        assert decision.event is not None
        assert decision.event.state == "unmatched"


class TestTransfer:
    def decide(self, event: Event | None = None, transfer: Transfer = TRANSFER, **more: Any) -> Decision:
        return on_transfer(Found(event=event), NEW, transfer, RECORD, PROVIDER, terms(**more))

    def test_its_end_is_stored_and_told(self) -> None:
        decision = self.decide()
        assert decision.transfer == RECORD
        assert run(decision.event) == ("01NEW", "me", LEASE, 1, None)

    def test_what_is_not_its_end_changes_nothing(self) -> None:
        waiting = msgspec.structs.replace(TRANSFER, state=TransferState.WAIT_USER_CONFIRM)
        assert self.decide(transfer=waiting) == Decision()

    def test_a_copy_changes_nothing(self) -> None:
        assert self.decide(known("done")) == Decision()

    def test_one_that_nobody_was_there_to_hear_is_told(self) -> None:
        heard = msgspec.structs.replace(known("done", attempts=0), type=None)
        assert run(self.decide(heard).event) is not None
        assert self.decide(heard, types=frozenset()).event is None

    def test_another_is_kept_for_a_person(self) -> None:
        decision = self.decide(transfer=msgspec.structs.replace(TRANSFER, out_bill_no="B2"))
        assert isinstance(decision.error, NotificationMismatch)
        assert decision.event is not None
        assert decision.event.state == "unmatched"


class TestAuthorization:
    def decide(
        self, event: Event | None = None, *, wrong: dict[str, Any] | None = None, **more: Any
    ) -> Decision:
        given = msgspec.structs.replace(AUTHORIZATION, **(wrong or {}))
        return on_authorization(Found(event=event), NEW, given, PROVIDER, terms(**more))

    @pytest.mark.parametrize("state", [AuthorizationState.TAKING_EFFECT, AuthorizationState.CLOSED])
    def test_its_beginning_and_its_end_are_told(self, state: AuthorizationState) -> None:
        decision = self.decide(wrong={"state": state})
        assert run(decision.event) == ("01NEW", "me", LEASE, 1, None)
        assert (decision.transfer, decision.paid, decision.error) == (None, None, None)

    @pytest.mark.parametrize("state", [AuthorizationState.WAIT_USER_CONFIRM, AuthorizationState.UNKNOWN])
    def test_anything_else_changes_nothing(self, state: AuthorizationState) -> None:
        assert self.decide(wrong={"state": state}) == Decision()

    def test_a_copy_changes_nothing(self) -> None:
        assert self.decide(known("done")) == Decision()

    def test_one_that_nobody_was_there_to_hear_is_told(self) -> None:
        heard = msgspec.structs.replace(known("done", attempts=0), type=None)
        assert run(self.decide(heard).event) is not None
        assert self.decide(heard, types=frozenset()).event is None

    @pytest.mark.parametrize("wrong", [{"out_authorization_no": "B2"}, {"mch_id": "1900000007"}])
    def test_another_is_kept_for_a_person(self, wrong: dict[str, Any]) -> None:
        decision = self.decide(wrong=wrong)
        assert isinstance(decision.error, NotificationMismatch)
        assert decision.event is not None
        assert decision.event.state == "unmatched"


copies = st.builds(
    dict,
    total_fee=st.sampled_from([100, 100, 99]),
    transaction_id=st.sampled_from(["4200", "4200", "4201", None]),
    fate=st.sampled_from(["done", "failed", "parked", "dies"]),
    step=st.integers(0, 100_000),
    room=st.booleans(),
    again=st.booleans(),
    listening=st.booleans(),
)


@given(st.lists(copies, max_size=12))
def test_no_sequence_of_copies_pays_twice_or_runs_two_handlers_at_once(
    sequence: list[dict[str, Any]],
) -> None:
    order, now, paid, answered = ORDER, NOW, 0, 0
    events: dict[str, Event] = {}
    for copy in sequence:
        now += copy["step"]
        trade = msgspec.structs.replace(
            TRADE, total_fee=copy["total_fee"], transaction_id=copy["transaction_id"]
        )
        event = msgspec.structs.replace(NEW, what=f"PAID|{copy['transaction_id']}")
        decision = on_payment(
            Found(order=order, event=events.get(event.what)),
            event,
            trade,
            PROVIDER,
            Terms(
                now=now,
                lease_until=now + 65_000,
                runner="me" if copy["room"] else None,
                types=frozenset({"goods"} if copy["listening"] else ()),
                again=copy["again"],
            ),
        )
        if decision.paid is not None:
            paid += 1
            order = msgspec.structs.replace(order, status=1, transaction_id=decision.paid["transaction_id"])
        kept = decision.event
        if kept is None:
            continue
        if kept.state == "running":
            before = events.get(event.what)
            assert before is None or before.state != "running" or (before.due or 0) <= now
            assert order.user_order_success is not True
            fate = copy["fate"]
            if fate != "dies":
                answered += fate == "done"
                order = msgspec.structs.replace(
                    order, user_order_success=fate == "done", handler_error=None if fate == "done" else fate
                )
                kept = msgspec.structs.replace(kept, state=fate, due=now if fate == "failed" else None)
        events[event.what] = kept
    assert paid == (order.status > 0)
    assert paid <= 1
    assert answered <= 1
