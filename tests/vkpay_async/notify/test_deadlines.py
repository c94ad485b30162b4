"""Many time limits on one timer."""

from __future__ import annotations

import asyncio

from vkpay_async.notify.deadlines import Deadlines


async def test_each_is_told_of_when_its_time_is_over() -> None:
    over = asyncio.Event()
    told: list[str] = []

    def expire(name: str) -> None:
        told.append(name)
        if name == "third":
            over.set()

    deadlines = Deadlines(expire)
    deadlines.add("first", 0)
    deadlines.add("second", 0.001)
    deadlines.add("third", 0.002)
    await over.wait()
    assert told == ["first", "second", "third"]


async def test_what_ended_in_time_is_not_told_of() -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    deadlines = Deadlines(told.put_nowait)
    deadlines.add("in time", 0)
    deadlines.add("late", 0)
    deadlines.discard("in time")
    deadlines.discard("in time")
    assert await told.get() == "late"
    assert told.empty()


async def test_the_timer_is_set_again_after_a_rest() -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    deadlines = Deadlines(told.put_nowait)
    for name in ("first", "second"):
        deadlines.add(name, 0)
        assert await told.get() == name


def test_a_timer_of_a_loop_that_has_ended_is_not_waited_for() -> None:
    told: list[str] = []
    deadlines = Deadlines(told.append)

    async def left() -> None:
        deadlines.add("left", 60)

    async def used_again() -> None:
        over = asyncio.Event()
        deadlines.discard("left")
        deadlines.add("again", 0)
        asyncio.get_running_loop().call_later(0.001, over.set)
        await over.wait()

    asyncio.run(left())
    asyncio.run(used_again())
    assert told == ["again"]
