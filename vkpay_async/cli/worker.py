"""``vkpay worker``: the jobs, without a server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from enum import StrEnum
from importlib.util import find_spec
from typing import Annotated

import msgspec
import typer

from vkpay_async.cli.application import Drain, find_pay
from vkpay_async.cli.serve.server import end_within, loop_name, run, start_logging, stop_on_signals
from vkpay_async.cli.serve.serving import facts_of
from vkpay_async.cli.serve.view import handlers_text
from vkpay_async.cli.terminal import AsJson, errors_said, open_console, plain_table, print_json
from vkpay_async.client import VKPay
from vkpay_async.jobs import JOBS, JobCounts
from vkpay_async.ledger.engine import parsed_url

DONE = {
    "redeliver": "handlers run again",
    "repair": "orders asked after",
    "expire": "orders whose time was over",
    "refunds": "refunds asked after",
    "transfers": "transfers asked after",
    "delete": "unpaid orders deleted",
}


class Engine(StrEnum):
    """What runs the jobs again and again."""

    loop = "loop"
    procrastinate = "procrastinate"


def worker(
    app: Annotated[
        str,
        typer.Argument(
            metavar="APP",
            help="module:attribute, your VKPay with its handlers, or a function that returns it.",
        ),
    ],
    once: Annotated[
        bool, typer.Option("--once", help="Run each job once, say what it did, and end.")
    ] = False,
    job: Annotated[
        list[str] | None,
        typer.Option(help=f"With --once, only this job; several times. {', '.join(DONE)}."),
    ] = None,
    engine: Annotated[
        Engine | None,
        typer.Option(
            help="loop runs anywhere; procrastinate needs PostgreSQL and the extra, and is the default there."
        ),
    ] = None,
    drain: Drain = 30.0,
    as_json: AsJson = False,
) -> None:
    """Run the jobs: failed handlers again, payments, refunds and transfers that nothing was heard of, orders that expired.

    Any number of workers may run, on any machines; vkpay serve runs the jobs too, unless told --no-jobs. APP is needed
    because the jobs run its handlers.
    """
    with errors_said(as_json):
        pay = find_pay(app, None, None)
        start_logging()
        if once:
            _say_counts(run(_once(pay, job or ())), as_json)
        else:
            run(_work(pay, engine or default_engine(pay), drain, as_json))


def default_engine(pay: VKPay) -> Engine:
    """The one that is made for several machines, where there is what it needs."""
    on_postgresql = parsed_url(pay.orders.url).get_backend_name() == "postgresql"
    return Engine.procrastinate if on_postgresql and find_spec("procrastinate") else Engine.loop


async def _once(pay: VKPay, names: list[str] | tuple[()]) -> JobCounts:
    async with pay:
        return await pay.run_jobs(*names)


async def _work(pay: VKPay, engine: Engine, drain: float, as_json: bool) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(pay)
        looping = engine is Engine.loop
        await stack.enter_async_context(pay.jobs_running() if looping else _queue_running(pay, stop, drain))
        _say_started(pay, engine, as_json)
        await stop.wait()
        await end_within(stack.pop_all().aclose(), drain)


@asynccontextmanager
async def _queue_running(pay: VKPay, stop: asyncio.Event, drain: float) -> AsyncIterator[None]:
    """A worker that fails asks to stop, and its error is raised at the end."""
    from vkpay_async.jobs.procrastinate import run_worker, worker_app

    worker_app(pay)  # what is missing is said before anything starts
    logging.getLogger("procrastinate").setLevel(
        logging.WARNING
    )  # it would tell of every run, each five seconds
    working = asyncio.create_task(
        run_worker(pay, install_signal_handlers=False, shutdown_graceful_timeout=drain)
    )
    working.add_done_callback(lambda _: stop.set())
    try:
        yield
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


def _say_started(pay: VKPay, engine: Engine, as_json: bool) -> None:
    facts = facts_of(pay, loop_name())
    if as_json:
        print_json({"engine": engine, "jobs": [job.name for job in JOBS], **msgspec.to_builtins(facts)})
    else:
        typer.echo(
            f"vkpay worker: engine {engine}; database {facts.database}; {handlers_text(facts, named=True)}"
        )


def _say_counts(counts: JobCounts, as_json: bool) -> None:
    if as_json:
        print_json(counts)
        return
    table = plain_table("job", "done", "")
    table.columns[1].justify = "right"
    for name, count in msgspec.to_builtins(counts).items():
        table.add_row(name, str(count), DONE.get(name, ""))
    open_console().print(table)
