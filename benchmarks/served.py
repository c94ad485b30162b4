"""The application that ``vkpay serve benchmarks.served:pay`` serves: its settings are in the environment.

Its handlers do what ``--handler`` says. Parts of the way can be left out, to see what they cost.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any, Self

import msgspec
from sqlalchemy import Engine, event, insert

from benchmarks.deliveries import TYPE
from benchmarks.notes import Notes
from benchmarks.stores import shipped
from vkpay_async import PaidOrder, RefundedOrder, VKPay, config_from_dict
from vkpay_async.happenings import Decision
from vkpay_async.notify import decisions
from vkpay_async.notify.pipeline import Settled
from vkpay_async.notify.receiver import Receiver

VARIABLE = "BENCHMARK_RECEIVER"
SLOW_S = 0.05
PARTS = ("all", "claim", "verified")
HANDLERS = ("empty", "tx", "slow")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """``part``: ``claim`` keeps what was heard and neither matches nor moves an order; ``verified`` keeps nothing."""

    database: str
    notes: str
    config: dict[str, Any] = {}
    part: str = "all"
    handler: str = "empty"
    processes: int = 1


class Noting(VKPay):
    """Takes notes while it is open."""

    notes: Notes

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.notes.start()
        return self

    async def __aexit__(self, *given: Any) -> None:
        await super().__aexit__(*given)
        self.notes.write()


def settings() -> Settings:
    return msgspec.json.decode(os.environ[VARIABLE], type=Settings)


def pay() -> Noting:
    found = settings()
    made = Noting(config_from_dict(found.config), database=found.database)
    made.notes = Notes(found.notes)
    event.listen(Engine, "commit", made.notes.committed)
    if found.part == "verified":
        Receiver._settled = _nothing  # type: ignore[assignment,method-assign]
    elif found.part == "claim":
        decisions.on_payment = decisions.on_refund = _kept  # type: ignore[assignment]
    else:
        _register(made, found.handler)
    return made


async def _nothing(*_: object) -> Settled:
    return Settled()


def _kept(found: Any, event: Any, *_: object) -> Decision:
    return Decision() if found.event is not None else Decision(event=event)


def _register(pay: Noting, handler: str) -> None:
    notes = pay.notes

    async def empty(order: PaidOrder | RefundedOrder) -> None:
        notes.handled.append(told(order))

    async def slow(order: PaidOrder | RefundedOrder) -> None:
        await asyncio.sleep(SLOW_S)
        notes.handled.append(told(order))

    async def in_transaction(order: PaidOrder | RefundedOrder, tx: Any) -> None:
        await tx.execute(insert(shipped), {"what": told(order)})

    chosen: Any = {"empty": empty, "slow": slow, "tx": in_transaction}[handler]
    pay.on_paid(TYPE)(chosen)
    pay.on_refunded(TYPE)(chosen)


def told(order: PaidOrder | RefundedOrder) -> str:
    """The number of the order or the refund that a handler was told of."""
    return order.refund.out_refund_no if isinstance(order, RefundedOrder) else order.out_trade_no
