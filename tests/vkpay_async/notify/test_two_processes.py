"""Two applications on one database, as two processes are: what happened happens once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, hasten, open_shop
from tests.vkpay_async.notify.handling import accepted
from vkpay_async import FinishedTransfer, PaidOrder, RefundedOrder, RefundState

Shops = tuple[Shop, Shop]


@pytest.fixture
async def shops(bank: Bank, clock: Clock, database_url: str) -> AsyncIterator[Shops]:
    """They share the list of their handlers' runs."""
    one, other = open_shop(bank, clock, database_url), open_shop(bank, clock, database_url)
    other.runs = one.runs
    async with one.pay, other.pay:
        yield one, other


async def idle(shops: Shops) -> None:
    for shop in shops:
        await shop.pay.idle()


def listen(shops: Shops, *failures: Exception) -> None:
    left = list(failures)

    async def ship(order: PaidOrder) -> None:
        shops[0].runs.append(order)
        await asyncio.sleep(0)
        if left:
            raise left.pop(0)

    for shop in shops:
        shop.pay.on_paid("goods")(ship)


async def test_fifty_copies_are_one(shops: Shops) -> None:
    listen(shops)
    await shops[0].order()
    results = await asyncio.gather(*(shops[n % 2].notify() for n in range(50)))
    assert all(map(accepted, results))
    assert sum(result.first for result in results) == 1
    await idle(shops)
    assert len(shops[0].runs) == 1
    assert (await shops[1].event()).state == "done"


async def test_fifty_orders_are_fifty(shops: Shops) -> None:
    listen(shops)
    numbers = [f"order_{n:04}" for n in range(50)]
    await asyncio.gather(*(shops[n % 2].order(number) for n, number in enumerate(numbers)))
    results = await asyncio.gather(*(shop.notify(number) for number in numbers for shop in shops))
    assert all(map(accepted, results))
    await idle(shops)
    assert sorted(order.out_trade_no for order in shops[0].runs) == numbers
    page = await shops[0].pay.orders.list({"status": 1}, page_size=100)
    assert {order.user_order_success for order in page.rows} == {True}
    assert page.total == 50


async def test_queries_and_notifications_at_once_run_the_handler_once(
    shops: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasten(monkeypatch)
    listen(shops)
    await shops[0].order()
    shops[0].paid_at_bank()
    heard: list[Any] = []
    for n in range(10):
        shop = shops[n % 2]
        heard.append(shop.notify())
        heard.append(shop.pay.query_payment(out_trade_no="order_0001", await_notify=True))
    results = await asyncio.gather(*heard)
    await idle(shops)
    assert {status.user_order_success for status in results[1::2]} == {True}
    assert len(shops[0].runs) == 1


async def test_a_failed_handler_is_run_again_by_one_of_them(shops: Shops) -> None:
    listen(shops, RuntimeError("no stock"))
    await shops[0].paid()
    await idle(shops)
    shops[0].clock.ms += 15_000
    ran = await asyncio.gather(*(shop.redeliver() for shop in (*shops, *shops)))
    assert sum(ran) == 1
    assert len(shops[0].runs) == 2
    assert (await shops[0].event()).state == "done"


async def test_a_refunds_end_is_told_once(shops: Shops) -> None:
    told: list[RefundedOrder] = []

    async def refunded(order: RefundedOrder) -> None:
        told.append(order)

    for shop in shops:
        shop.pay.on_refunded("goods")(refunded)
    await shops[0].paid()
    shops[0].bank.refund_state = RefundState.SUCCESS
    await asyncio.gather(
        *(shop.pay.refund(out_trade_no="order_0001", refund_fee=100, out_refund_no="R1") for shop in shops)
    )
    await asyncio.gather(*(shop.pay.query_refund(out_trade_no="order_0001") for shop in (*shops, *shops)))
    await idle(shops)
    assert len(told) == 1
    assert (await shops[1].pay.orders.require("order_0001")).refund_fee == 100


async def test_a_transfers_end_is_told_once(shops: Shops) -> None:
    told: list[FinishedTransfer] = []

    async def done(transfer: FinishedTransfer) -> None:
        told.append(transfer)

    for shop in shops:
        shop.pay.on_transferred(done)
    results = await asyncio.gather(*(shops[n % 2].notify_transfer() for n in range(20)))
    await idle(shops)
    assert all(map(accepted, results))
    assert len(told) == 1
