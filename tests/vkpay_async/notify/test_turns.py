"""Handlers that wait for their turn longer than their lease lasts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks import parties
from vkpay_async import Order, PaidOrder, VKPay
from vkpay_async.happenings import Outcome
from vkpay_async.ledger import Ledger
from vkpay_async.models import Trade, TradeState
from vkpay_async.notify import Source
from vkpay_async.providers.base import Env

NUMBERS = ("first", "second", "third")


class Hour:
    """A clock that two processes read."""

    now = 1_767_196_800_000

    def env(self) -> Env:
        return Env(now_ms=lambda: self.now, nonce=lambda: "593BEC0C930BF1AFEB40B4A08C8FB242")


class Process:
    """A shop's process with one handler at a time, which waits until it is let go."""

    def __init__(self, hour: Hour, database: str) -> None:
        config = {
            **parties.config("http://127.0.0.1"),
            "notify_url": "http://127.0.0.1/pay",
            "handlers_at_once": 1,
        }
        self.pay = VKPay.from_dict(config, database=database, env=hour.env())
        self.go, self.all_ran = asyncio.Event(), asyncio.Event()
        self.runs: list[str] = []
        self.pay.on_paid("goods")(self._ship)

    async def _ship(self, order: PaidOrder) -> None:
        self.runs.append(order.out_trade_no)
        if len(self.runs) == len(NUMBERS):
            self.all_ran.set()
        await self.go.wait()

    async def hear(self, number: str) -> None:
        order = Order(
            out_trade_no=number,
            type="goods",
            pay_type="wxpay_h5",
            total_fee=100,
            create_date=1,
            mch_id=parties.MCH_ID,
            provider_appid=parties.APP_ID,
        )
        await self.pay.orders.add(order)
        trade = Trade(
            out_trade_no=number,
            state=TradeState.SUCCESS,
            raw_state="SUCCESS",
            transaction_id=number,
            total_fee=100,
        )
        provider = self.pay.provider("wxpay_h5").sans_io
        await self.pay._pipeline.paid(number, trade, provider, Source(pay_type="wxpay_h5", pid="default"))


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/pay.db"


async def test_what_another_process_has_run_meanwhile_is_not_run_when_its_turn_comes(database: str) -> None:
    hour = Hour()
    busy, idle = Process(hour, database), Process(hour, database)
    idle.go.set()
    async with busy.pay, idle.pay:
        for number in NUMBERS:
            await busy.hear(number)
        hour.now += 120_000
        while (await idle.pay.run_jobs("redeliver")).redeliver:
            pass
        busy.go.set()
        await busy.pay.idle()
    assert set(idle.runs) >= {"second", "third"}
    assert busy.runs == ["first"]


async def test_what_nobody_took_meanwhile_is_run_with_a_lease_of_its_own(database: str) -> None:
    hour = Hour()
    busy, idle = Process(hour, database), Process(hour, database)
    async with busy.pay, idle.pay:
        for number in NUMBERS:
            await busy.hear(number)
        hour.now += 60_000
        busy.go.set()
        await busy.pay.idle()
        events = [(await busy.pay.orders.events(number))[0] for number in NUMBERS]
    assert busy.runs == list(NUMBERS)
    assert [(event.state, event.attempts) for event in events] == [("done", 1), ("done", 2), ("done", 2)]


async def test_a_handler_that_has_returned_keeps_nobody_from_its_turn(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, stored = Ledger.finish, asyncio.Event()

    async def later(ledger: Ledger, outcome: Outcome) -> bool:
        await stored.wait()
        return await finish(ledger, outcome)

    monkeypatch.setattr(Ledger, "finish", later)
    process = Process(Hour(), database)
    async with process.pay:
        for number in NUMBERS:
            await process.hear(number)
        process.go.set()
        async with asyncio.timeout(5):
            await process.all_ran.wait()
        stored.set()
