"""Many operations in one transaction, without a timer and with nobody left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from tests.vkpay_async.ledger.conftest import gathered, order, payment
from vkpay_async.ledger import Ledger, LedgerUnavailable
from vkpay_async.ledger.group_commit import LARGEST_BATCH, GroupCommit
from vkpay_async.ledger.store import Transaction


class HeldStore:
    """A store whose transactions end when the test says so."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.gates: list[asyncio.Future[None]] = []
        self.errors: list[Exception] = []

    async def read(self, work: Any, *, long: bool = False) -> Any:
        raise NotImplementedError

    async def write(self, work: Any) -> Any:
        result = work(self)
        gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gates.append(gate)
        await gate
        if self.errors:
            raise self.errors.pop(0)
        return result

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        raise NotImplementedError

    async def close(self) -> None: ...

    async def release(self) -> None:
        """Ends the transaction that runs, and lets what follows from it happen."""
        await self.turns(lambda: bool(self.gates) and not self.gates[-1].done())
        self.gates[-1].set_result(None)
        await self.turns(lambda: False, 5)

    async def turns(self, enough: Callable[[], bool], most: int = 50) -> None:
        for _ in range(most):
            if enough():
                return
            await asyncio.sleep(0)


def apply(connection: Any, operations: Sequence[int]) -> list[str]:
    connection.batches.append(list(operations))
    if 13 in operations:
        raise LookupError(13)
    return [f"did {operation}" for operation in operations]


@pytest.fixture
def store() -> HeldStore:
    return HeldStore()


@pytest.fixture
def commits(store: HeldStore) -> GroupCommit[int, str]:
    return GroupCommit(store, apply)


def submitted(commits: GroupCommit[int, str], *operations: int) -> list[asyncio.Task[str]]:
    return [asyncio.ensure_future(commits.submit(operation)) for operation in operations]


async def test_what_is_ready_in_one_turn_goes_together(
    store: HeldStore, commits: GroupCommit[int, str]
) -> None:
    tasks = submitted(commits, 1, 2, 3)
    await store.release()
    assert await asyncio.gather(*tasks) == ["did 1", "did 2", "did 3"]
    assert store.batches == [[1, 2, 3]]


async def test_while_one_commit_runs_the_next_batch_gathers(
    store: HeldStore, commits: GroupCommit[int, str]
) -> None:
    tasks = submitted(commits, 1)
    await store.turns(lambda: bool(store.gates))
    for operation in range(2, 6):
        tasks += submitted(commits, operation)
        await store.turns(lambda: False, 3)
    assert store.batches == [[1]]
    await store.release()
    await store.release()
    assert store.batches == [[1], [2, 3, 4, 5]]
    assert await asyncio.gather(*tasks) == [f"did {n}" for n in range(1, 6)]


@pytest.mark.parametrize("turns", range(8))
async def test_what_is_handed_in_as_the_flusher_ends_is_not_left_waiting(
    store: HeldStore, commits: GroupCommit[int, str], turns: int
) -> None:
    (first,) = submitted(commits, 1)
    await store.turns(lambda: bool(store.gates))
    store.gates[-1].set_result(None)
    for _ in range(turns):
        await asyncio.sleep(0)
    (late,) = submitted(commits, 2)
    await store.release()
    assert await asyncio.wait_for(asyncio.gather(first, late), 5) == ["did 1", "did 2"]


async def test_handed_in_by_whoever_was_just_told(store: HeldStore, commits: GroupCommit[int, str]) -> None:
    async def twice() -> str:
        await commits.submit(1)
        return await commits.submit(2)

    task = asyncio.ensure_future(twice())
    await store.release()
    await store.release()
    assert await asyncio.wait_for(task, 5) == "did 2"


async def test_a_batch_has_an_end(store: HeldStore, commits: GroupCommit[int, str]) -> None:
    tasks = submitted(commits, *range(100, 100 + LARGEST_BATCH + 1))
    await store.release()
    await store.release()
    await asyncio.gather(*tasks)
    assert [len(batch) for batch in store.batches] == [LARGEST_BATCH, 1]


async def test_a_poisonous_operation_is_told_and_the_others_done(commits: GroupCommit[int, str]) -> None:
    tasks = submitted(commits, 12, 13, 14)
    store: Any = commits._store
    for _ in range(2):
        await store.release()
    answers = await gathered(*tasks)
    assert [str(answer) for answer in answers] == ["did 12", "13", "did 14"]
    assert store.batches == [[12, 13, 14], [12], [13], [14]]


async def test_when_the_database_is_gone_all_that_waited_are_told(
    store: HeldStore, commits: GroupCommit[int, str]
) -> None:
    store.errors = [LedgerUnavailable("gone")]
    tasks = submitted(commits, 1, 2)
    await store.release()
    assert [type(answer) for answer in await gathered(*tasks)] == [LedgerUnavailable] * 2
    assert store.batches == [[1, 2]]
    (again,) = submitted(commits, 3)
    await store.release()
    assert await again == "did 3"


@pytest.mark.parametrize(("errors", "answer"), [(1, "did 1"), (2, "taken")])
async def test_a_row_that_another_process_just_made_is_looked_for_once_more(
    store: HeldStore, commits: GroupCommit[int, str], errors: int, answer: str
) -> None:
    store.errors = [IntegrityError("INSERT", {}, Exception("taken")) for _ in range(errors)]
    (task,) = submitted(commits, 1)
    await store.release()
    await store.release()
    assert answer in str((await gathered(task))[0])
    assert store.batches == [[1], [1]]


async def test_a_copy_in_a_batch_does_not_take_the_batch_apart(
    store: HeldStore, commits: GroupCommit[int, str]
) -> None:
    store.errors = [IntegrityError("INSERT", {}, Exception("taken"))]
    tasks = submitted(commits, 1, 2, 3)
    await store.release()
    await store.release()
    assert await gathered(*tasks) == ["did 1", "did 2", "did 3"]
    assert store.batches == [[1, 2, 3], [1, 2, 3]]


async def test_who_has_given_up_is_not_told(store: HeldStore, commits: GroupCommit[int, str]) -> None:
    for errors in ([], [LedgerUnavailable("gone")]):
        store.errors = list(errors)
        first, second = submitted(commits, 1, 2)
        await store.turns(lambda: len(store.gates) > 0 and not store.gates[-1].done())
        first.cancel()
        await store.release()
        answers = await gathered(first, second)
        assert isinstance(answers[0], asyncio.CancelledError)
        assert str(answers[1]) == (str(errors[0]) if errors else "did 2")


async def test_closing_waits_for_all_that_was_handed_in(
    store: HeldStore, commits: GroupCommit[int, str]
) -> None:
    tasks = submitted(commits, 1)
    await store.turns(lambda: bool(store.gates))
    tasks += submitted(commits, 2)
    closing = asyncio.ensure_future(commits.close())
    await store.release()
    assert not closing.done()
    await store.release()
    await closing
    assert [task.result() for task in tasks] == ["did 1", "did 2"]


async def test_sixty_four_claims_are_few_transactions(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(64):
        await ledger.add(order(f"A{n:02}"))
    store: Any = ledger._store
    write, transactions = store.write, []

    async def counted(work: Any) -> Any:
        transactions.append(work)
        return await write(work)

    monkeypatch.setattr(store, "write", counted)

    async def claim(n: int) -> bool:
        for _ in range(n % 8):
            await asyncio.sleep(0)
        return (await ledger.claim(payment(f"A{n:02}"))).moved

    assert all(await asyncio.gather(*map(claim, range(64))))
    assert len(transactions) <= 4
    assert await ledger.count({"status": 1}) == 64
