"""The commands, one module each."""

from __future__ import annotations

from typing import Annotated

import typer

from vkpay_async.cli.db import db
from vkpay_async.cli.demo.command import demo
from vkpay_async.cli.doctor.command import doctor
from vkpay_async.cli.merchants.command import import_merchants, make_key, rotate
from vkpay_async.cli.notifications.command import notifications
from vkpay_async.cli.orders.command import orders
from vkpay_async.cli.query import query
from vkpay_async.cli.reconcile.command import reconcile
from vkpay_async.cli.serve.command import serve_command
from vkpay_async.cli.settings import settings
from vkpay_async.cli.worker import worker
from vkpay_async.version import VERSION

app = typer.Typer(
    name="vkpay",
    help="WeChat Pay, Alipay, Douyin, Huawei, Apple and VksPay through one asyncio API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vkpay {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that stand before a command."""


app.command()(demo)
app.command()(doctor)
app.command()(query)
app.command("serve")(serve_command)
app.command()(worker)
app.command()(reconcile)
settings.command("import")(import_merchants)
settings.command("key")(make_key)
settings.command("rotate")(rotate)
app.add_typer(orders)
app.add_typer(notifications)
app.add_typer(settings)
app.add_typer(db)
