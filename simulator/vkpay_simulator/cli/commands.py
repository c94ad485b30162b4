"""The commands. All but ``up`` are thin clients of the control API."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from vkpay_simulator.cli import show
from vkpay_simulator.cli.client import CallError, call

app = typer.Typer(
    name="vkpay-sim",
    help="A payment sandbox on this machine: WeChat Pay, Alipay, Douyin, Huawei, Apple and VksPay, with real signatures.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Url = Annotated[
    str,
    typer.Option(
        "--url", envvar="VKPAY_SIM_URL", help="Address of the running simulator.", show_default=True
    ),
]
Provider = Annotated[str | None, typer.Option(help="Needed where a number exists at two providers.")]
Pid = Annotated[str | None, typer.Option(help="Needed where a number exists at two merchants.")]
DEFAULT_URL = "http://127.0.0.1:9200"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vkpay-sim {version('vkpay-async')}")
        raise typer.Exit


def _http_address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r} is no address: begin with http:// or https://")
    return url


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free port.")] = 9200,
    seed: Annotated[int | None, typer.Option(help="The same seed draws the same numbers.")] = None,
    config_out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Writes a vkpay.toml for the SDK.")
    ] = None,
    notify_url: Annotated[
        str, typer.Option(help="Base notify address of the merchants.", callback=_http_address)
    ] = "http://127.0.0.1:8000/pay",
    allow_notify_host: Annotated[
        list[str] | None, typer.Option(help="A host besides this machine that notifications may go to.")
    ] = None,
    sign_with_virtual_time: Annotated[
        bool, typer.Option("--sign-with-virtual-time", help="Signatures carry the moved clock's time.")
    ] = False,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Tolerates known bugs of published clients.")
    ] = False,
) -> None:
    """Start a simulator and keep it running until Ctrl-C."""
    from vkpay_simulator.cli.up import CannotStart, run
    from vkpay_simulator.world import Settings

    settings = Settings(
        seed=seed,
        sign_with_virtual_time=sign_with_virtual_time,
        lenient=lenient,
        allow_notify_hosts=frozenset(allow_notify_host or ()),
        notify_url=notify_url.rstrip("/"),
    )
    try:
        run(settings, host, port, config_out)
    except CannotStart as error:
        _fail(str(error))


@app.command()
def pay(
    number: Annotated[str, typer.Argument(help="The merchant's order number.")],
    url: Url = DEFAULT_URL,
    payer: Annotated[str | None, typer.Option(help="The buyer's id at the provider.")] = None,
    channel: Annotated[str | None, typer.Option(help="Bank type or fund channel.")] = None,
    provider: Provider = None,
    pid: Pid = None,
) -> None:
    """Be the buyer: pay an order, and see what the merchant's server said to the notification."""
    body = {"out_trade_no": number, "payer": payer, "channel": channel, "provider": provider, "pid": pid}
    order = _call(url, "POST", "pay", {key: value for key, value in body.items() if value is not None})
    show.order(order)
    show.deliveries(
        [one for one in _call(url, "GET", "deliveries")["deliveries"] if one["subject"] == number],
        empty="No notification. Has the order a notify_url?",
    )


@app.command()
def advance(
    time: Annotated[str, typer.Argument(help="24h4m, 15s, 1d, or seconds.")], url: Url = DEFAULT_URL
) -> None:
    """Move business time forward; what is due on the way happens before this returns."""
    show.clock(_call(url, "POST", "clock", {"advance_seconds": time}))


@app.command()
def orders(url: Url = DEFAULT_URL) -> None:
    """List the orders."""
    show.orders(_call(url, "GET", "orders")["orders"])


@app.command()
def deliveries(url: Url = DEFAULT_URL) -> None:
    """List the notifications and what became of them."""
    show.deliveries(_call(url, "GET", "deliveries")["deliveries"])


@app.command()
def journal(
    url: Url = DEFAULT_URL,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 30,
    out_trade_no: Annotated[str | None, typer.Option(help="Only what is about this order.")] = None,
) -> None:
    """List requests and notifications, with the reason where one was rejected."""
    query = {"limit": str(limit)} | ({"out_trade_no": out_trade_no} if out_trade_no else {})
    show.journal(_call(url, "GET", "journal", query=query)["entries"])


def _call(
    url: str, method: str, path: str, body: dict[str, Any] | None = None, query: dict[str, str] | None = None
) -> Any:
    try:
        return call(url, method, path, body, query)
    except CallError as error:
        return _fail(str(error))


def _fail(message: str) -> Any:
    typer.echo(message, err=True)
    raise typer.Exit(1)
