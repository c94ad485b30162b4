"""Refunds and transfers are asked after until they are settled; their handlers are told once."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import msgspec
import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, not_found, open_shop
from vkpay_async import InvalidArgument, OutcomeUnknown, TransportError, TransportOutcomeUnknown
from vkpay_async.models import FinishedTransfer, RefundState, TransferState
from vkpay_async.order import RefundedOrder

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
NUMBER = "order_0001"


def listen(shop: Shop) -> list[str]:
    told: list[str] = []

    @shop.pay.on_refunded("goods")
    async def refunded(order: RefundedOrder) -> None:
        told.append(f"{order.refund.out_refund_no} {order.refund.state}")

    @shop.pay.on_transferred
    async def transferred(transfer: FinishedTransfer) -> None:
        told.append(f"{transfer.out_bill_no} {transfer.state}")

    return told


def refund_became(shop: Shop, state: RefundState, **more: object) -> None:
    refund = shop.bank.refunds[f"{NUMBER}-1"]
    shop.bank.refunds[f"{NUMBER}-1"] = msgspec.structs.replace(refund, state=state, **more)


async def transferred(shop: Shop) -> None:
    shop.bank.transfer_state = TransferState.WAIT_USER_CONFIRM
    await shop.pay.transfer(provider="wxpay", out_bill_no="B1", transfer_amount=100, openid="payee")


async def minutes_asked(shop: Shop, job: str, minutes: int) -> list[int]:
    asked = []
    for minute in range(minutes):
        if getattr(await shop.pay.run_jobs(job), job):
            asked.append(minute)
        shop.clock.ms += MINUTE_MS
    return asked


async def test_a_refund_that_settles_is_told_once(shop: Shop) -> None:
    told = listen(shop)
    await shop.paid()
    await shop.pay.refund(out_trade_no=NUMBER, refund_fee=5000)
    assert await minutes_asked(shop, "refunds", 6) == [1, 2, 4]
    assert told == []

    refund_became(shop, RefundState.SUCCESS)
    assert await minutes_asked(shop, "refunds", 60) == [2]
    assert told == ["order_0001-1 SUCCESS"]
    await shop.pay.query_refund(out_trade_no=NUMBER)
    await shop.pay.idle()
    assert len(told) == 1
    order = await shop.pay.orders.require(NUMBER)
    assert (order.status, order.refund_fee) == (2, 5000)


async def test_a_refund_that_failed_gives_its_amount_back(shop: Shop) -> None:
    told = listen(shop)
    await shop.paid()
    await shop.pay.refund(out_trade_no=NUMBER)
    refund_became(shop, RefundState.CLOSED)
    shop.clock.ms += MINUTE_MS
    await shop.pay.run_jobs("refunds")
    assert told == ["order_0001-1 CLOSED"]
    assert (await shop.pay.orders.require(NUMBER)).refundable == 19900


async def test_a_refund_that_the_provider_does_not_know_stays_reserved(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it was carried out is not certain: given back, it might be made twice."""
    told = listen(shop)
    await shop.paid()
    shop.bank.fail("refund", TransportOutcomeUnknown("no answer in time"))
    with pytest.raises(OutcomeUnknown):
        await shop.pay.refund(out_trade_no=NUMBER)
    shop.clock.ms += MINUTE_MS
    await shop.pay.run_jobs("refunds")
    assert "ask for it again with the same out_refund_no, never with a new one" in caplog.text
    with pytest.raises(InvalidArgument, match="unknown"):
        await shop.pay.refund(out_trade_no=NUMBER)

    shop.bank.refund_state = RefundState.SUCCESS
    await shop.pay.refund(out_trade_no=NUMBER, out_refund_no=f"{NUMBER}-1")
    await shop.pay.idle()
    assert told == ["order_0001-1 SUCCESS"]
    assert shop.bank.count()["refund"] == 2


async def test_a_refund_of_another_order_is_kept_for_a_person(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    await shop.paid()
    await shop.pay.refund(out_trade_no=NUMBER)
    refund_became(shop, RefundState.SUCCESS, out_trade_no="order_0002")
    assert await minutes_asked(shop, "refunds", 60) == [1]
    assert "not asked after again" in caplog.text
    assert [event.state for event in await shop.pay.orders.events(NUMBER)][1:] == ["unmatched"]


async def test_a_refund_is_not_asked_after_for_ever(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    await shop.paid()
    await shop.pay.refund(out_trade_no=NUMBER)
    shop.clock.ms += 30 * DAY_MS
    assert await minutes_asked(shop, "refunds", 2) == [0]
    shop.clock.ms += DAY_MS
    assert await minutes_asked(shop, "refunds", 1) == []
    assert "look it up in the provider's console" in caplog.text


async def test_a_transfer_that_settles_is_told_once(shop: Shop) -> None:
    told = listen(shop)
    await transferred(shop)
    assert await minutes_asked(shop, "transfers", 10) == [1, 2, 4, 8]

    shop.bank.transfer_state = TransferState.SUCCESS
    assert await minutes_asked(shop, "transfers", 60) == [6]
    assert told == ["B1 SUCCESS"]
    await shop.notify_transfer(mch_id="1900000001")
    await shop.pay.idle()
    assert len(told) == 1
    record = await shop.pay.orders.get_transfer("B1")
    assert record is not None
    assert (record.state, record.user_order_success) == ("SUCCESS", True)


async def test_a_transfer_is_asked_after_four_times_a_day_in_the_end(shop: Shop) -> None:
    await transferred(shop)
    asked = await minutes_asked(shop, "transfers", 3 * 24 * 60)
    assert asked[:9] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert {later - before for before, later in pairwise(asked[9:])} == {360}


async def test_a_transfer_that_nobody_knows_is_neither_refused_nor_sent_again(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    await transferred(shop)
    shop.bank.fail("query_transfer", not_found("NOT_FOUND"))
    shop.clock.ms += MINUTE_MS
    await shop.pay.run_jobs("transfers")
    assert "never with a new one" in caplog.text
    record = await shop.pay.orders.get_transfer("B1")
    assert record is not None
    assert record.state == "WAIT_USER_CONFIRM"
    assert shop.bank.count()["transfer"] == 1


async def test_a_provider_that_is_down_is_asked_again_when_it_is_back(shop: Shop) -> None:
    told = listen(shop)
    await transferred(shop)
    shop.bank.transfer_state = TransferState.SUCCESS
    shop.bank.fail("query_transfer", TransportError("no route: try again"))
    assert await minutes_asked(shop, "transfers", 10) == [1, 2]
    assert told == ["B1 SUCCESS"]


async def test_two_processes_ask_once_and_tell_once(bank: Bank, clock: Clock, database_url: str) -> None:
    shops = [open_shop(bank, clock, database_url) for _ in range(2)]
    told = [listen(shop) for shop in shops]
    async with shops[0].pay, shops[1].pay:
        await shops[0].paid()
        await shops[0].pay.refund(out_trade_no=NUMBER)
        await transferred(shops[0])
        for state in (RefundState.PROCESSING, RefundState.SUCCESS):
            refund_became(shops[0], state)
            if state is RefundState.SUCCESS:
                bank.transfer_state = TransferState.SUCCESS
            clock.ms += MINUTE_MS
            counts = await asyncio.gather(*(shop.pay.run_jobs("refunds", "transfers") for shop in shops))
            assert sum(count.refunds + count.transfers for count in counts) == 2
        clock.ms += DAY_MS
        assert (await shops[0].pay.run_jobs("refunds", "transfers")).refunds == 0
    assert sorted(told[0] + told[1]) == ["B1 SUCCESS", "order_0001-1 SUCCESS"]
