"""After a load: is everything that was sent in the database, and did everything happen once?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, inspect, select

from benchmarks import deliveries
from benchmarks.stores import heard, shipped
from vkpay_async.ledger import Ledger
from vkpay_async.ledger.schema import notifications, orders, refunds

PARTLY_REFUNDED = 2


class Verdict(NamedTuple):
    """How many notifications left no trace, or not all of it; and how many left more than one."""

    lost: int = 0
    doubled: int = 0


class Found(NamedTuple):
    """What stands in a ledger: orders' ``(status, refund_num)``, refunds' states, and how often an end was told of."""

    orders: Mapping[str, tuple[int, int]]
    refunds: Mapping[tuple[str, str], str]
    events: Mapping[str, list[str]]
    """The states of what was heard, by order's number."""

    effects: Counter[str] | None
    """How often a handler had its effect, by order's or refund's number."""


def of_ledger(url: str, sent: Sequence[int], handled: Counter[str] | None) -> Verdict:
    """Of the notifications that were sent; whatever else has happened counts as doubled.

    ``handled`` are the handlers' runs where they wrote nothing; ``None`` where nobody can tell.
    """
    found = asyncio.run(_read(url, _found))
    return judged(found._replace(effects=found.effects or handled), sent)


def of_claims(url: str, sent: Sequence[int]) -> Verdict:
    """Where all that was wanted is that each is kept once."""
    rows = asyncio.run(_read(url, lambda c: c.execute(select(notifications.c.number)).scalars().all()))
    return _once(Counter(rows), sent)


def of_rows(url: str, sent: Sequence[int]) -> Verdict:
    """Of a receiver without a ledger."""
    rows = asyncio.run(_read(url, lambda c: c.execute(select(heard.c.number)).scalars().all()))
    return _once(Counter(rows), sent)


def judged(found: Found, sent: Sequence[int]) -> Verdict:
    lost = doubled = 0
    for n in sent:
        states = found.events.get(deliveries.number(n), [])
        effects = 1 if found.effects is None else found.effects[_told(n)]
        lost += states[:1] != ["done"] or not effects or not _moved(found, n)
        doubled += len(states) > 1 or effects > 1
    effects_of_others = (found.effects or Counter()).keys() - {_told(n) for n in sent}
    return Verdict(lost, doubled + len(effects_of_others))


def _told(n: int) -> str:
    """What a handler is told of, by the number that it has."""
    return deliveries.refund_number(n) if deliveries.is_refund(n) else deliveries.number(n)


def _moved(found: Found, n: int) -> bool:
    number = deliveries.number(n)
    if not deliveries.is_refund(n):
        return found.orders.get(number) == (1, 0)
    ended = found.refunds.get((number, deliveries.refund_number(n))) == "SUCCESS"
    return ended and found.orders.get(number) == (PARTLY_REFUNDED, 1)


def _once(counted: Counter[str], sent: Sequence[int]) -> Verdict:
    there = sum(deliveries.number(n) in counted for n in sent)
    repeats = sum(times - 1 for times in counted.values())
    return Verdict(len(sent) - there, len(counted) - there + repeats)


def _found(connection: Connection) -> Found:
    order = orders.c
    refund = refunds.c
    told: dict[str, list[str]] = {}
    for number, state in connection.execute(select(notifications.c.number, notifications.c.state)):
        told.setdefault(number, []).append(state)
    stood = connection.execute(select(order.out_trade_no, order.status, order.refund_num))
    given = connection.execute(select(refund.out_trade_no, refund.out_refund_no, refund.state))
    return Found(
        orders={number: (status, count) for number, status, count in stood},
        refunds={(number, one): state for number, one, state in given},
        events=told,
        effects=_effects(connection),
    )


def _effects(connection: Connection) -> Counter[str] | None:
    if not inspect(connection).has_table(shipped.name):
        return None
    return Counter(connection.execute(select(shipped.c.what)).scalars())


async def _read(url: str, work: Any) -> Any:
    ledger = Ledger(url)
    await ledger.open()
    try:
        return await ledger.read(work)
    finally:
        await ledger.close()


def words(case: str, verdict: Verdict, distinct: int) -> Iterable[str]:
    """Why the run does not count."""
    if verdict.lost:
        yield f"{case}: {verdict.lost} of {distinct} notifications were acknowledged and lost"
    if verdict.doubled:
        yield f"{case}: {verdict.doubled} of {distinct} notifications had their effect more than once"
