"""A transfer's notification: told to the handler as often as it comes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from vkpay_async import NotificationMismatch, Transfer, TransferState


async def test_the_handler_is_told_every_time(shop: Shop) -> None:
    told: list[Transfer] = []

    @shop.pay.on_transferred
    async def done(transfer: Transfer) -> None:
        told.append(transfer)

    for _ in range(2):
        assert (await shop.notify_transfer(transfer_amount=100)).reply.body == b"got it"
    assert [(t.out_bill_no, t.state, t.transfer_amount) for t in told] == [
        ("B1", TransferState.SUCCESS, 100)
    ] * 2


async def test_the_address_names_the_merchant(shop: Shop) -> None:
    assert (await shop.notify_transfer(pid="shop7", mch_id="1900000007")).error is None


async def test_without_a_handler_it_is_acknowledged(shop: Shop) -> None:
    assert (await shop.notify_transfer()).reply.body == b"got it"


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"mch_id": "1900000007"}, "merchant '1900000007' does not fit ours"),
        ({"out_bill_no": "B2"}, "transfer number 'B2' does not fit ours, 'B1'"),
    ],
)
async def test_another_transfer_is_refused(shop: Shop, wrong: dict[str, Any], text: str) -> None:
    told: list[Transfer] = []

    @shop.pay.on_transferred
    async def done(transfer: Transfer) -> None:
        told.append(transfer)

    result = await shop.notify_transfer(**wrong)
    assert result.reply.body == b"again"
    assert isinstance(result.error, NotificationMismatch)
    assert text in str(result.error)
    assert told == []


async def test_a_handler_that_fails_is_told_again(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    failures = [RuntimeError("no book")]

    @shop.pay.on_transferred
    async def done(transfer: Transfer) -> None:
        if failures:
            raise failures.pop()

    assert (await shop.notify_transfer()).reply.body == b"again"
    assert "the handler of transfer B1 failed" in caplog.text
    assert (await shop.notify_transfer()).reply.body == b"got it"


async def test_a_handler_has_a_time_limit(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", handler_timeout=0.01)

    @shop.pay.on_transferred
    async def done(transfer: Transfer) -> None:
        await asyncio.Event().wait()

    async with shop.pay:
        assert (await shop.notify_transfer()).reply.body == b"again"


async def test_the_callers_own_cancelling_is_not_the_handlers_failure(shop: Shop) -> None:
    started = asyncio.Event()

    @shop.pay.on_transferred
    async def done(transfer: Transfer) -> None:
        started.set()
        await asyncio.Event().wait()

    request = asyncio.create_task(shop.notify_transfer())
    await asyncio.wait_for(started.wait(), 5)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
