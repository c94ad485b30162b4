"""query_payment and close_payment."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, hasten, not_found, open_shop
from tests.vkpay_async.notify.handling import Gate, fail_with
from vkpay_async import (
    InvalidArgument,
    NotificationMismatch,
    OrderConflict,
    OrderNotFound,
    PaidOrder,
    PaymentStatus,
    ProviderError,
    TradeState,
)
from vkpay_async.models import JsonObject
from vkpay_async.notify import receiver
from vkpay_async.service import payments


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


async def query(shop: Shop, **more: Any) -> PaymentStatus:
    return await shop.pay.query_payment(**{"out_trade_no": "order_0001", **more})


UNPAID = [
    (TradeState.NOTPAY, "订单未支付", "订单未支付"),
    (TradeState.USERPAYING, "", "未支付或已退款"),
    (TradeState.CLOSED, "订单已关闭", "订单已关闭"),
    (TradeState.REVOKED, "", "未支付或已退款"),
    (TradeState.PAYERROR, "支付失败", "支付失败"),
    (TradeState.REFUND, "订单发生过退款，退款详情请查询退款单", "订单已退款"),
    (TradeState.UNKNOWN, "something new", "something new"),
]


@pytest.mark.parametrize("await_notify", [False, True])
@pytest.mark.parametrize(("state", "description", "msg"), UNPAID)
async def test_not_paid(
    shop: Shop, state: TradeState, description: str, msg: str, await_notify: bool
) -> None:
    await shop.order()
    shop.paid_at_bank(state=state, description=description, transaction_id=None)
    status = await query(shop, await_notify=await_notify)
    client = status.to_client()
    assert client.pop("transaction_id") is None
    assert client == {
        "code": -1,
        "msg": msg,
        "orderPaid": False,
        "out_trade_no": "order_0001",
        "status": 0,
        "trade_state": state.value,
    }


async def test_paid_and_handled(shop: Shop) -> None:
    shop.listen()
    await shop.paid()
    shop.paid_at_bank()
    assert (await query(shop)).to_client() == {
        "code": 0,
        "msg": "ok",
        "orderPaid": True,
        "out_trade_no": "order_0001",
        "transaction_id": "4200-order_0001",
        "status": 1,
        "trade_state": "SUCCESS",
        "user_order_success": True,
    }


async def test_paid_and_the_handler_said_no(shop: Shop) -> None:
    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> bool:
        return False

    await shop.paid()
    shop.paid_at_bank()
    client = (await query(shop)).to_client()
    assert (client["orderPaid"], client["user_order_success"], client["status"]) == (True, False, 1)


async def test_paid_but_not_notified_of(shop: Shop) -> None:
    shop.listen()
    await shop.order()
    shop.paid_at_bank(state=TradeState.FINISHED)
    client = (await query(shop)).to_client()
    assert (client["orderPaid"], client["status"], "user_order_success" in client) == (True, 0, False)
    assert client["transaction_id"] == "4200-order_0001"
    assert shop.runs == []


async def test_paid_and_still_running(shop: Shop) -> None:
    await shop.paid()
    shop.paid_at_bank()
    client = (await query(shop)).to_client()
    assert (client["orderPaid"], client["status"], "user_order_success" in client) == (True, 1, False)


async def test_the_row_is_given_when_it_is_asked_for(shop: Shop) -> None:
    await shop.order(app_auth_token="hush", custom={"goods_id": "g1"})
    shop.paid_at_bank()
    client = (await query(shop, pay_order_info=True)).to_client()
    assert client["payOrder"]["custom"] == {"goods_id": "g1"}
    assert client["payOrder"]["total_fee"] == 19900
    assert "hush" not in str(client)
    assert "transaction_id" not in client["payOrder"]
    assert "payOrder" not in (await query(shop)).to_client()


async def test_an_order_can_be_named_by_the_providers_number(shop: Shop) -> None:
    await shop.paid()
    shop.paid_at_bank()
    status = await shop.pay.query_payment(transaction_id="4200-order_0001")
    assert status.out_trade_no == "order_0001"
    assert shop.bank.last("query").transaction_id == "4200-order_0001"


async def test_an_order_the_provider_does_not_know_yet_is_unpaid(shop: Shop) -> None:
    await shop.order()
    status = await query(shop)
    assert (status.order_paid, status.trade_state, status.status) == (False, TradeState.NOTPAY, 0)
    await shop.pay.close_payment(out_trade_no="order_0001")
    status = await query(shop)
    assert (status.trade_state, status.status, status.msg) == (TradeState.CLOSED, -1, "未支付")


async def test_a_paid_order_the_provider_does_not_know_is_an_error(shop: Shop) -> None:
    await shop.paid()
    with pytest.raises(ProviderError, match="ORDER_NOT_EXIST"):
        await query(shop)


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        ({"out_trade_no": "order_0002"}, 2001, OrderNotFound),
        ({"out_trade_no": None, "transaction_id": "none"}, 2001, OrderNotFound),
        ({"out_trade_no": ""}, 1001, InvalidArgument),
        ({"out_trade_no": None}, 1001, InvalidArgument),
        ({"provider": "alipay"}, -1, InvalidArgument),
        ({"await_max_time": 4}, -1, InvalidArgument),
        ({"await_max_time": 41}, -1, InvalidArgument),
    ],
)
async def test_what_cannot_be_asked(
    shop: Shop, arguments: dict[str, Any], code: int, error: type[Exception]
) -> None:
    await shop.order()
    with pytest.raises(error) as caught:
        await query(shop, **arguments)
    assert caught.value.code == code  # type: ignore[attr-defined]
    assert "query" not in shop.bank.count()


async def test_a_provider_that_fits_may_be_given(shop: Shop) -> None:
    await shop.order()
    assert (await query(shop, provider="wxpay")).status == 0


class TestWaiting:
    async def test_a_lost_notification_does_not_lose_the_order(self, shop: Shop) -> None:
        shop.listen()
        await shop.order()
        shop.paid_at_bank(openid="payer")
        status = await query(shop, await_notify=True)
        assert (status.order_paid, status.status, status.user_order_success) == (True, 1, True)
        row = await shop.pay.orders.require("order_0001")
        assert (row.notify_mode, row.openid, row.transaction_id) == (0, "payer", "4200-order_0001")
        assert (await shop.notify()).first is False
        assert len(shop.runs) == 1

    async def test_a_notification_that_comes_ends_it(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(payments, "NOTIFY_GRACE_S", 60)
        shop.listen()
        await shop.order()
        shop.paid_at_bank()
        waiting_for = shop.pay._pipeline.waiting
        wait, seen, all_wait = waiting_for.wait, [], asyncio.Event()

        async def watched(out_trade_no: str, seconds: float) -> None:
            seen.append(seconds)
            if len(seen) == 3:
                all_wait.set()
            await wait(out_trade_no, seconds)

        monkeypatch.setattr(waiting_for, "wait", watched)
        waiting = [asyncio.create_task(query(shop, await_notify=True)) for _ in range(3)]
        await asyncio.wait_for(all_wait.wait(), 5)
        assert seen == [60, 60, 60]
        assert (await shop.notify()).first
        statuses = await asyncio.wait_for(asyncio.gather(*waiting), 5)
        assert {status.user_order_success for status in statuses} == {True}
        assert (await shop.pay.orders.require("order_0001")).notify_mode == 1
        assert len(shop.runs) == 1
        assert waiting_for._events == {}

    async def test_queries_and_notifications_at_once_run_the_handler_once(self, shop_on_disk: Shop) -> None:
        shop = shop_on_disk
        shop.listen()
        await shop.order()
        shop.paid_at_bank()
        await asyncio.gather(
            *(query(shop, await_notify=True) for _ in range(10)), *(shop.notify() for _ in range(10))
        )
        assert len(shop.runs) == 1

    async def test_it_gives_up_in_time(self, shop_on_disk: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        shop = shop_on_disk
        shop.listen()
        with monkeypatch.context() as patch:
            patch.setattr(shop.pay._pipeline.runner, "start", lambda *_: None)
            await shop.paid()
        shop.paid_at_bank()
        timeout = asyncio.timeout
        monkeypatch.setattr(payments.asyncio, "timeout", lambda seconds: timeout(seconds / 100))
        status = await query(shop, await_notify=True, await_max_time=5)
        assert (status.order_paid, status.user_order_success) == (True, None)
        assert shop.runs == []
        assert shop.pay._pipeline.waiting._events == {}

    async def test_a_handler_that_failed_is_the_jobs_to_run_again(self, shop: Shop) -> None:
        fail_with(shop, RuntimeError("no stock"))
        await shop.order()
        shop.paid_at_bank()
        for _ in range(2):
            assert (await query(shop, await_notify=True)).user_order_success is False
        assert len(shop.runs) == 1
        assert await shop.redeliver(15_000) == 1
        assert (await query(shop, await_notify=True)).user_order_success is True

    async def test_where_providers_wait_for_the_handler_a_query_runs_it_again(self, patient: Shop) -> None:
        fail_with(patient, RuntimeError("no stock"))
        await patient.order()
        patient.paid_at_bank()
        assert (await query(patient, await_notify=True)).user_order_success is False
        assert (await query(patient, await_notify=True)).user_order_success is True

    async def test_a_slow_handler_is_waited_for(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(receiver, "HANDLER_GRACE_S", 0.001)
        gate = Gate(shop)
        await shop.paid()
        shop.paid_at_bank()
        asked = asyncio.create_task(query(shop, await_notify=True))
        await asyncio.wait([asked], timeout=0.05)
        assert not asked.done()
        gate.go_on.set()
        assert (await asyncio.wait_for(asked, 5)).user_order_success is True

    async def test_one_that_runs_in_another_process_too(
        self, bank: Bank, clock: Clock, database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(receiver, "HANDLER_GRACE_S", 0.001)
        shop, other = open_shop(bank, clock, database), open_shop(bank, clock, database)
        gate = Gate(shop)
        other.listen()
        async with shop.pay, other.pay:
            await shop.paid()
            shop.paid_at_bank()
            asked = asyncio.create_task(query(other, await_notify=True))
            await asyncio.wait([asked], timeout=0.05)
            assert not asked.done()
            gate.go_on.set()
            assert (await asyncio.wait_for(asked, 5)).user_order_success is True
        assert other.runs == []

    async def test_a_handler_that_was_not_there_when_the_notification_came(self, shop: Shop) -> None:
        await shop.paid()
        shop.listen()
        shop.paid_at_bank()
        assert (await query(shop, await_notify=True)).user_order_success is True
        assert len(shop.runs) == 1

    async def test_without_a_handler_there_is_nothing_to_wait_for(self, shop: Shop) -> None:
        await shop.order()
        shop.paid_at_bank()
        status = await query(shop, await_notify=True)
        assert (status.status, status.user_order_success) == (1, None)

    async def test_an_answer_that_does_not_fit_is_not_believed(self, shop: Shop) -> None:
        await shop.order()
        shop.paid_at_bank(total_fee=1)
        with pytest.raises(NotificationMismatch, match="amount 1 fen"):
            await query(shop, await_notify=True)
        assert (await shop.pay.orders.require("order_0001")).status == 0
        assert shop.pay._pipeline.waiting._events == {}


class TestClosing:
    async def test_an_unpaid_order(self, shop: Shop, clock: Clock) -> None:
        await shop.order()
        row = await shop.pay.close_payment(out_trade_no="order_0001")
        assert (row.status, row.cancel_date) == (-1, clock())
        assert shop.bank.last("close").out_trade_no == "order_0001"

    async def test_one_the_provider_does_not_know(self, shop: Shop) -> None:
        await shop.order()
        shop.bank.fail("close", not_found())
        assert (await shop.pay.close_payment(out_trade_no="order_0001")).status == -1

    async def test_one_the_provider_does_not_close(self, shop: Shop) -> None:
        await shop.order()
        shop.bank.fail("close", ProviderError(provider="wxpay", code="ORDER_PAID", message="paid"))
        with pytest.raises(ProviderError, match="ORDER_PAID"):
            await shop.pay.close_payment(out_trade_no="order_0001")
        assert (await shop.pay.orders.require("order_0001")).status == 0

    async def test_a_paid_one(self, shop: Shop) -> None:
        await shop.paid()
        with pytest.raises(OrderConflict, match="refund it instead"):
            await shop.pay.close_payment(out_trade_no="order_0001")
        assert "close" not in shop.bank.count()

    async def test_none(self, shop: Shop) -> None:
        with pytest.raises(OrderNotFound):
            await shop.pay.close_payment(out_trade_no="order_0001")


async def test_another_merchants_order_is_asked_for_there(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://")
    async with shop.pay:
        await shop.order(pid="shop7")
        shop.paid_at_bank(appid="wx7", mch_id="1900000007")
        assert (await query(shop, await_notify=True)).status == 1


async def test_what_a_provider_said_is_kept_as_it_came(shop: Shop) -> None:
    await shop.order()
    shop.paid_at_bank(raw=JsonObject(b'{"amount": {"total": 1.50}}'))
    await query(shop, await_notify=True)
    event = await shop.event()
    assert b'"raw":{"amount": {"total": 1.50}}' in event.happened
    assert (await shop.pay.orders.require("order_0001")).notify_info == {"amount": {"total": 1.5}}


async def test_what_cannot_be_kept_is_not_called_paid(shop: Shop) -> None:
    await shop.order()
    shop.paid_at_bank(raw={"x": object()})
    with pytest.raises(NotImplementedError, match="object is not kept"):
        await query(shop, await_notify=True)
    assert (await shop.pay.orders.require("order_0001")).status == 0
