from __future__ import annotations

import asyncio

from vkpay_async.notify.waiting import Waiting


async def test_all_who_wait_for_a_number_are_woken() -> None:
    waiting = Waiting()
    tasks = [asyncio.create_task(waiting.wait(number, 60)) for number in ("A1", "A1", "A2")]
    await asyncio.sleep(0)
    waiting.wake("A1")
    await asyncio.wait_for(asyncio.gather(*tasks[:2]), 5)
    assert not tasks[2].done()
    waiting.wake("A2")
    await asyncio.wait_for(tasks[2], 5)
    assert waiting._events == {}


async def test_nobody_waits_longer_than_asked() -> None:
    waiting = Waiting()
    await asyncio.wait_for(waiting.wait("A1", 0.001), 5)
    waiting.wake("A1")
    assert waiting._events == {}


async def test_one_that_gives_up_leaves_the_others_waiting() -> None:
    waiting = Waiting()
    impatient, patient = (asyncio.create_task(waiting.wait("A1", 60)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.wait([impatient])
    assert not patient.done()
    waiting.wake("A1")
    await asyncio.wait_for(patient, 5)
