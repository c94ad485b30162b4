"""Each job once: for tests, and for cron."""

from __future__ import annotations

import pytest

from tests.vkpay_async.fake import Shop
from vkpay_async import InvalidArgument, JobCounts
from vkpay_async.ledger import LedgerUnavailable


async def test_nothing_to_do(shop: Shop) -> None:
    assert await shop.pay.run_jobs() == JobCounts()


async def test_an_unknown_job_is_refused_with_those_there_are(shop: Shop) -> None:
    with pytest.raises(InvalidArgument, match="no job 'repare'; there are redeliver, repair, expire"):
        await shop.pay.run_jobs("repare")


async def test_a_failing_job_is_told_of_when_the_others_have_run(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(**_: object) -> None:
        raise LedgerUnavailable("the database cannot be used")

    shop.listen()
    await shop.order()
    shop.paid_at_bank()
    shop.clock.ms += 60_000
    monkeypatch.setattr(shop.pay.orders, "take_due_events", gone)
    with pytest.raises(LedgerUnavailable):
        await shop.pay.run_jobs()
    assert len(shop.runs) == 1
