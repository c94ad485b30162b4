"""An order that was begun in one way and then in another: it may be paid, and is asked after and closed, in each."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.vkpay_async.branches import NUMBER, Branch, Branches
from tests.vkpay_async.fake import hasten, not_found, settings
from vkpay_async import (
    InvalidArgument,
    NotificationMismatch,
    OrderConflict,
    OrderStateConflict,
    TradeState,
    TransportError,
    VKPay,
    config_from_dict,
)
from vkpay_async.service.results import PaymentStatus

NOTPAY, CLOSED = TradeState.NOTPAY, TradeState.CLOSED


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


async def query(shop: Branches, **more: Any) -> PaymentStatus:
    return await shop.pay.query_payment(out_trade_no=NUMBER, **more)


def conflict() -> OrderStateConflict:
    return OrderStateConflict(provider="fake", code="STATUS", message="not so", http_status=400)


class TestAsking:
    async def test_a_payment_in_the_first_way_pays_the_order(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5")
        branches.say("alipay_wap", NOTPAY)
        status = await query(branches, await_notify=True)
        assert (status.order_paid, status.status, status.transaction_id) == (True, 1, "tx-wxpay")
        order = await branches.now()
        assert (order.pay_type, order.mch_id, order.provider_appid) == ("wxpay_h5", "1900000001", "wx1")
        assert order.notify_path == f"/vk-pay-notify/wxpay_h5/{NUMBER}"
        assert [run.pay_type for run in branches.runs] == ["wxpay_h5"]

    async def test_a_plain_query_tells_of_it_and_changes_nothing(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5")
        before = await branches.now()
        status = await query(branches)
        assert (status.order_paid, status.status) == (True, 0)
        assert await branches.now() == before

    @pytest.mark.parametrize("state", [NOTPAY, TradeState.SUCCESS])
    async def test_an_order_with_one_way_is_asked_after_once(
        self, branches: Branches, state: TradeState
    ) -> None:
        await branches.begin("wxpay_h5", "wxpay_h5")
        branches.say("wxpay_h5", state)
        await query(branches, await_notify=True)
        assert branches.asked("query") == ["wxpay_h5"]

    async def test_one_that_the_latest_way_has_paid_is_asked_for_there_alone(
        self, branches: Branches
    ) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("alipay_wap")
        await query(branches, await_notify=True)
        await query(branches)
        assert branches.asked("query") == ["alipay_wap", "alipay_wap"]

    async def test_one_that_was_paid_is_asked_for_where_it_was_paid(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5")
        (await branches.notify(NUMBER, transaction_id="tx-wxpay")).raise_for_error()
        assert (await query(branches)).order_paid
        assert branches.asked("query") == ["wxpay_h5"]

    async def test_unpaid_in_every_way_it_stands_as_the_latest_does(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5", CLOSED)
        branches.say("alipay_wap", TradeState.USERPAYING)
        status = await query(branches, await_notify=True)
        assert (status.order_paid, status.trade_state) == (False, TradeState.USERPAYING)
        assert branches.asked("query") == ["alipay_wap", "wxpay_h5"]

    @pytest.mark.parametrize("silent", ["wxpay_h5", "alipay_wap"])
    async def test_while_one_way_is_not_known_nobody_says_unpaid(
        self, branches: Branches, silent: str
    ) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        Branch.says[silent] = TransportError("no answer: try again")
        with pytest.raises(TransportError):
            await query(branches)

    async def test_a_payment_is_told_although_the_latest_way_is_not_known(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5")
        Branch.says["alipay_wap"] = TransportError("no answer: try again")
        assert (await query(branches, await_notify=True)).status == 1

    async def test_of_another_amount_it_pays_nothing(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        branches.say("wxpay_h5", total_fee=1)
        with pytest.raises(NotificationMismatch, match="amount 1 fen"):
            await query(branches, await_notify=True)
        assert (await branches.now()).status == 0

    async def test_either_provider_may_be_named_until_one_was_paid(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        for provider in ("wxpay", "alipay"):
            assert (await query(branches, provider=provider)).status == 0
        branches.say("wxpay_h5")
        await query(branches, await_notify=True)
        with pytest.raises(InvalidArgument, match="is paid through wxpay_h5, not alipay"):
            await branches.pay.refund(out_trade_no=NUMBER, provider="alipay")

    async def test_an_order_that_another_app_of_the_merchant_began_is_that_apps(
        self, branches: Branches
    ) -> None:
        """WeChat Pay knows one order of a number for a merchant, and answers with it whichever app asks."""
        own = settings()
        own["wxpay"]["mweb"] = {"appId": "wx2", "mchId": "1900000001"}
        shop = Branches(
            VKPay(
                config_from_dict(own),
                database="sqlite://",
                env=branches.pay.context.env,
                transport=branches.pay.context.transport,
            ),
            branches.bank,
            branches.clock,
        )
        async with shop.pay:
            await shop.begin("wxpay_h5", "wxpay_mweb")
            shop.say("wxpay_h5", appid="wx1")
            shop.say("wxpay_mweb", appid="wx1")
            assert (await query(shop, await_notify=True)).order_paid
            order = await shop.now()
        assert (order.pay_type, order.provider_appid, order.status) == ("wxpay_h5", "wx1", 1)


class TestClosing:
    async def test_every_way_is_closed(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap", "alipay_h5")
        closed = await branches.pay.close_payment(out_trade_no=NUMBER)
        assert closed.status == -1
        assert branches.asked("close") == ["alipay_h5", "alipay_wap", "wxpay_h5"]

    @pytest.mark.parametrize("silent", ["wxpay_h5", "alipay_wap"])
    async def test_one_that_is_not_known_to_be_closed_leaves_it_open(
        self, branches: Branches, silent: str
    ) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        Branch.closes[silent] = TransportError("no answer: try again")
        with pytest.raises(TransportError):
            await branches.pay.close_payment(out_trade_no=NUMBER)
        assert (await branches.now()).status == 0
        del Branch.closes[silent]
        assert (await branches.pay.close_payment(out_trade_no=NUMBER)).status == -1

    async def test_what_a_provider_does_not_know_is_closed_here(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        Branch.closes["wxpay_h5"] = not_found()
        assert (await branches.pay.close_payment(out_trade_no=NUMBER)).status == -1

    async def test_two_ways_of_one_order_there_are_closed_once(self, branches: Branches) -> None:
        await branches.begin("alipay_h5", "alipay_wap")
        Branch.closes["alipay_h5"] = conflict()
        branches.say("alipay_h5", CLOSED)
        assert (await branches.pay.close_payment(out_trade_no=NUMBER)).status == -1

    async def test_a_way_that_cannot_be_closed_since_it_is_paid_leaves_it_open(
        self, branches: Branches
    ) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        Branch.closes["wxpay_h5"] = conflict()
        branches.say("wxpay_h5")
        with pytest.raises(OrderStateConflict):
            await branches.pay.close_payment(out_trade_no=NUMBER)
        assert (await branches.now()).status == 0

    async def test_where_one_cannot_be_closed_at_all_none_is(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap")
        Branch.closes["wxpay_h5"] = InvalidArgument("it has no close: leave it")
        with pytest.raises(InvalidArgument, match="it has no close"):
            await branches.pay.close_payment(out_trade_no=NUMBER)
        assert branches.asked("close") == []
        assert (await branches.now()).status == 0

    async def test_begun_once_more_meanwhile_it_stays_open(
        self, branches: Branches, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await branches.begin("wxpay_h5")
        mark = branches.pay.orders.mark_closed

        async def late(*args: Any, **more: Any) -> Any:
            await branches.begin("alipay_wap")
            return await mark(*args, **more)

        monkeypatch.setattr(branches.pay.orders, "mark_closed", late)
        with pytest.raises(OrderConflict, match="begun once more while it was being closed; close it again"):
            await branches.pay.close_payment(out_trade_no=NUMBER)
        assert (await branches.now()).status == 0


class TestTheWayThatWasPaid:
    async def test_refunds_go_there_with_all_that_belongs_to_it(self, branches: Branches) -> None:
        await branches.begin("alipay_wap", app_auth_token="their token")
        await branches.begin("wxpay_h5", sub_mchid="1900000009", sub_appid="wx9")
        branches.say("alipay_wap", mch_id=None)
        await query(branches, await_notify=True)
        order = await branches.now()
        assert (order.app_auth_token, order.sub_mchid, order.sub_appid) == ("their token", None, None)
        await branches.pay.refund(out_trade_no=NUMBER, refund_fee=100)
        sent = branches.bank.last("refund")
        assert (sent.order.pay_type, sent.order.app_auth_token) == ("alipay_wap", "their token")
        assert (sent.order.sub_mchid, sent.order.transaction_id) == (None, "tx-alipay")
        assert sent.notify_url == f"https://shop.example/pay/vk-pay-notify/alipay_wap/{NUMBER}"

    async def test_no_front_end_and_no_log_sees_what_belongs_to_another(self, branches: Branches) -> None:
        await branches.begin("alipay_wap", app_auth_token="hush")
        await branches.begin("wxpay_h5")
        order = await branches.now()
        assert [way.app_auth_token for way in order.ways] == [None, "hush"]
        client = (await query(branches, pay_order_info=True)).to_client()
        assert client["payOrder"]["pay_type"] == "wxpay_h5"
        assert "hush" not in f"{client} {order} {order.ref()} {branches.runs}"

    async def test_going_back_and_forth_makes_two_ways(self, branches: Branches) -> None:
        await branches.begin("wxpay_h5", "alipay_wap", "wxpay_h5", "alipay_wap")
        assert [way.pay_type for way in (await branches.now()).ways] == ["alipay_wap", "wxpay_h5"]

    async def test_many_at_once_lose_none(self, branches: Branches) -> None:
        pay_types = ["wxpay_h5", "wxpay_mweb", "wxpay_app-plus", "alipay_h5", "alipay_wap", "alipay_page"]
        await asyncio.gather(*(branches.begin(pay_type) for pay_type in pay_types))
        assert sorted(way.pay_type for way in (await branches.now()).ways) == sorted(pay_types)

    async def test_more_than_can_be_kept_are_refused(self, branches: Branches) -> None:
        for n in range(20):
            await branches.begin("wxpay_h5", sub_mchid=f"19000000{n:02}")
        kept = await branches.now()
        with pytest.raises(OrderConflict, match="begun in 20 ways, each of which may still be paid"):
            await branches.begin("alipay_wap")
        assert await branches.now() == kept
        await branches.begin("wxpay_h5", sub_mchid="1900000000")
        assert len((await branches.now()).ways) == 20
