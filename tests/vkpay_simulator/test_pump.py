import asyncio
import logging

import pytest

from vkpay_simulator.pump import Pump
from vkpay_simulator.world import World


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_is_due_when_it_begins_runs() -> None:
    world, ran = World(providers={}), asyncio.Event()
    world.agenda.after(0, ran.set)
    pump = Pump(world)
    await turns()
    assert ran.is_set()
    await pump.stop()


async def test_a_sooner_entry_does_not_wait_for_a_later_one() -> None:
    world, ran = World(providers={}), asyncio.Event()
    pump = Pump(world)
    world.agenda.after(3600, lambda: None)
    world.agenda.after(0.01, ran.set)
    async with asyncio.timeout(5):
        await ran.wait()
    await pump.stop()


async def test_moved_time_makes_the_timer_go_off_sooner() -> None:
    world, ran = World(providers={}), asyncio.Event()
    pump = Pump(world)
    world.agenda.after(3600, ran.set)
    await world.advance(3599.99)
    assert not ran.is_set()
    async with asyncio.timeout(5):
        await ran.wait()
    await pump.stop()


async def test_what_takes_time_is_run_once_and_what_comes_due_meanwhile_after_it() -> None:
    world, go, ran = World(providers={}), asyncio.Event(), list[str]()

    async def slow() -> None:
        ran.append("begun")
        await go.wait()
        ran.append("ended")

    pump = Pump(world)
    world.agenda.after(0, slow)
    await turns()
    world.agenda.after(0, lambda: ran.append("meanwhile"))
    await turns()
    assert ran == ["begun"]
    go.set()
    await turns()
    assert ran == ["begun", "ended", "meanwhile"]
    await pump.stop()


async def test_after_the_end_nothing_runs() -> None:
    world, ran = World(providers={}), list[str]()

    async def slow() -> None:
        await asyncio.Event().wait()

    pump = Pump(world)
    world.agenda.after(0, slow)
    await turns()
    world.agenda.after(0, lambda: ran.append("due"))
    await pump.stop()
    world.agenda.after(0, lambda: ran.append("later"))
    await turns()
    assert ran == []


async def test_one_that_fails_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    world = World(providers={})
    pump = Pump(world)
    with caplog.at_level(logging.ERROR):
        world.agenda.after(0, lambda: 1 / 0)  # type: ignore[arg-type, return-value]
        await turns()
    assert "something that was due failed" in caplog.text
    await pump.stop()
