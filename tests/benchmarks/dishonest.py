"""Applications that the benchmark of notifications has to find out: what they get wrong concerns one in a thousand."""

from __future__ import annotations

from typing import Any

from benchmarks import served
from vkpay_async import VKPay
from vkpay_async.notify.pipeline import Settled
from vkpay_async.notify.receiver import Receiver
from vkpay_async.notify.running import Runner

CHOSEN = "007"


def dropping() -> VKPay:
    """Acknowledges one in a thousand and keeps nothing of it."""
    honest = Receiver._settled

    async def nothing() -> Settled:
        return Settled()

    def settled(self: Any, number: str, *given: Any) -> Any:
        return nothing() if number.endswith(CHOSEN) else honest(self, number, *given)

    Receiver._settled = settled  # type: ignore[method-assign]
    return served.pay()


def doubling() -> VKPay:
    """Runs the handler of one in a thousand twice."""
    honest = Runner._called

    async def called(self: Any, event: Any, handler: Any, told: Any, run: Any) -> Any:
        if event.number.endswith(CHOSEN):
            await handler.function(told)
        return await honest(self, event, handler, told, run)

    Runner._called = called  # type: ignore[method-assign]
    return served.pay()
