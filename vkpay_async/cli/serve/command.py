"""``vkpay serve``: its options, and the choice between one process and several."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from typing import Annotated

import msgspec
import typer

from vkpay_async.cli.application import AppName, Drain, find_pay
from vkpay_async.cli.serve.server import loop_name, run, serve, start_logging, stop_on_signals
from vkpay_async.cli.serve.serving import Facts, Serving, facts_of
from vkpay_async.cli.serve.sockets import CAN_SHARE, check_free, open_sockets, shown_addresses
from vkpay_async.cli.serve.supervisor import Supervisor
from vkpay_async.cli.serve.view import say_started
from vkpay_async.cli.source import ConfigPath, Database
from vkpay_async.cli.terminal import AsJson, errors_said
from vkpay_async.client import VKPay
from vkpay_async.errors import ConfigError

DEFAULT_PORT = 8787


def serve_command(
    app: AppName = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="0 takes a free one, which the first line says.")
    ] = DEFAULT_PORT,
    prefix: Annotated[
        str, typer.Option(help="The path that everything stands below, such as /pay; none by default.")
    ] = "",
    workers: Annotated[
        int, typer.Option(min=1, max=256, help="Processes that share the port (Linux, macOS).")
    ] = 1,
    front_door: Annotated[
        str | None,
        typer.Option(metavar="MODULE:ATTRIBUTE", help="Your FrontDoor, to be answered at /; off by default."),
    ] = None,
    jobs: Annotated[
        bool, typer.Option("--jobs/--no-jobs", help="Run the jobs here, or leave them to vkpay worker.")
    ] = True,
    drain: Drain = 30.0,
    access_log: Annotated[bool, typer.Option("--access-log", help="Log every request.")] = False,
    config: ConfigPath = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Serve the notify addresses, /health and /ready, and run your handlers.

    APP names your VKPay, as shop:pay. Without it the config alone is served: notifications are checked and stored, and
    no handler runs. SIGTERM and Ctrl-C stop taking connections and wait for what runs; a second one ends at once.
    """
    serving = Serving(
        app=app,
        config=str(config) if config else None,
        database=database,
        front_door=front_door,
        host=host,
        port=port,
        prefix=prefix.rstrip("/"),
        workers=workers,
        jobs=jobs,
        drain=drain,
        access_log=access_log,
    )
    with errors_said(as_json):
        _check(serving)
        if workers > 1:
            status = run(_serve_supervised(serving, as_json))
        else:
            pay = find_pay(app, config, database)
            start_logging()
            status = run(_serve_here(pay, serving, as_json))
    raise typer.Exit(status)


def _check(serving: Serving) -> None:
    if serving.prefix and not serving.prefix.startswith("/"):
        raise ConfigError(f"--prefix {serving.prefix}: write it as it stands in addresses, like /pay")
    if serving.workers > 1 and not CAN_SHARE:
        raise ConfigError(
            "--workers above 1 needs a system where processes can share a port (SO_REUSEPORT): Linux or macOS"
        )


async def _serve_here(pay: VKPay, serving: Serving, as_json: bool) -> int:
    stop = asyncio.Event()
    stop_on_signals(stop)
    sockets = open_sockets(serving.host, serving.port)

    def ready() -> None:
        facts, addresses = facts_of(pay, loop_name()), shown_addresses(sockets, serving.prefix)
        say_started(serving, facts, addresses, [os.getpid()], as_json=as_json)

    await serve(pay, serving, sockets, stop=stop, ready=ready)
    return 0


async def _serve_supervised(serving: Serving, as_json: bool) -> int:
    start_logging()
    check_free(serving.host, serving.port)
    with ExitStack() as held:  # keeps the port between two workers
        sockets = open_sockets(serving.host, serving.port, shared=True)
        for bound in sockets:
            held.enter_context(bound)
        addresses = shown_addresses(sockets, serving.prefix)
        chosen = msgspec.structs.replace(serving, port=sockets[0].getsockname()[1])

        def started(facts: Facts, pids: list[int]) -> None:
            say_started(chosen, facts, addresses, pids, as_json=as_json)

        return await Supervisor(chosen, started=started).run()
