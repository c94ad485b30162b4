"""A transfer's end: kept, and told to the handler once, whoever heard of it first."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from tests.vkpay_async.notify.handling import accepted
from vkpay_async import FinishedTransfer, NotificationMismatch, TransferState
from vkpay_async.notify import receiver


def listen(shop: Shop, *failures: Exception) -> list[FinishedTransfer]:
    told: list[FinishedTransfer] = []
    left = list(failures)

    @shop.pay.on_transferred
    async def done(transfer: FinishedTransfer) -> None:
        told.append(transfer)
        if left:
            raise left.pop(0)

    return told


async def test_the_handler_is_told_once(shop: Shop) -> None:
    told = listen(shop)
    for _ in range(3):
        assert accepted(await shop.notify_transfer(transfer_amount=100))
    (transfer,) = told
    assert isinstance(transfer, FinishedTransfer)
    assert (transfer.out_bill_no, transfer.state, transfer.transfer_amount) == (
        "B1",
        TransferState.SUCCESS,
        100,
    )
    event = await shop.event("B1")
    assert (event.state, transfer.idempotency_key) == ("done", event.id)
    kept = await shop.pay.orders.get_transfer("B1")
    assert kept is not None
    assert (kept.state, kept.transfer_amount, kept.user_order_success) == ("SUCCESS", 100, True)


async def test_fifty_copies_at_once_are_one(shop_on_disk: Shop) -> None:
    told = listen(shop_on_disk)
    results = await asyncio.gather(*(shop_on_disk.notify_transfer() for _ in range(50)))
    assert all(map(accepted, results))
    assert sum(result.first for result in results) == 1
    assert len(told) == 1


async def test_a_query_that_hears_of_it_first_tells_it(shop: Shop) -> None:
    told = listen(shop)
    await shop.pay.transfer(
        provider="wxpay",
        out_bill_no="B1",
        transfer_amount=100,
        openid="o",
        transfer_scene_id="1000",
        transfer_remark="prize",
    )
    assert told == []
    await shop.pay.query_transfer(provider="wxpay", out_bill_no="B1")
    await shop.pay.idle()
    assert accepted(await shop.notify_transfer())
    await shop.pay.query_transfer(provider="wxpay", out_bill_no="B1")
    await shop.pay.idle()
    assert [transfer.state for transfer in told] == [TransferState.SUCCESS]
    assert (await shop.event("B1")).source == 0
    kept = await shop.pay.orders.get_transfer("B1")
    assert kept is not None
    assert (kept.state, kept.openid, kept.transfer_remark) == ("SUCCESS", "o", "prize")


async def test_the_same_number_of_another_merchant_is_another_transfer(shop: Shop) -> None:
    told = listen(shop)
    assert accepted(await shop.notify_transfer())
    assert accepted(await shop.notify_transfer(pid="shop7", mch_id="1900000007"))
    assert len(told) == 2
    assert len({transfer.idempotency_key for transfer in told}) == 2
    for pid in (None, "shop7"):
        kept = await shop.pay.orders.get_transfer("B1", pid)
        assert kept is not None
        assert kept.user_order_success is True


async def test_what_is_not_its_end_is_acknowledged_and_told_to_nobody(shop: Shop) -> None:
    told = listen(shop)
    assert accepted(await shop.notify_transfer(state=TransferState.PROCESSING, raw_state="PROCESSING"))
    assert accepted(await shop.notify_transfer())
    assert [transfer.state for transfer in told] == [TransferState.SUCCESS]


async def test_without_a_handler_it_is_kept_and_told_to_one_that_comes_later(shop: Shop) -> None:
    assert accepted(await shop.notify_transfer())
    assert (await shop.event("B1")).state == "done"
    told = listen(shop)
    for _ in range(2):
        assert accepted(await shop.notify_transfer())
    assert len(told) == 1


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"mch_id": "1900000007"}, "merchant '1900000007' does not fit ours"),
        ({"out_bill_no": "B2"}, "transfer number 'B2' does not fit ours, 'B1'"),
    ],
)
async def test_another_transfer_is_refused_and_kept_for_a_person(
    shop: Shop, wrong: dict[str, Any], text: str
) -> None:
    told = listen(shop)
    result = await shop.notify_transfer(**wrong)
    assert result.reply.body == b"again"
    assert isinstance(result.error, NotificationMismatch)
    assert text in str(result.error)
    assert told == []
    event = await shop.event("B1")
    assert (event.state, event.error) == ("unmatched", result.error.msg)
    with pytest.raises(NotificationMismatch):
        await shop.pay._pipeline.replay(event.id)
    assert await shop.pay.orders.get_transfer("B1") is None


async def test_a_handler_that_fails_is_told_again_by_the_jobs(shop: Shop) -> None:
    told = listen(shop, RuntimeError("no book"))
    for _ in range(2):
        assert accepted(await shop.notify_transfer())
    assert len(told) == 1
    kept = await shop.pay.orders.get_transfer("B1")
    assert kept is not None
    assert (kept.user_order_success, kept.handler_error) == (False, "RuntimeError: no book")
    assert await shop.redeliver(15_000) == 1
    kept = await shop.pay.orders.get_transfer("B1")
    assert kept is not None
    assert (kept.user_order_success, kept.handler_error) == (True, None)
    assert told[0].idempotency_key == told[1].idempotency_key


async def test_a_handler_has_a_time_limit(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", handler_timeout=0.01)

    @shop.pay.on_transferred
    async def done(transfer: FinishedTransfer) -> None:
        await asyncio.Event().wait()

    async with shop.pay:
        assert accepted(await shop.notify_transfer())
        assert "no answer within handler_timeout" in str((await shop.event("B1")).error)


async def test_the_callers_own_cancelling_is_not_the_handlers_failure(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "HANDLER_GRACE_S", 60)
    begun, go_on = asyncio.Event(), asyncio.Event()

    @shop.pay.on_transferred
    async def done(transfer: FinishedTransfer) -> None:
        begun.set()
        await go_on.wait()

    request = asyncio.create_task(shop.notify_transfer())
    await asyncio.wait_for(begun.wait(), 5)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    go_on.set()
    assert (await shop.event("B1")).state == "done"
