"""The engine for several machines, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from importlib.util import find_spec

import pytest
from procrastinate import App
from procrastinate.exceptions import AlreadyEnqueued

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from vkpay_async import ConfigError
from vkpay_async.jobs import JOBS
from vkpay_async.jobs import procrastinate as engine
from vkpay_async.jobs.procrastinate import apply_schema, run_worker, worker_app


@pytest.fixture
async def shop_on_postgresql(
    bank: Bank, clock: Clock, fresh_database: Callable[[str], str]
) -> AsyncIterator[Shop]:
    shop = open_shop(bank, clock, fresh_database("postgresql"))
    async with shop.pay:
        yield shop


@pytest.fixture
async def app(shop_on_postgresql: Shop) -> AsyncIterator[App]:
    app = worker_app(shop_on_postgresql.pay)
    async with app.open_async():
        await apply_schema(app)
        yield app


async def waiting(app: App) -> list[str]:
    return sorted(job.task_name for job in await app.job_manager.list_jobs_async(status="todo"))


async def test_a_worker_runs_the_jobs(shop_on_postgresql: Shop, app: App) -> None:
    shop = shop_on_postgresql
    shop.listen()
    await shop.order()
    shop.paid_at_bank()
    shop.clock.ms += 60_000
    await app.configure_task("vkpay:repair", allow_unknown=False).defer_async(timestamp=1)
    await run_worker(shop.pay, wait=False, install_signal_handlers=False)
    assert len(shop.runs) == 1
    assert await app.job_manager.list_jobs_async(task="vkpay:repair", status="succeeded") == []


async def test_every_job_comes_again_and_none_piles_up(app: App) -> None:
    periodic = {task.task.name: task.cron for task in app.periodic_registry.periodic_tasks.values()}
    assert set(periodic) == {f"vkpay:{job.name}" for job in JOBS} | {"vkpay:tidy"}
    assert periodic["vkpay:redeliver"] == "* * * * * */5"
    for name in periodic:
        await app.configure_task(name).defer_async(timestamp=1)
        with pytest.raises(AlreadyEnqueued):
            await app.configure_task(name).defer_async(timestamp=2)
    assert await waiting(app) == sorted(periodic)


async def test_a_failed_run_stays_to_be_seen_and_does_not_keep_the_next_one_away(
    shop_on_postgresql: Shop, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shop_on_postgresql
    shop.listen()
    await shop.order()
    shop.paid_at_bank()
    shop.clock.ms += 60_000
    task = app.configure_task("vkpay:repair")

    async def broken(*names: str) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patched:
        patched.setattr(shop.pay, "run_jobs", broken)
        await task.defer_async(timestamp=1)
        await app.run_worker_async(wait=False, install_signal_handlers=False)
    assert await app.job_manager.list_jobs_async(task="vkpay:repair", status="failed")
    with suppress(AlreadyEnqueued):
        await task.defer_async(timestamp=2)
    await app.run_worker_async(wait=False, install_signal_handlers=False)
    assert len(shop.runs) == 1


async def test_what_a_killed_worker_left_behind_is_tidied_away(app: App) -> None:
    manager = app.job_manager
    await app.configure_task("vkpay:repair").defer_async(timestamp=1)
    worker = await manager.register_worker()
    taken = await manager.fetch_job(queues=["vkpay"], worker_id=worker)
    assert taken is not None
    await manager.unregister_worker(worker)
    await app.tasks["vkpay:tidy"](timestamp=1)
    assert await manager.list_jobs_async(id=taken.id) == []


async def test_the_tables_are_made_once_by_workers_that_start_together(shop_on_postgresql: Shop) -> None:
    apps = [worker_app(shop_on_postgresql.pay) for _ in range(3)]
    for app in apps:
        await app.open_async()
    try:
        await asyncio.gather(*(apply_schema(app) for app in apps))
        await apply_schema(apps[0])
        assert await apps[0].check_connection_async()
    finally:
        for app in apps:
            await app.close_async()


@pytest.mark.parametrize(
    ("url", "conninfo"),
    [
        (
            "postgresql+asyncpg://pay:p%40ss@db.example:5433/shop?ssl=require&prepared_statement_cache_size=0",
            "sslmode=require host=db.example port=5433 user=pay password=p@ss dbname=shop",
        ),
        ("postgresql:///shop?host=/var/run/postgresql", "host=/var/run/postgresql dbname=shop"),
    ],
)
def test_the_ledgers_url_is_told_to_libpq(url: str, conninfo: str) -> None:
    assert engine._conninfo(url) == conninfo


def test_another_database_is_refused_with_what_to_do(bank: Bank, clock: Clock) -> None:
    with pytest.raises(ConfigError, match=r"need PostgreSQL.*pay\.jobs_running\(\)"):
        worker_app(open_shop(bank, clock, "sqlite://").pay)


def test_without_the_extra_the_command_is_named(
    bank: Bank, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        engine, "find_spec", lambda name: None if name == "procrastinate" else find_spec(name)
    )
    with pytest.raises(ConfigError, match=r"pip install 'vkpay-async\[jobs\]'"):
        worker_app(open_shop(bank, clock, "postgresql://shop@db.example/shop").pay)
