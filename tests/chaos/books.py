"""The orders on both sides before a run, and what stands in the ledger after it."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select, text

from tests.chaos.plan import Fate, Plan
from vkpay_async import VKPay
from vkpay_async.ledger import Ledger
from vkpay_async.ledger.schema import notifications, orders
from vkpay_simulator.running import RunningSimulator

MODEL = "chaos_model"


class Findings(msgspec.Struct, kw_only=True):
    """Order numbers by what is wrong with them; all empty when nothing is."""

    lost: list[str]
    doubled: list[str]
    unpaid: list[str]
    unclaimed: list[str]
    unanswered: list[str]
    two_keys: list[str]
    unasked: list[str]

    @property
    def wrong(self) -> dict[str, list[str]]:
        return {name: found for name, found in msgspec.structs.asdict(self).items() if found}


async def fill(pay: VKPay, sim: RunningSimulator, plan: Plan) -> None:
    """One order is created for real, the others after its image on both sides."""
    await pay.create_payment(
        provider="wxpay",
        platform="h5",
        need_qrcode=True,
        out_trade_no=MODEL,
        total_fee=100,
        subject="Tea",
        type="tea",
    )
    book = sim.world.providers["wxpay"]._book  # type: ignore[attr-defined]
    sim._call(lambda: [_offer(book, fate.number) for fate in plan.fates])
    await pay.orders.write(lambda c: _fill(c, plan.fates))


def _offer(book: Any, number: str) -> None:
    model = book.all()[0]
    request = msgspec.structs.replace(
        model.request, out_trade_no=number, notify_url=model.request.notify_url.replace(MODEL, number)
    )
    book.add(dataclasses.replace(model, request=request, payer={}, refunds=[]))


def _fill(connection: Connection, fates: list[Fate]) -> None:
    """Only orders that nothing is ever heard of are asked after: what was acknowledged and lost stays lost."""
    model = dict(connection.execute(select(orders)).mappings().one())
    soon = int(time.time() * 1000) + 3_000
    rows = [
        {
            **model,
            "out_trade_no": fate.number,
            "type": fate.type,
            "notify_path": model["notify_path"].replace(MODEL, fate.number),
            "repair_due": soon if fate.sends_lost is None and fate.paid else None,
        }
        for fate in fates
    ]
    connection.execute(insert(orders), rows)
    connection.execute(orders.update().where(orders.c.out_trade_no == MODEL).values(repair_due=None))
    connection.execute(text("CREATE TABLE effects (out_trade_no VARCHAR(64), n INTEGER)"))


async def unsettled(ledger: Ledger, paid: int) -> int:
    """How much is still to be done."""

    def count(connection: Connection) -> int:
        events = connection.scalar(select(func.count()).where(notifications.c.due.is_not(None)))
        heard = connection.scalar(select(func.count()).where(orders.c.status > 0))
        return int(events or 0) + max(0, paid - int(heard or 0))

    return await ledger.read(count)


async def examine(ledger: Ledger, plan: Plan, folder: Path) -> Findings:
    def read(connection: Connection) -> tuple[Any, Any, Any]:
        rows = select(orders.c.out_trade_no, orders.c.status, orders.c.user_order_success)
        events = select(notifications.c.number, notifications.c.state, notifications.c.due)
        return (
            {number: (status, success) for number, status, success in connection.execute(rows)},
            list(connection.execute(events)),
            Counter(connection.scalars(text("SELECT out_trade_no FROM effects"))),
        )

    found, events, effects = await ledger.read(read)
    paid = {fate.number: fate for fate in plan.fates if fate.paid}
    keys = {number: _keys(folder, number) for number in paid}
    heard = Counter(number for number, _, _ in events)
    return Findings(
        lost=[
            number
            for number, fate in paid.items()
            if (effects[number] == 0 if fate.type == "tea" else not keys[number])
        ],
        doubled=[number for number, times in effects.items() if times > 1 or number not in paid],
        unpaid=[number for number in paid if found[number][0] < 1],
        unclaimed=[number for number, state, due in events if state != "done" or due is not None],
        unanswered=[number for number in paid if found[number][1] is not True],
        two_keys=[number for number in paid if len(keys[number]) > 1],
        unasked=[
            number
            for number, (status, _) in found.items()
            if (number not in paid and (status > 0 or heard[number])) or heard[number] > 1
        ],
    )


def _keys(folder: Path, number: str) -> set[str]:
    file = folder / "runs" / number
    return set(file.read_text().split()) if file.exists() else set()
