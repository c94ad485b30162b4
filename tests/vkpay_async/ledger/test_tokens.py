"""Tokens that all processes share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text, update

from tests.vkpay_async.fake import START_MS, Clock
from vkpay_async.config import Secret
from vkpay_async.config.vault import new_key, vault_from_text
from vkpay_async.errors import InvalidArgument, TransportError
from vkpay_async.ledger import Ledger, Token, Tokens, schema, tokens

LIFE_MS = 7_200_000


class Bank:
    """Gives out tokens: ``t1``, ``t2`` … ``gate`` holds the answers back."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.given = 0
        self.life = LIFE_MS
        self.gate = asyncio.Event()
        self.gate.set()
        self.errors: list[Exception] = []
        self._calls = asyncio.Semaphore(0)

    async def asked(self, times: int) -> None:
        """Waits until so many calls have come in."""
        while self.given < times:
            await self._calls.acquire()

    async def __call__(self) -> Token:
        self.given += 1
        self._calls.release()
        value = Secret(f"t{self.given}")
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop()
        return Token(value=value, expires=self.clock() + self.life)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "POLL_S", 0)


@pytest.fixture
def fetch(clock: Clock) -> Bank:
    return Bank(clock)


@pytest.fixture
async def ledgers(database_url: str) -> AsyncIterator[list[Ledger]]:
    both = [Ledger(database_url), Ledger(database_url)]
    yield both
    for ledger in both:
        await ledger.close()


@pytest.fixture
def shared(ledgers: list[Ledger]) -> list[Tokens]:
    """Two processes' views of one database."""
    return [Tokens(ledger, None) for ledger in ledgers]


async def got(kept: Tokens, fetch: Bank, name: str = "wx1") -> str:
    return (await kept.get(name, fetch, fetch.clock)).value.reveal()


async def test_fifty_callers_of_two_processes_fetch_once(shared: list[Tokens], fetch: Bank) -> None:
    found = await asyncio.gather(*(got(shared[number % 2], fetch) for number in range(50)))
    assert (set(found), fetch.given) == ({"t1"}, 1)


async def test_it_is_kept_until_shortly_before_its_end(shared: list[Tokens], fetch: Bank) -> None:
    await got(shared[0], fetch)
    fetch.clock.ms += LIFE_MS - tokens.AHEAD_MS - 1
    assert await got(shared[1], fetch) == "t1"
    fetch.clock.ms += 1
    assert await got(shared[1], fetch) == "t2"
    assert await got(shared[0], fetch) == "t2"


async def test_a_short_life_is_used_to_nine_tenths(shared: list[Tokens], fetch: Bank) -> None:
    fetch.life = 10_000
    await got(shared[0], fetch)
    fetch.clock.ms += 8_999
    assert await got(shared[0], fetch) == "t1"
    fetch.clock.ms += 1
    assert await got(shared[0], fetch) == "t2"


async def test_names_do_not_meet(shared: list[Tokens], fetch: Bank) -> None:
    assert {await got(shared[0], fetch, "wx1"), await got(shared[0], fetch, "wx2")} == {"t1", "t2"}


async def test_nobody_waits_while_the_old_one_holds(shared: list[Tokens], fetch: Bank) -> None:
    await got(shared[0], fetch)
    fetch.clock.ms += LIFE_MS - 1000
    fetch.gate.clear()
    refreshing = asyncio.create_task(got(shared[0], fetch))
    await fetch.asked(2)
    assert [await got(kept, fetch) for kept in shared] == ["t1", "t1"]
    fetch.gate.set()
    assert await refreshing == "t2"
    assert fetch.given == 2


async def test_others_wait_for_the_first_one(shared: list[Tokens], fetch: Bank) -> None:
    fetch.gate.clear()
    calls = [asyncio.create_task(got(kept, fetch)) for kept in shared]
    await fetch.asked(1)
    for _ in range(20):
        await asyncio.sleep(0)
    fetch.gate.set()
    assert (await asyncio.gather(*calls), fetch.given) == (["t1", "t1"], 1)


async def test_a_refresher_that_died_is_taken_over(
    shared: list[Tokens], ledgers: list[Ledger], fetch: Bank
) -> None:
    await got(shared[0], fetch)
    lease = {"refresher": "dead", "refresh_until": START_MS + LIFE_MS + tokens.LEASE_MS}
    await ledgers[0].write(lambda c: c.execute(update(schema.tokens).values(lease)))
    fetch.clock.ms += LIFE_MS
    waiting = asyncio.create_task(got(shared[1], fetch))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not waiting.done()
    fetch.clock.ms += tokens.LEASE_MS
    assert await waiting == "t2"


async def test_who_was_overtaken_takes_what_the_other_brought(
    shared: list[Tokens], ledgers: list[Ledger], fetch: Bank
) -> None:
    fetch.gate.clear()
    slow = asyncio.create_task(got(shared[0], fetch))
    await fetch.asked(1)
    fetch.clock.ms += tokens.LEASE_MS + 1
    quick = asyncio.create_task(got(shared[1], fetch))
    await fetch.asked(2)
    fetch.gate.set()
    assert {await slow, await quick} == {"t2"}


async def test_a_failure_is_told_and_tried_again(shared: list[Tokens], fetch: Bank) -> None:
    fetch.errors = [TransportError("no answer")]
    with pytest.raises(TransportError):
        await got(shared[0], fetch)
    assert await got(shared[1], fetch) == "t2"


async def test_a_failure_while_the_old_one_holds_is_only_logged(
    shared: list[Tokens], fetch: Bank, caplog: pytest.LogCaptureFixture
) -> None:
    await got(shared[0], fetch)
    fetch.clock.ms += LIFE_MS - 1000
    fetch.errors = [TransportError("no answer")]
    assert await got(shared[0], fetch) == "t1"
    assert "not refreshed" in caplog.text
    assert await got(shared[0], fetch) == "t3"


async def test_an_answer_that_does_not_come_is_given_up(
    shared: list[Tokens], fetch: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "REFRESH_LIMIT_S", 0.01)
    fetch.gate.clear()
    with pytest.raises(TransportError, match="no answer within"):
        await got(shared[0], fetch)
    fetch.gate.set()
    assert await got(shared[1], fetch) == "t2"


async def test_a_caller_that_gives_up_stops_nobody(shared: list[Tokens], fetch: Bank) -> None:
    fetch.gate.clear()
    first, second = (asyncio.create_task(got(shared[0], fetch)) for _ in range(2))
    await fetch.asked(1)
    first.cancel()
    fetch.gate.set()
    assert await second == "t1"


async def test_one_that_the_provider_refuses_is_discarded_once(shared: list[Tokens], fetch: Bank) -> None:
    first = await shared[0].get("wx1", fetch, fetch.clock)
    await shared[0].discard("wx1", first)
    fetch.clock.ms += 1
    assert await got(shared[1], fetch) == "t2"
    await shared[0].discard("wx1", first)
    assert await got(shared[0], fetch) == "t2"


async def test_ended_ones_are_deleted(shared: list[Tokens], fetch: Bank) -> None:
    await got(shared[0], fetch)
    assert await shared[0].delete_expired(before=START_MS + LIFE_MS) == 0
    assert await shared[0].delete_expired(before=START_MS + LIFE_MS + 1) == 1


async def test_with_a_key_nothing_can_be_read_in_the_table(
    ledgers: list[Ledger], fetch: Bank, caplog: pytest.LogCaptureFixture
) -> None:
    async def stored() -> Any:
        return await ledgers[0].read(lambda c: c.scalar(text("SELECT value FROM vk_pay_tokens")))

    async def secret() -> Token:
        return Token(value=Secret("HUSH-HUSH"), expires=fetch.clock() + LIFE_MS)

    plain, sealed = Tokens(ledgers[0], None), Tokens(ledgers[0], vault_from_text(new_key()))
    token = await sealed.get("wx1", secret, fetch.clock)
    assert (token.value.reveal(), b"HUSH" in await stored(), "HUSH" in repr(token)) == (
        "HUSH-HUSH",
        False,
        False,
    )
    assert (await sealed.get("wx1", fetch, fetch.clock)).value.reveal() == "HUSH-HUSH"
    with caplog.at_level(logging.WARNING):
        assert await got(plain, fetch) == "t1"
    assert "VKPAY_CONFIG_KEY" in caplog.text
    assert await got(sealed, fetch) == "t1"


@pytest.mark.parametrize("name", ["", "x" * 193])
async def test_a_name_is_checked(name: str, fetch: Bank) -> None:
    with pytest.raises(InvalidArgument, match="1–192"):
        await Tokens(Ledger("sqlite://"), None).get(name, fetch, fetch.clock)


async def test_what_was_given_to_us_is_kept_for_all_and_replaced_by_what_comes_later(
    ledgers: list[Ledger], clock: Clock
) -> None:
    ours, theirs = (Tokens(ledger, None) for ledger in ledgers[:2])
    assert await ours.find("key|o1", clock) is None
    for value in ("k1", "k2"):
        await ours.put("key|o1", Token(value=Secret(value), expires=clock() + LIFE_MS), clock)
        found = await theirs.find("key|o1", clock)
        assert found is not None
        assert found.value.reveal() == value
    clock.ms += LIFE_MS
    assert await theirs.find("key|o1", clock) is None


async def test_two_that_keep_at_once_both_succeed(ledgers: list[Ledger], clock: Clock) -> None:
    given = Token(value=Secret("k1"), expires=clock() + LIFE_MS)
    await asyncio.gather(
        *(Tokens(ledger, None).put("key|o2", given, clock) for ledger in ledgers for _ in range(3))
    )
    found = await Tokens(ledgers[0], None).find("key|o2", clock)
    assert found is not None
    assert found.value.reveal() == "k1"
