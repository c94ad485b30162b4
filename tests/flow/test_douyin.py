"""Douyin's payments through both of its systems: the SDK with its receiver, and the simulator that pays it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.flow.conftest import Shop, open_shop
from vkpay_async import (
    InvalidArgument,
    NotificationMismatch,
    OrderStateConflict,
    OutcomeUnknown,
    ProviderEvent,
    RefundedOrder,
    RefundState,
    TradeState,
)
from vkpay_async.order_info import RequestOrderParams, TtPayParams
from vkpay_async.providers.douyin.results import Receiver, SettlementState
from vkpay_simulator.running import RunningSimulator

BEIJING = dt.timezone(dt.timedelta(hours=8))
PAY_TYPE = "douyin_mp-toutiao"
MERCHANTS = ["default", "certs"]
"""One under guaranteed payment, one in the trade system."""
ATTEMPTS = {"default": 16, "certs": 21}
LATEST = {"default": "24h4m", "certs": "30h"}


@pytest.fixture(params=MERCHANTS)
def pid(request: Any) -> str:
    return str(request.param)


class Phone:
    """A buyer's Douyin. ``refunded`` has what the handler of refunds was told."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.sim = shop.sim
        self.pay = shop.pay
        self.refunded: list[tuple[str, RefundState]] = []
        self.pay.on_refunded("goods")(self._refunded)

    async def order(self, number: str = "T1", pid: str = "default", **more: Any) -> Any:
        payment = await self.pay.create_payment(
            provider="douyin",
            platform="mp-toutiao",
            out_trade_no=number,
            total_fee=10_000,
            subject="Tea 500 g",
            type="goods",
            pid=pid,
            **more,
        )
        if isinstance(payment.order_info, RequestOrderParams):
            assert "orderId" in await self.control("request-order", payment.order_info.to_client())
        return payment.order_info

    async def paid(self, number: str = "T1", pid: str = "default", **more: Any) -> None:
        await self.order(number, pid, **more)
        await self.sim.pay(number)
        assert await self.shop.status(number) == 1

    async def control(self, name: str, body: dict[str, Any]) -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.sim.url}/_sim/douyin/{name}", json=body) as answer,
        ):
            return await answer.json()

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(self.sim.notify_url + path) as answer:
            return answer.status, await answer.text()

    def bound(self, pid: str = "default") -> Any:
        return self.pay.provider(PAY_TYPE, pid=pid)

    def deliveries(self, number: str, event: str) -> list[Any]:
        return [one for one in self.sim.deliveries() if (one.subject, one.event) == (number, event)]

    def told(self, event: str) -> Any:
        """The journal's last message of this kind."""
        entries = self.sim.journal(operation="douyin.notify")
        return next(one for one in reversed(entries) if f'"{event}"' in one.request_body)

    async def _refunded(self, order: RefundedOrder) -> None:
        self.refunded.append((order.refund.out_refund_no, order.refund.state))


@pytest.fixture
def phone(shop: Shop) -> Phone:
    return Phone(shop)


async def test_a_payment(phone: Phone, pid: str) -> None:
    info = await phone.order(pid=pid)
    assert isinstance(info, RequestOrderParams if pid == "certs" else TtPayParams)
    status = await phone.pay.query_payment(out_trade_no="T1")
    assert (status.order_paid, status.trade_state) == (False, TradeState.NOTPAY)
    await phone.sim.pay("T1", channel="douyin")
    order = await phone.pay.orders.require("T1")
    assert (order.status, order.user_order_success, order.notify_mode) == (1, True, 1)
    assert order.transaction_id == phone.sim.orders()[0].transaction_id
    assert order.provider_order_no == (None if pid == "certs" else order.transaction_id)
    assert phone.shop.shipped == ["T1"]
    (delivery,) = phone.deliveries("T1", "payment")
    assert delivery.state == "delivered"
    status = await phone.pay.query_payment(out_trade_no="T1")
    assert (status.order_paid, status.transaction_id) == (True, order.transaction_id)


async def test_the_mini_program_pays_by_itself(phone: Phone) -> None:
    info = await phone.order()
    assert (await phone.control("tt-pay", {"orderInfo": info.to_client(), "outcome": "cancel"}))["code"] == 4
    assert (await phone.control("tt-pay", info.to_client()))["code"] == 0
    status = await phone.pay.query_payment(out_trade_no="T1", await_notify=True)
    assert (status.order_paid, status.user_order_success) == (True, True)


async def test_asking_again_for_the_same_order_gives_the_same_pre_order(phone: Phone) -> None:
    assert await phone.order() == await phone.order()


async def test_fifty_copies_at_once(phone: Phone, pid: str) -> None:
    await phone.order(pid=pid)
    phone.sim.fault("duplicate_notify", copies=50, out_trade_no="T1")
    await phone.sim.pay("T1")
    attempts = phone.deliveries("T1", "payment")[0].attempts
    assert [attempt.accepted for attempt in attempts] == [True] * 50
    assert phone.shop.runs == 1


async def test_the_last_attempt_of_the_schedule_still_counts(phone: Phone, pid: str) -> None:
    await phone.order(pid=pid)
    phone.sim.fault("lose_notify", times=ATTEMPTS[pid] - 1)
    await phone.sim.pay("T1")
    assert await phone.shop.status("T1") == 0
    await phone.sim.advance(LATEST[pid])
    attempts = phone.deliveries("T1", "payment")[0].attempts
    assert (len(attempts), attempts[-1].accepted) == (ATTEMPTS[pid], True)
    assert phone.shop.shipped == ["T1"]


async def test_a_message_that_is_played_again_changes_nothing(phone: Phone, pid: str) -> None:
    await phone.paid(pid=pid)
    (delivery,) = phone.deliveries("T1", "payment")
    again = await phone.sim.resend(delivery.id)
    assert again.attempts[-1].accepted
    assert (phone.shop.runs, await phone.shop.status("T1")) == (1, 1)


async def test_a_forged_message_moves_nothing(phone: Phone, pid: str) -> None:
    await phone.order(pid=pid)
    phone.sim.fault("bad_signature", operation="douyin.notify")
    await phone.sim.pay("T1")
    (delivery,) = phone.deliveries("T1", "payment")
    assert (delivery.attempts[0].status, delivery.state) == (500, "pending")
    assert await phone.shop.status("T1") == 0
    await phone.sim.advance("15s")
    assert await phone.shop.status("T1") == 1


async def test_a_genuine_message_at_another_orders_address(phone: Phone) -> None:
    await phone.paid("T1")
    await phone.order("T2")
    entry = next(one for one in phone.sim.journal(operation="douyin.notify") if one.subject == "T1")
    result = await phone.pay.handle_notification(
        path=f"/vk-pay-notify/{PAY_TYPE}/T2", headers={}, body=entry.request_body.encode()
    )
    assert isinstance(result.error, NotificationMismatch)
    assert await phone.shop.status("T2") == 0


class TestConsoleAddress:
    async def test_an_order_is_found_by_what_is_told(self, phone: Phone) -> None:
        await phone.order(other={"notify_url": f"{phone.sim.notify_url}/vk-pay-notify/"})
        await phone.sim.pay("T1")
        assert phone.deliveries("T1", "payment")[0].url.endswith("/vk-pay-notify/")
        assert await phone.shop.status("T1") == 1

    async def test_a_refund_is_found_by_douyins_number(self, phone: Phone) -> None:
        """Its message has neither the order's number nor, at this address, a path that tells it."""
        await phone.paid()
        await phone.pay.refund(out_trade_no="T1")
        phone.sim.fault("lose_notify", times=1)
        await phone.sim.settle_refund("T1-1", "SUCCESS")
        assert phone.refunded == []
        await phone.pay.handle_notification(
            path="/vk-pay-notify/", headers={}, body=phone.told("refund").request_body.encode()
        )
        assert phone.refunded == [("T1-1", RefundState.SUCCESS)]

    @pytest.mark.parametrize(
        ("path", "pid"), [("/vk-pay-notify/", "default"), (f"/vk-pay-notify/{PAY_TYPE}/-/partner", "partner")]
    )
    async def test_it_is_checked_with_a_get(self, phone: Phone, path: str, pid: str) -> None:
        check = await phone.control("check-url", {"pid": pid})
        assert await phone.get(f"{path}?{check['query']}") == (200, check["echostr"])
        status, text = await phone.get(f"{path}?{check['query'].replace('timestamp=1', 'timestamp=2')}")
        assert status == 500
        assert check["echostr"] not in text

    async def test_others_are_not(self, phone: Phone) -> None:
        assert (await phone.get("/vk-pay-notify/wxpay_h5"))[0] == 405


class TestTimeout:
    async def test_nobody_is_told_of_guaranteed_payments(self, phone: Phone) -> None:
        await phone.order()
        await phone.sim.advance("48h")
        assert phone.sim.deliveries() == []
        assert (await phone.pay.query_payment(out_trade_no="T1")).trade_state is TradeState.CLOSED
        assert (await phone.pay.close_payment(out_trade_no="T1")).status == -1

    @pytest.mark.parametrize("how", ["time", "cancel"])
    async def test_the_trade_system_tells(self, phone: Phone, how: str) -> None:
        await phone.order(pid="certs")
        await (phone.sim.advance("48h") if how == "time" else phone.sim.cancel("T1"))
        assert phone.deliveries("T1", "payment")[0].state == "delivered"
        assert await phone.shop.status("T1") == -1
        assert phone.shop.runs == 0

    async def test_an_order_that_can_be_paid_is_not_closed(self, phone: Phone, pid: str) -> None:
        await phone.order(pid=pid)
        with pytest.raises(InvalidArgument, match="ends by itself"):
            await phone.pay.close_payment(out_trade_no="T1")
        assert await phone.shop.status("T1") == 0
        await phone.sim.pay("T1")
        assert await phone.shop.status("T1") == 1


class TestRefunds:
    async def test_in_parts(self, phone: Phone, pid: str) -> None:
        await phone.paid(pid=pid)
        assert (await phone.pay.refund(out_trade_no="T1", refund_fee=4000)).state is RefundState.PROCESSING
        assert (await phone.pay.refund(out_trade_no="T1")).refund_fee == 6000
        await phone.sim.advance("2s")
        order = await phone.pay.orders.require("T1")
        assert (order.status, order.refund_fee) == (3, 10_000)
        assert {entry.state for entry in order.refund_list} == {"SUCCESS"}
        assert sorted(phone.refunded) == [("T1-1", RefundState.SUCCESS), ("T1-2", RefundState.SUCCESS)]
        for number in ("T1-1", "T1-2"):
            found = await phone.pay.query_refund(out_trade_no="T1", out_refund_no=number)
            assert found.refund.state is RefundState.SUCCESS

    async def test_one_that_fails_later_gives_its_amount_back(self, phone: Phone, pid: str) -> None:
        await phone.paid(pid=pid)
        await phone.pay.refund(out_trade_no="T1")
        assert await phone.shop.status("T1") == 3
        await phone.sim.settle_refund("T1-1", "FAIL")
        order = await phone.pay.orders.require("T1")
        assert (order.status, order.refund_fee) == (1, 0)
        assert phone.refunded == [("T1-1", RefundState.CLOSED)]
        assert (await phone.pay.refund(out_trade_no="T1")).out_refund_no == "T1-2"

    async def test_an_answer_that_got_lost(self, phone: Phone, pid: str) -> None:
        """The refund was made, and the repeat with its number makes no second one."""
        await phone.paid(pid=pid)
        await phone.bound(pid).account_balance()  # the client token is there
        name = "douyin.create_refund" if pid == "default" else "douyin.refund_create"
        phone.sim.fault("drop", after=True, operation=name)
        with pytest.raises(OutcomeUnknown):
            await phone.pay.refund(out_trade_no="T1")
        again = await phone.pay.refund(out_trade_no="T1", out_refund_no="T1-1")
        assert again.refund_fee == 10_000
        await phone.sim.advance("2s")
        order = await phone.pay.orders.require("T1")
        assert (order.status, order.refund_fee, len(order.refund_list)) == (3, 10_000, 1)
        assert phone.sim.orders()[0].refunded_fee == 10_000

    async def test_after_settlement(self, vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
        config = vkpay_sim.config
        config["merchants"]["default"]["douyin"]["mp-toutiao"]["refundAfterSettlement"] = True
        opened, runner = await open_shop(vkpay_sim, tmp_path / "orders.db", merchants=config["merchants"])
        phone = Phone(opened)
        await phone.paid()
        await phone.sim.advance("168h")
        await phone.bound().settle(out_settle_no="S1", out_trade_no="T1")
        await phone.sim.advance("1s")
        await phone.pay.refund(out_trade_no="T1")
        await phone.sim.advance("1s")
        assert phone.refunded == [("T1-1", RefundState.SUCCESS)]
        await runner.cleanup()


class TestSettlements:
    async def test_shares_and_the_rest(self, phone: Phone, pid: str) -> None:
        await phone.paid(pid=pid)
        bound = phone.bound(pid)
        before = await bound.account_balance("wx")
        assert before.online_amount == 10_000
        asked = {
            "out_trade_no": "T1",
            "receivers": [Receiver(merchant_uid="71", amount=3000)],
            "notify_url": f"{phone.sim.notify_url}/vk-pay-notify/{PAY_TYPE}/T1",
        }
        await phone.sim.advance("168h")
        if pid == "default":
            assert (await bound.unsettled_amount("T1")).amount == 9940
            asked["finish"] = True
        made = await bound.settle(out_settle_no="S1", **asked)
        assert made.state is SettlementState.PROCESSING
        await phone.sim.advance("1s")
        found = await bound.query_settle("S1")
        assert (found.state, found.settle_amount, found.rake) == (SettlementState.SUCCESS, 9940, 60)
        assert (await bound.account_balance("wx")).withdrawable_amount == (before.withdrawable_amount + 6940)
        (delivery,) = phone.deliveries("T1", "settle")
        assert delivery.state == "delivered"

    async def test_before_its_time(self, phone: Phone, pid: str) -> None:
        await phone.paid(pid=pid)
        with pytest.raises(Exception, match="结算周期|not finish"):
            await phone.bound(pid).settle(out_settle_no="S1", out_trade_no="T1")

    async def test_it_is_told_once(self, phone: Phone, pid: str) -> None:
        news: list[ProviderEvent] = []

        @phone.pay.on_event("douyin")
        async def told(event: ProviderEvent) -> None:
            news.append(event)

        await phone.paid(pid=pid)
        await phone.sim.advance("168h")
        bound = phone.bound(pid)
        url = f"{phone.sim.notify_url}/vk-pay-notify/{PAY_TYPE}/T1"
        await bound.settle(out_settle_no="S1", out_trade_no="T1", notify_url=url)
        await phone.sim.advance("1s")
        await phone.sim.resend(phone.deliveries("T1", "settle")[0].id)
        await phone.pay.idle()
        (event,) = news
        assert (event.event, event.pid) == ("settle", pid)
        settlement = bound.settlement_of(event)
        assert (settlement.out_settle_no, settlement.state) == ("S1", SettlementState.SUCCESS)


class TestTradeSystem:
    async def test_a_token_that_is_no_longer_good_is_replaced(self, phone: Phone) -> None:
        await phone.order(pid="certs")
        await phone.pay.query_payment(out_trade_no="T1")
        await phone.control("account", {"pid": "certs", "expire_tokens": True})
        assert (await phone.pay.query_payment(out_trade_no="T1")).trade_state is TradeState.NOTPAY
        asked = [one.operation for one in phone.sim.journal() if one.operation == "douyin.client_token"]
        assert len(asked) == 2

    async def test_many_calls_ask_for_one_token(self, phone: Phone) -> None:
        await phone.order(pid="certs")
        await asyncio.gather(*(phone.pay.query_payment(out_trade_no="T1") for _ in range(10)))
        asked = [one for one in phone.sim.journal() if one.operation == "douyin.client_token"]
        assert len(asked) == 1

    async def test_before_the_mini_program_has_asked(self, phone: Phone) -> None:
        await phone.pay.create_payment(
            provider="douyin",
            platform="mp-toutiao",
            out_trade_no="T1",
            total_fee=10_000,
            subject="Tea",
            type="goods",
            pid="certs",
        )
        status = await phone.pay.query_payment(out_trade_no="T1")
        assert (status.order_paid, status.trade_state) == (False, TradeState.NOTPAY)

    async def test_a_user_asks_for_a_refund(self, phone: Phone) -> None:
        await phone.paid(pid="certs")
        asked = await phone.control("user-refund", {"out_trade_no": "T1"})
        await phone.sim.advance("1s")
        assert phone.deliveries("T1", "pre_create_refund")[0].state == "delivered"
        data = {"refund_id": asked["refund_id"], "refund_audit_status": 2, "deny_message": "sent already"}
        action = "api/trade_basic/v1/developer/refund_audit_callback/"
        assert (await phone.bound("certs").request(action, data))["err_no"] == 0

    async def test_new_keys(self, vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
        async with aiohttp.ClientSession() as session:
            body = {"pid": "certs", "renew_keys": True}
            async with session.post(f"{vkpay_sim.url}/_sim/douyin/account", json=body) as answer:
                assert answer.status == 200
        opened, runner = await open_shop(vkpay_sim, tmp_path / "orders.db")
        await Phone(opened).paid(pid="certs")
        await runner.cleanup()


class TestGoingOver:
    """A mini program moves from guaranteed payment to the trade system."""

    @pytest.fixture
    async def before(self, vkpay_sim: RunningSimulator, tmp_path: Path) -> AsyncIterator[Phone]:
        merchants = _with_generation(vkpay_sim, "ecpay")
        opened, runner = await open_shop(vkpay_sim, tmp_path / "orders.db", merchants=merchants)
        yield Phone(opened)
        await runner.cleanup()

    async def test_older_orders_stay_good(self, before: Phone, tmp_path: Path) -> None:
        await before.paid("T1", "certs")
        waiting = await before.order("T2", "certs")
        assert isinstance(waiting, TtPayParams)
        opened, runner = await open_shop(before.sim, tmp_path / "orders.db")
        after = Phone(opened)
        assert isinstance(await after.order("T3", "certs"), RequestOrderParams)
        await after.pay.refund(out_trade_no="T1")
        await after.sim.advance("1s")
        assert (await after.pay.query_refund(out_trade_no="T1")).refund.state is RefundState.SUCCESS
        assert (await after.control("tt-pay", waiting.to_client()))["code"] == 0
        for number in ("T2", "T3"):
            if number == "T3":
                await after.sim.pay(number)
            status = await after.pay.query_payment(out_trade_no=number, await_notify=True)
            assert (status.order_paid, status.user_order_success) == (True, True)
        await runner.cleanup()

    async def test_an_order_that_is_asked_for_again(self, before: Phone, tmp_path: Path) -> None:
        await before.order("T1", "certs")
        opened, runner = await open_shop(before.sim, tmp_path / "orders.db")
        after = Phone(opened)
        await after.order("T1", "certs")
        made_again = next(one for one in after.sim.orders() if one.product == "requestOrder")
        paid = await after.control("get-order-payment", {"orderId": made_again.transaction_id})
        assert paid == {"errMsg": "getOrderPayment:ok"}
        status = await after.pay.query_payment(out_trade_no="T1", await_notify=True)
        assert (status.order_paid, status.transaction_id) == (True, made_again.transaction_id)
        await runner.cleanup()


def _with_generation(sim: RunningSimulator, generation: str) -> dict[str, Any]:
    merchants: dict[str, Any] = sim.config["merchants"]
    merchants["certs"]["douyin"]["mp-toutiao"]["generation"] = generation
    return merchants


async def test_a_token_that_was_changed_in_the_console(vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
    """What was paid before is told with the old one."""
    opened, runner = await open_shop(vkpay_sim, tmp_path / "orders.db")
    phone = Phone(opened)
    node = vkpay_sim.config["merchants"]["default"]["douyin"]["mp-toutiao"]
    await phone.paid()
    await phone.pay.refund(out_trade_no="T1", refund_fee=1)
    await runner.cleanup()
    await phone.control("account", {"pid": "default", "renew_token": True})
    merchants = vkpay_sim.config["merchants"]
    merchants["default"]["douyin"]["mp-toutiao"]["formerTokens"] = [node["token"]]
    opened, runner = await open_shop(vkpay_sim, tmp_path / "orders.db", merchants=merchants)
    after = Phone(opened)
    await vkpay_sim.settle_refund("T1-1", "SUCCESS")
    result = await after.pay.handle_notification(
        path="/vk-pay-notify/", headers={}, body=after.told("refund").request_body.encode()
    )
    assert result.error is None
    assert after.refunded == [("T1-1", RefundState.SUCCESS)]
    await after.paid("T2")
    await runner.cleanup()


async def test_the_bill_agrees_with_the_ledger(phone: Phone, pid: str) -> None:
    now = dt.datetime.fromtimestamp(phone.sim.world.clock.now() / 1000, BEIJING)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
    await phone.sim.advance(f"{int((midnight - now).total_seconds()) + 1}s")
    day = midnight.date()
    for number in ("T1", "T2"):
        await phone.paid(number, pid)
    await phone.pay.refund(out_trade_no="T2", refund_fee=4000)
    await phone.sim.advance("34h")
    rows = await phone.bound(pid).trade_bill(day)
    assert sorted((row.kind, row.out_trade_no, row.amount) for row in rows) == [
        ("payment", "T1", 10_000),
        ("payment", "T2", 10_000),
        ("refund", "T2", 4000),
    ]
    (book,) = await phone.pay.reconcile(day, pid=pid, provider="douyin")
    assert not book.differences
    assert (await phone.bound(pid).bill_lines("settle", day)) == ()


async def test_a_service_provider(phone: Phone) -> None:
    await phone.paid(pid="partner")
    entry = phone.sim.journal(operation="douyin.create_order")[-1]
    assert '"thirdparty_id":"tt' in entry.request_body


async def test_no_secret_is_written_down(phone: Phone, caplog: pytest.LogCaptureFixture) -> None:
    await phone.paid("T1")
    await phone.paid("T2", "certs")
    rows = [phone.sim.merchant(pid)["douyin"]["mp-toutiao"] for pid in MERCHANTS]
    text = f"{phone.sim.journal(limit=1000)} {caplog.text} {phone.pay.config!r}"
    for row in rows:
        for name in ("salt", "token", "secret"):
            assert row[name] not in text


async def test_a_duplicate_settlement_of_the_trade_system(phone: Phone) -> None:
    await phone.paid(pid="certs")
    await phone.sim.advance("168h")
    bound = phone.bound("certs")
    first = await bound.settle(out_settle_no="S1", out_trade_no="T1")
    again = await bound.settle(out_settle_no="S1", out_trade_no="T1")
    assert again.settle_id == first.settle_id
    with pytest.raises(OrderStateConflict):
        await bound.settle(out_settle_no="S2", out_trade_no="T1")
