"""News between processes, and that nothing depends on them."""

from __future__ import annotations

import asyncio

import pytest

from vkpay_async.ledger import Ledger, wake
from vkpay_async.ledger.wake import LARGEST_NOTICE, _some


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_number_wakes_who_waits_for_it_in_another_process(database_url: str) -> None:
    here, there = Ledger(database_url), Ledger(database_url)
    heard: asyncio.Queue[str] = asyncio.Queue()
    await there.listen(heard.put_nowait)
    await there.listen(heard.put_nowait)
    await here.open()
    for n in range(50):
        here.tell(f"A{n}")
    async with asyncio.timeout(10):
        assert {await heard.get() for _ in range(50)} == {f"A{n}" for n in range(50)}
    await here.close()
    await there.close()
    assert heard.empty()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_listening_begins_again_after_its_connection_was_lost(database_url: str) -> None:
    here, there = Ledger(database_url), Ledger(database_url)
    heard: asyncio.Queue[str] = asyncio.Queue()
    await there.listen(heard.put_nowait)
    await here.open()
    await here.write(lambda c: c.exec_driver_sql(_END_THE_OTHERS))
    async with asyncio.timeout(10):
        while heard.empty():
            await there.listen(heard.put_nowait)
            here.tell("A1")
            await asyncio.sleep(0.01)
    await here.close()
    await there.close()


_END_THE_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_is_told_soon_after_goes_in_one_notice(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wake, "GATHER_S", 3600)
    here, there = Ledger(database_url), Ledger(database_url)
    heard: asyncio.Queue[str] = asyncio.Queue()
    await there.listen(heard.put_nowait)
    await here.open()
    async with asyncio.timeout(10):
        here.tell("first")
        assert await heard.get() == "first"
        for n in range(50):
            here.tell(f"A{n}")
            await asyncio.sleep(0)
        assert heard.empty()
        await here.close()
        assert [await heard.get() for _ in range(50)] == [f"A{n}" for n in range(50)]
    await there.close()


async def test_other_databases_carry_none(database_url: str) -> None:
    ledger = Ledger(database_url)
    ledger.tell("A1")
    await ledger.listen(lambda _: None)
    ledger.tell("A1")
    await ledger.close()


def test_a_notice_holds_as_much_as_the_database_takes() -> None:
    numbers = dict.fromkeys(f"{n:064}" for n in range(1000))
    sizes = []
    while numbers:
        sizes.append(len("\n".join(_some(numbers))))
    assert max(sizes) < 8000
    assert sizes[0] >= LARGEST_NOTICE - 65
