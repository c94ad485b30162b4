"""Handlers as tests need them, and how to read what became of a notification."""

from __future__ import annotations

import asyncio

from tests.vkpay_async.fake import Shop
from vkpay_async import NotificationResult, PaidOrder


def accepted(result: NotificationResult) -> bool:
    assert result.error is None
    return {b"got it": True, b"again": False}[result.reply.body]


def fail_with(shop: Shop, *failures: BaseException) -> None:
    """Registers a handler that raises these, one after the other, and then succeeds."""
    left = list(failures)

    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        shop.runs.append(order)
        if left:
            raise left.pop(0)


class Gate:
    """A handler that has begun and goes on when it is told to."""

    def __init__(self, shop: Shop) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self._shop = shop
        shop.pay.on_paid("goods")(self.ship)

    async def ship(self, order: PaidOrder) -> None:
        self.begun.set()
        await self.go_on.wait()
        self._shop.runs.append(order)
