"""An order that was begun in several ways: each is asked after, and the order is closed when none is left to pay."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vkpay_async.branches import NUMBER, PARTIES, Branch, Branches
from tests.vkpay_async.fake import not_found
from vkpay_async import ConfigError, InvalidArgument, OrderStateConflict, TradeState, TransportError
from vkpay_async.models import RefundState

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
NOTPAY, CLOSED = TradeState.NOTPAY, TradeState.CLOSED


async def expired(shop: Branches, *pay_types: str) -> None:
    await shop.begin(*pay_types, time_expire=shop.clock.ms + 10 * MINUTE_MS)
    for pay_type in pay_types:
        shop.say(pay_type, NOTPAY)
    shop.clock.ms += 10 * MINUTE_MS


async def repair(shop: Branches) -> int:
    shop.clock.ms += MINUTE_MS
    return (await shop.pay.run_jobs("repair")).repair


class TestRepair:
    @pytest.mark.parametrize("latest", [NOTPAY, CLOSED, None, TransportError("no answer: try again")])
    async def test_a_payment_in_the_first_way_of_which_nothing_was_heard(
        self, branches: Branches, latest: Any
    ) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5")
        if isinstance(latest, TradeState):
            branches.say("alipay_wap", latest)
        else:
            Branch.says["alipay_wap"] = latest or not_found()
        assert await repair(branches) == 1
        order = await branches.now()
        assert (order.status, order.pay_type, order.transaction_id) == (1, "wxpay_h5", "tx-wxpay")
        assert (order.user_order_success, len(branches.runs)) == (True, 1)

    async def test_and_what_is_refunded_then_goes_back_that_way(self, branches: Branches) -> None:
        branches.bank.refund_state = RefundState.SUCCESS
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5")
        await repair(branches)
        await branches.pay.refund(out_trade_no=NUMBER)
        assert branches.bank.last("refund").order.pay_type == "wxpay_h5"

    async def test_paid_in_both_it_is_paid_once_and_the_other_is_for_a_person(
        self, branches: Branches
    ) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5")
        branches.say("alipay_wap")
        await repair(branches)
        order = await branches.now()
        assert (order.status, order.pay_type, len(branches.runs)) == (1, "alipay_wap", 1)
        (second,) = [one for one in await branches.events() if one.state == "unmatched"]
        assert (second.pay_type, second.error) == (
            "wxpay_h5",
            f"order {NUMBER} was paid twice: by tx-alipay, and now by tx-wxpay; give one of them back at the provider",
        )

    async def test_ended_in_one_way_it_may_still_be_paid_in_the_other(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5", NOTPAY)
        branches.say("alipay_wap", CLOSED)
        await repair(branches)
        assert (await branches.now()).status == 0
        branches.say("wxpay_h5")
        await repair(branches)
        assert (await branches.now()).status == 1

    async def test_ended_in_every_way_it_is_closed_here(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5", CLOSED)
        branches.say("alipay_wap", TradeState.PAYERROR)
        await repair(branches)
        assert (await branches.now()).status == -1

    @pytest.mark.parametrize("error", [TransportError("no answer: try again"), ConfigError("no such node")])
    async def test_ended_in_one_way_and_not_known_in_the_other_it_stays_open(
        self, branches: Branches, caplog: pytest.LogCaptureFixture, error: Exception
    ) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        Branch.says["wxpay_h5"] = error
        branches.say("alipay_wap", CLOSED)
        await repair(branches)
        assert (await branches.now()).status == 0
        assert "looked at again later" in caplog.text
        branches.say("wxpay_h5")
        await repair(branches)
        assert len(branches.runs) == 1

    @pytest.mark.parametrize("wrong", [{"total_fee": 1}, {"state": TradeState.REFUND}], ids=str)
    async def test_what_a_person_is_to_see_in_one_way_does_not_end_the_other(
        self, branches: Branches, caplog: pytest.LogCaptureFixture, wrong: dict[str, Any]
    ) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5", **wrong)
        branches.say("alipay_wap", NOTPAY)
        await repair(branches)
        assert "see `vkpay notifications list`; it may still be paid by alipay_wap" in caplog.text
        assert [one.state for one in await branches.events()] == ["unmatched"]
        branches.say("alipay_wap")
        await repair(branches)
        assert [run.pay_type for run in branches.runs] == ["alipay_wap"]

    async def test_where_nothing_else_is_left_it_is_not_asked_after_again(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5", total_fee=1)
        branches.say("alipay_wap", CLOSED)
        await repair(branches)
        branches.clock.ms += DAY_MS
        assert await repair(branches) == 0
        assert (await branches.now()).status == 0

    @pytest.mark.parametrize("pay_type", ["wxpay_h5", "alipay_wap"])
    async def test_begun_once_more_after_days_it_is_asked_after_as_a_new_one_is(
        self, branches: Branches, pay_type: str
    ) -> None:
        await branches.begin("wxpay_h5")
        branches.clock.ms += 4 * DAY_MS
        assert (await branches.pay.run_jobs("repair")).repair == 1
        await branches.begin(pay_type)
        asked = []
        for minute in range(130):
            if (await branches.pay.run_jobs("repair")).repair:
                asked.append(minute)
            branches.clock.ms += MINUTE_MS
        assert asked == [1, 2, 4, 8, 16, 32, 62, 92, 122]
        branches.say(pay_type)
        branches.clock.ms += 2 * DAY_MS
        await branches.pay.run_jobs("repair")
        assert [run.pay_type for run in branches.runs] == [pay_type]

    async def test_begun_anew_while_it_was_asked_after_it_stays_open(
        self, branches: Branches, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await branches.begin("wxpay_h5")
        branches.say("wxpay_h5", CLOSED)
        mark = branches.pay.orders.mark_closed

        async def late(*args: Any, **more: Any) -> Any:
            await branches.begin("alipay_wap")
            return await mark(*args, **more)

        monkeypatch.setattr(branches.pay.orders, "mark_closed", late)
        await repair(branches)
        assert (await branches.now()).status == 0
        branches.say("alipay_wap")
        await repair(branches)
        assert (await branches.now()).status == 1


class TestPaid:
    """In the ways that are left it could be paid once more."""

    async def test_the_others_are_closed_so_that_nobody_pays_twice(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap", "alipay_h5")
        for pay_type in ("wxpay_h5", "alipay_h5"):
            branches.say(pay_type, NOTPAY)
        branches.say("alipay_wap")
        (
            await branches.notify(
                NUMBER, pay_type="alipay_wap", transaction_id="tx-alipay", **PARTIES["alipay"]
            )
        ).raise_for_error()
        assert (await branches.pay.run_jobs("repair")).repair == 1
        assert branches.asked("close") == ["alipay_h5", "wxpay_h5"]
        assert [ref.transaction_id for _, ref in branches.bank.calls if _ == "close"] == [None, None]
        order = await branches.now()
        assert (order.status, order.pay_type) == (1, "alipay_wap")
        branches.clock.ms += DAY_MS
        assert (await branches.pay.run_jobs("repair")).repair == 0

    async def test_an_order_with_one_way_is_not_asked_after_again(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5")
        (await branches.notify(NUMBER)).raise_for_error()
        branches.clock.ms += DAY_MS
        assert (await branches.pay.run_jobs("repair")).repair == 0

    async def test_a_second_payment_of_which_nothing_was_heard_is_found(self, branches: Branches) -> None:
        await self.paid_by_wechat(branches)
        branches.say("alipay_wap")
        await branches.pay.run_jobs("repair")
        (second,) = [one for one in await branches.events() if one.state == "unmatched"]
        assert (second.pay_type, "was paid twice" in str(second.error)) == ("alipay_wap", True)
        assert (branches.asked("close"), len(branches.runs)) == ([], 1)
        branches.clock.ms += DAY_MS
        assert (await branches.pay.run_jobs("repair")).repair == 0

    async def test_one_payment_of_two_ways_is_no_second(self, branches: Branches) -> None:
        await branches.begin("alipay_wap", "wxpay_h5", "wxpay_mweb")
        branches.say("alipay_wap", CLOSED)
        branches.say("wxpay_mweb")
        (await branches.notify(NUMBER, transaction_id="tx-wxpay")).raise_for_error()
        await branches.pay.run_jobs("repair")
        assert [one.state for one in await branches.events()] == ["done"]
        assert (branches.asked("close"), len(branches.runs)) == ([], 1)

    @pytest.mark.parametrize(
        "refusal",
        [
            TransportError("no answer: try again"),
            not_found(),
            InvalidArgument("it has no close: leave it"),
            OrderStateConflict(provider="fake", code="PAYING", message="paying"),
        ],
        ids=lambda error: type(error).__name__,
    )
    async def test_one_that_is_not_closed_now_is_looked_at_again(
        self, branches: Branches, refusal: Exception
    ) -> None:
        await self.paid_by_wechat(branches)
        branches.say("alipay_wap", NOTPAY)
        Branch.closes["alipay_wap"] = refusal
        await branches.pay.run_jobs("repair")
        branches.say("alipay_wap")
        await repair(branches)
        assert sorted(one.state for one in await branches.events()) == ["done", "unmatched"]

    async def test_it_is_looked_at_with_pauses_that_grow_for_three_days(self, branches: Branches) -> None:
        await self.paid_by_wechat(branches)
        Branch.closes["alipay_wap"] = not_found()
        asked = []
        for minute in range(6 * 24 * 60):
            if (await branches.pay.run_jobs("repair")).repair:
                asked.append(minute)
            branches.clock.ms += MINUTE_MS
        assert asked == [0, *(1 << n for n in range(14))]
        assert (await branches.now()).status == 1

    async def test_paid_while_it_is_asked_after_the_others_are_not_forgotten(
        self, branches: Branches
    ) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5")
        branches.say("alipay_wap", NOTPAY)
        await repair(branches)
        assert ((await branches.now()).status, branches.asked("close")) == (1, [])
        await branches.pay.run_jobs("repair")
        assert branches.asked("close") == ["alipay_wap"]

    async def test_what_was_refunded_has_nothing_to_do_with_it(self, branches: Branches) -> None:
        branches.bank.refund_state = RefundState.SUCCESS
        await self.paid_by_wechat(branches)
        await branches.pay.refund(out_trade_no=NUMBER)
        branches.say("alipay_wap", NOTPAY)
        await branches.pay.run_jobs("repair")
        assert branches.asked("close") == ["alipay_wap"]
        assert (await branches.now()).status == 3

    @staticmethod
    async def paid_by_wechat(branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        (await branches.notify(NUMBER, transaction_id="tx-wxpay")).raise_for_error()


class TestExpire:
    async def test_it_is_closed_in_every_way(self, branches: Branches) -> None:
        await expired(branches, "wxpay_h5", "alipay_wap")
        await branches.pay.run_jobs("expire")
        assert sorted(branches.asked("close")) == ["alipay_wap", "wxpay_h5"]
        assert (await branches.now()).status == -1

    async def test_where_it_has_ended_nothing_is_closed(self, branches: Branches) -> None:
        await expired(branches, "wxpay_h5", "alipay_wap")
        branches.say("alipay_wap", CLOSED)
        await branches.pay.run_jobs("expire")
        assert branches.asked("close") == ["wxpay_h5"]
        assert (await branches.now()).status == -1

    async def test_one_that_the_first_way_has_paid_is_not_closed(self, branches: Branches) -> None:
        await expired(branches, "wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5")
        await branches.pay.run_jobs("expire")
        assert branches.asked("close") == []
        assert [run.pay_type for run in branches.runs] == ["wxpay_h5"]

    @pytest.mark.parametrize("silent", ["wxpay_h5", "alipay_wap"])
    @pytest.mark.parametrize("operation", ["query", "close"])
    async def test_while_one_way_is_not_known_it_stays_open(
        self, branches: Branches, silent: str, operation: str
    ) -> None:
        await expired(branches, "wxpay_h5", "alipay_wap")
        there: dict[str, Any] = Branch.says if operation == "query" else Branch.closes
        before = there.get(silent)
        there[silent] = TransportError("no answer: try again")
        await branches.pay.run_jobs("expire")
        assert (await branches.now()).status == 0

        if before is None:
            del there[silent]
        else:
            there[silent] = before
        branches.clock.ms += MINUTE_MS
        await branches.pay.run_jobs("expire")
        assert (await branches.now()).status == -1

    async def test_one_that_is_paid_the_moment_it_is_closed(self, branches: Branches) -> None:
        await expired(branches, "wxpay_h5", "alipay_wap")
        asked, paid = branches.bank.asked, branches.say

        def pays_first(operation: str, ref: Any) -> None:
            asked(operation, ref)
            if operation == "close" and ref.pay_type == "wxpay_h5":
                paid("wxpay_h5")
                Branch.closes["wxpay_h5"] = OrderStateConflict(provider="fake", code="PAID", message="paid")

        branches.bank.asked = pays_first  # type: ignore[method-assign]
        await branches.pay.run_jobs("expire")
        assert ((await branches.now()).status, len(branches.runs)) == (1, 1)

    async def test_one_that_a_provider_never_closes_stays_open(
        self, branches: Branches, caplog: pytest.LogCaptureFixture
    ) -> None:
        await expired(branches, "wxpay_h5", "alipay_wap")
        Branch.closes["wxpay_h5"] = InvalidArgument("it has no close: leave it")
        await branches.pay.run_jobs("expire")
        assert (await branches.now()).status == 0
        assert "it has no close" in caplog.text
        branches.say("wxpay_h5")
        branches.clock.ms += MINUTE_MS
        await branches.pay.run_jobs("expire")
        assert (await branches.now()).status == 1

    async def test_another_time_that_was_set_meanwhile_counts(
        self, branches: Branches, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await expired(branches, "wxpay_h5")
        mark = branches.pay.orders.mark_closed

        async def late(*args: Any, **more: Any) -> Any:
            await branches.begin("alipay_wap", time_expire=branches.clock.ms + DAY_MS)
            return await mark(*args, **more)

        with monkeypatch.context() as patch:
            patch.setattr(branches.pay.orders, "mark_closed", late)
            await branches.pay.run_jobs("expire")
        branches.say("alipay_wap", NOTPAY)
        branches.clock.ms += DAY_MS - 1
        assert (await branches.pay.run_jobs("expire")).expire == 0
        branches.clock.ms += 1
        assert (await branches.pay.run_jobs("expire")).expire == 1
        assert (await branches.now()).status == -1
