"""The command: what is looked at, in which order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from vkpay_async.cli.doctor.address import check_notify_url
from vkpay_async.cli.doctor.check import Check, Report, misconfigured
from vkpay_async.cli.doctor.database import check_database
from vkpay_async.cli.doctor.nodes import check_node
from vkpay_async.cli.doctor.online import check_online
from vkpay_async.cli.doctor.reading import Reading, read_config
from vkpay_async.cli.doctor.view import show
from vkpay_async.cli.source import DEFAULT_CONFIG, ConfigPath, Database, database_url
from vkpay_async.cli.terminal import AsJson, open_console, print_json
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.config import Config, Node
from vkpay_async.providers.base import Env
from vkpay_async.providers.registry import Providers
from vkpay_async.transport import Transport


def doctor(
    config: ConfigPath = None,
    database: Database = None,
    online: Annotated[
        bool, typer.Option("--online", help="Ask the providers too: one harmless signed call for each node.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What is wrong with the configuration, and what to do.

    Looks at every merchant's keys, certificates and addresses and at the database; changes nothing. The exit status
    is 1 if there is a problem; warnings leave it 0.
    """
    report = asyncio.run(examine(config or DEFAULT_CONFIG, database, online=online))
    if as_json:
        print_json(report.to_builtins())
    else:
        show(open_console(), report)
    raise typer.Exit(0 if report.ok else 1)


async def examine(path: Path, database: str | None, *, online: bool, env: Env = SYSTEM_ENV) -> Report:
    """``env`` is this machine's time."""
    reading = read_config(path)
    checks = _config_checks(path, reading)
    if reading.config is not None:
        checks += await _merchant_checks(reading.config, env, online=online)
    if reading.config is not None or database:
        checks.append(await check_database(database_url(reading.config, database)))
    return Report(checks=checks)


def _config_checks(path: Path, reading: Reading) -> list[Check]:
    if reading.mistakes:
        return [misconfigured(error, kind="config", where=str(path)) for error in reading.mistakes]
    if reading.config is not None and reading.config.merchants:
        merchants = reading.config.merchants.values()
        nodes = sum(len(merchant.nodes) for merchant in merchants)
        return [Check(kind="config", detail=f"{path}: merchants {len(merchants)}, nodes {nodes}")]
    return [
        Check(
            kind="config",
            state="problem",
            detail=f"{path} has no merchant",
            advice="add a table for each pay_type, such as [wxpay.h5]",
        )
    ]


async def _merchant_checks(config: Config, env: Env, *, online: bool) -> list[Check]:
    providers, now = Providers(config, env), datetime.fromtimestamp(env.now_ms() / 1000, UTC)
    nodes = [node for merchant in config.merchants.values() for node in merchant.nodes.values()]
    checks, sound = [], []
    for node in nodes:
        found = check_node(node, providers, now)
        checks += found
        if all(check.kind != "keys" or check.state == "ok" for check in found):
            sound.append(node)
    checks += [check_notify_url(config, merchant) for merchant in config.merchants.values() if merchant.nodes]
    return checks + (await _online_checks(config, sound, providers, env) if online else [])


async def _online_checks(config: Config, nodes: list[Node], providers: Providers, env: Env) -> list[Check]:
    transport = Transport(config.http)
    try:
        return await check_online(nodes, providers, transport, env)
    finally:
        await transport.close()
