"""What a seed stands for: what becomes of each order, and what is done to whom and when."""

from __future__ import annotations

import os
from random import Random, SystemRandom
from typing import Literal

import msgspec

HANDLER_TIMEOUT_S = 1.5
LEASE_MARGIN_MS = 500
STALL_S = 3.0
"""Longer than a lease, so that whoever stalls finds its work with another when it goes on."""

LONG_OUTAGE_S = 11.0
"""Longer than anybody waits for a connection, or for SQLite's other writer."""

Kind = Literal["kill", "freeze", "database_kill", "database_stop"]


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """One order. ``sends_lost`` is ``None`` where no notification ever arrives; the first run of its handler ``dies``
    with its process, ``hangs`` over its time, or ``blocks`` its whole process; the first ``fails`` runs raise."""

    number: str
    type: Literal["tea", "book"]
    paid: bool = True
    copies: int = 1
    sends_lost: int | None = 0
    resent: bool = False
    fails: int = 0
    slow_s: float = 0
    dies: bool = False
    hangs: bool = False
    blocks: bool = False


class Blow(msgspec.Struct, frozen=True, kw_only=True):
    """Something done ``at_s`` after the first payment, to the process ``target``, for ``seconds``."""

    kind: Kind
    at_s: float
    target: int = 0
    seconds: float = 0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One run. ``reply_policy`` is the config's."""

    seed: int
    fates: list[Fate]
    blows: list[Blow]
    paying_s: float
    reply_policy: str


def new_seed() -> int:
    """``VKPAY_CHAOS_SEED``, or a number that no fixture of pytest chose."""
    given = os.environ.get("VKPAY_CHAOS_SEED")
    return int(given) if given else SystemRandom().randrange(10**9)


def make_plan(seed: int, *, orders: int, paying_s: float, kills: int, stops: int, freezes: int) -> Plan:
    rng = Random(seed)
    fates = [_fate(rng, f"chaos_{n:05d}") for n in range(orders)]
    for n, one in enumerate(rng.sample(range(orders), max(4, orders // 150))):
        change = ("dies", "hangs", "dies", "blocks")[n % 4]
        fates[one] = msgspec.structs.replace(fates[one], paid=True, **{change: True})
    blows = [Blow(kind="kill", at_s=rng.uniform(0.5, paying_s), target=n % 4) for n in range(kills)]
    blows += [
        Blow(kind="freeze", at_s=rng.uniform(0.5, paying_s), target=rng.randrange(4), seconds=STALL_S)
        for _ in range(freezes)
    ]
    blows += [
        Blow(
            kind="database_kill" if (n + seed) % 2 else "database_stop",
            at_s=paying_s * (n + rng.uniform(0.2, 0.8)) / stops,
            seconds=LONG_OUTAGE_S if n == 0 and stops > 1 else rng.uniform(0.3, 2.0),
        )
        for n in range(stops)
    ]
    return Plan(
        seed=seed,
        fates=fates,
        blows=sorted(blows, key=lambda blow: blow.at_s),
        paying_s=paying_s,
        reply_policy=rng.choice(["durable", "durable", "handled"]),
    )


def _fate(rng: Random, number: str) -> Fate:
    chance = rng.random
    return Fate(
        number=number,
        type="tea" if chance() < 0.65 else "book",
        paid=chance() < 0.97,
        copies=rng.choice([1, 1, 2, 3]),
        sends_lost=None if (lost := chance()) < 0.05 else 1 if lost < 0.15 else 2 if lost < 0.2 else 0,
        resent=chance() < 0.1,
        fails=rng.choice([0] * 8 + [1, 2]),
        slow_s=rng.uniform(0.02, 0.3) if chance() < 0.04 else 0,
    )
