"""News that changes no order is told to whoever wants it, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.vkpay_async.fake import Shop
from tests.vkpay_async.notify.handling import accepted
from vkpay_async import NotificationResult, ProviderEvent, Transaction
from vkpay_async.models import Notification
from vkpay_async.notify.routes import console_path

ADDRESS = console_path("wxpay_h5")
RAW = {"data": {"status": 2}}


def listen(shop: Shop, *failures: Exception) -> list[ProviderEvent]:
    told: list[ProviderEvent] = []
    left = list(failures)

    @shop.pay.on_event("wxpay")
    async def news(event: ProviderEvent) -> None:
        told.append(event)
        if left:
            raise left.pop(0)

    return told


async def hear(shop: Shop, id_: str = "u1", event: str = "EXPIRED.VOLUNTARY") -> NotificationResult:
    notification = Notification(kind="other", id=id_, event=event, raw=RAW)
    result = await shop.deliver(ADDRESS, notification)
    await shop.pay.idle()
    return result


async def test_it_is_told(shop: Shop) -> None:
    told = listen(shop)
    assert accepted(await hear(shop))
    (event,) = told
    assert (event.provider, event.event, event.id, event.pid) == (
        "wxpay",
        "EXPIRED.VOLUNTARY",
        "u1",
        "default",
    )
    assert event.raw == RAW
    assert event.idempotency_key


async def test_once_for_one_id(shop: Shop) -> None:
    told = listen(shop)
    results = await asyncio.gather(*(hear(shop) for _ in range(10)))
    await hear(shop, "u2")
    assert all(accepted(result) for result in results)
    assert sorted(event.id for event in told) == ["u1", "u2"]


async def test_nothing_is_kept_where_nobody_listens(shop: Shop) -> None:
    assert accepted(await hear(shop))
    assert await shop.events("u1") == []


async def test_nor_without_an_id(shop: Shop) -> None:
    told = listen(shop)
    assert accepted(await hear(shop, ""))
    assert told == []


async def test_a_handler_that_failed_runs_again(shop: Shop) -> None:
    told = listen(shop, RuntimeError("closed"))
    assert accepted(await hear(shop))
    assert (await shop.event("u1")).state == "failed"
    assert await shop.redeliver(after_ms=15_000) == 1
    assert [event.idempotency_key for event in told] == [told[0].idempotency_key] * 2
    assert (await shop.event("u1")).state == "done"


async def test_what_it_writes_is_written_with_the_mark(shop_on_disk: Shop) -> None:
    seen: list[Any] = []

    @shop_on_disk.pay.on_event("wxpay")
    async def news(event: ProviderEvent, tx: Transaction) -> None:
        seen.append(tx)

    await hear(shop_on_disk)
    assert len(seen) == 1
    assert (await shop_on_disk.event("u1")).state == "done"


@pytest.mark.parametrize("provider", ["wxpay", "alipay"])
async def test_each_provider_has_its_own(shop: Shop, provider: str) -> None:
    told = listen(shop)
    address = console_path(f"{provider}_h5")
    await shop.deliver(address, Notification(kind="other", id="u1", event="NEWS"))
    await shop.pay.idle()
    assert len(told) == (provider == "wxpay")


async def test_one_handler_for_each(shop: Shop) -> None:
    listen(shop)
    again: Callable[[], Any] = lambda: listen(shop)  # noqa: E731
    with pytest.raises(Exception, match="other news of wxpay"):
        again()
