"""Merchants into the database, and the key they are encrypted under."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from vkpay_async.cli.merchants.reading import read_merchants
from vkpay_async.cli.settings import masked_merchant, toml_text
from vkpay_async.cli.source import DEFAULT_CONFIG, ConfigPath, Database, load_config, orders_url, shown_url
from vkpay_async.cli.terminal import AsJson, errors_said, marks_for, open_console, print_json, printable
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.config import Config, Merchant
from vkpay_async.config.vault import VARIABLE, new_key, required, vault_from_env, vault_from_text
from vkpay_async.errors import ConfigError
from vkpay_async.ledger import Ledger, Merchants
from vkpay_async.providers.registry import Providers

MerchantsFile = Annotated[
    Path, typer.Argument(help="TOML, or JSON: a config, or one or more rows of vk-pay-config.")
]


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One merchant, as it was written. ``problems`` are its nodes' that cannot be used as they are."""

    pid: str
    revision: int
    settings: dict[str, Any]
    problems: list[str]
    in_config: bool


class Import(msgspec.Struct, frozen=True, kw_only=True):
    database: str
    written: list[Written]


def import_merchants(
    file: MerchantsFile,
    pid: Annotated[str | None, typer.Option(help="What the file's only merchant is to be called.")] = None,
    config: ConfigPath = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Write merchants into the database, encrypted under VKPAY_CONFIG_KEY; keys and certificates in files are taken along.

    One that is there is replaced. Applications take it in within a minute.
    """
    with errors_said(as_json):
        required(vault_from_env())
        found = read_merchants(file, pid)
        done = asyncio.run(_written(orders_url(config, database), found, _config(config)))
    if as_json:
        print_json(done)
    else:
        _show(done)


def make_key(as_json: AsJson = False) -> None:
    """Print a fresh key for VKPAY_CONFIG_KEY. Nothing is kept: whoever loses it loses the merchants."""
    key = new_key()
    if as_json:
        print_json({"key": key, "key_id": vault_from_text(key).key_id})
    else:
        typer.echo(key)


def rotate(config: ConfigPath = None, database: Database = None, as_json: AsJson = False) -> None:
    """Encrypt every merchant under the newest key of VKPAY_CONFIG_KEY ("new,old"); then the older ones can go."""
    with errors_said(as_json):
        vault = required(vault_from_env())
        count = asyncio.run(_rotated(orders_url(config, database)))
    if as_json:
        print_json({"key_id": vault.key_id, "encrypted": count})
    else:
        typer.echo(f"{count} merchants encrypted anew; all are under key {vault.key_id}")


async def _written(url: str, found: list[Merchant], config: Config | None) -> Import:
    async with _merchants(url) as merchants:
        written = [
            Written(
                pid=merchant.pid,
                revision=await merchants.keep(merchant),
                settings=masked_merchant(merchant),
                problems=_problems(merchant),
                in_config=config is not None and merchant.pid in config.merchants,
            )
            for merchant in found
        ]
    return Import(database=shown_url(url), written=written)


async def _rotated(url: str) -> int:
    async with _merchants(url) as merchants:
        return await merchants.encrypt_anew()


@asynccontextmanager
async def _merchants(url: str) -> AsyncIterator[Merchants]:
    ledger = Ledger(url)
    try:
        yield Merchants(ledger, vault_from_env(), SYSTEM_ENV.now_ms)
    finally:
        await ledger.close()


def _problems(merchant: Merchant) -> list[str]:
    providers = Providers(Config(merchants={merchant.pid: merchant}), SYSTEM_ENV)
    problems = []
    for provider, platform in merchant.nodes:
        try:
            providers.get(merchant.pid, f"{provider}_{platform}")
        except ConfigError as error:
            problems.append(error.msg)
    return problems


def _config(path: Path | None) -> Config | None:
    return load_config(path) if path is not None or DEFAULT_CONFIG.exists() else None


def _show(done: Import) -> None:
    console = open_console()
    marks = marks_for(console)
    for one in done.written:
        line = f"{marks.good} {one.pid}: written to {done.database}, revision {one.revision}"
        console.print(Text(line), soft_wrap=True)
        console.print(Text(printable(toml_text({one.pid: one.settings}))), soft_wrap=True)
        for problem in one.problems:
            console.print(Text(f"{marks.bad} {printable(problem)}"), soft_wrap=True)
        if one.in_config:
            text = (
                f"{marks.doubtful} the config has a merchant {one.pid!r} too, which is the one that is used"
            )
            console.print(Text(text), soft_wrap=True)
    console.print(Text(f"{marks.so} give every process the same {VARIABLE}"), soft_wrap=True)
