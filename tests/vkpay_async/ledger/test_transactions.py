"""A transaction's block may fail for reasons of its own, and they are told as they are."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from vkpay_async.errors import LedgerUnavailable
from vkpay_async.ledger import Ledger


@pytest.fixture
async def ledger(database_url: str) -> Any:
    opened = Ledger(database_url)
    await opened.open()
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    "failure", [TimeoutError("the warehouse is slow"), ConnectionResetError("it hung up")]
)
async def test_a_failure_of_the_callers_network_is_not_the_databases(ledger: Any, failure: OSError) -> None:
    with pytest.raises(type(failure)) as raised:
        async with ledger.transaction():
            raise failure
    assert raised.value is failure


async def test_a_constraint_of_the_callers_is_told_as_it_is(ledger: Any) -> None:
    await ledger.write(lambda c: c.execute(text("CREATE TABLE once (n INTEGER PRIMARY KEY)")))

    async def twice() -> None:
        async with ledger.transaction() as tx:
            for _ in range(2):
                await tx.execute(text("INSERT INTO once (n) VALUES (1)"))

    with pytest.raises(IntegrityError):
        await twice()
    assert await ledger.read(lambda c: c.scalar(text("SELECT count(*) FROM once"))) == 0


async def test_a_database_that_went_away_is_told_as_such(private_server: Any) -> None:
    server = private_server("postgresql")
    ledger = Ledger(server.url())
    await ledger.open()

    async def killed_inside() -> None:
        async with ledger.transaction() as tx:
            server.kill()
            await tx.scalar(text("SELECT 1"))

    for _ in range(2):
        with pytest.raises(LedgerUnavailable):
            await killed_inside()
    await ledger.close()
