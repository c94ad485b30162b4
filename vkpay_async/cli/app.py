"""The commands, one module each."""

from __future__ import annotations

import typer

from vkpay_async.cli.demo.command import demo

app = typer.Typer(
    name="vkpay",
    help="WeChat Pay and Alipay through one asyncio API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Keeps ``demo`` a command of its own: an application with one command only would be that command."""


app.command()(demo)
