"""The command: its options, the run, and what it prints."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Annotated, Protocol

import typer

from vkpay_async.cli.demo.authorizations import authorization_flows
from vkpay_async.cli.demo.harmony import harmony_flows
from vkpay_async.cli.demo.payments import partner_flows, payment_flows
from vkpay_async.cli.demo.purchases import purchase_flows
from vkpay_async.cli.demo.report import DemoFlow, Report, Watch, run_flows
from vkpay_async.cli.demo.shop import PARTNER, Shop, open_shop
from vkpay_async.cli.demo.simulator import SimulatorFailed
from vkpay_async.cli.demo.transfers import transfer_flows
from vkpay_async.cli.demo.view import Bar, Silent, show
from vkpay_async.cli.demo.ways import left_out
from vkpay_async.cli.terminal import AsJson, open_console
from vkpay_async.errors import ConfigError, LedgerUnavailable
from vkpay_async.registry import pay_types

# `default` has WeChat Pay's public key and Alipay's key mode, `certs` platform certificates and certificate mode.
MERCHANTS = ("default", "certs")
CHOICES = sorted(pay_types() | {"wxpay_transfer", "alipay_transfer"})
ENDED_BY_SIGTERM = 128 + signal.SIGTERM


class Viewer(Watch, Protocol):
    def expect(self, flows: Sequence[DemoFlow]) -> None:
        """Told of everything that is going to be done."""


def demo(
    as_json: AsJson = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this pay_type; may be given several times.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The simulator's port; 0 takes a free one.")
    ] = 0,
    seed: Annotated[int | None, typer.Option(help="The same seed draws the same numbers.")] = None,
    database: Annotated[
        str | None,
        typer.Option(help="Keep the orders there, as a SQLAlchemy URL; by default in a file that goes away."),
    ] = None,
) -> None:
    """Pay in every way there is, on this machine: create, pay, notify, query, refund; then transfers, and purchases on devices.

    Starts a simulator and stops it at the end. The exit status is 1 if any step failed.
    """
    chosen = _chosen(only)
    for line in left_out(chosen):
        typer.echo(line, err=True)
    try:
        report = (
            _watched_json(chosen, port, seed, database) if as_json else _watched(chosen, port, seed, database)
        )
    except (SimulatorFailed, ConfigError, LedgerUnavailable) as error:
        typer.echo(str(error), err=True)
        report = Report(flows=[])
    except asyncio.CancelledError:
        raise typer.Exit(ENDED_BY_SIGTERM) from None
    if as_json:
        typer.echo(report.to_json())
    raise typer.Exit(0 if report.ok else 1)


def _chosen(only: list[str] | None) -> frozenset[str]:
    if unknown := sorted(set(only or ()) - set(CHOICES)):
        raise typer.BadParameter(
            f"no flow {', '.join(unknown)}; there are {', '.join(CHOICES)}", param_hint="--only"
        )
    return frozenset(only or CHOICES)


def _watched_json(chosen: frozenset[str], port: int, seed: int | None, database: str | None) -> Report:
    return asyncio.run(run(chosen, port, seed, Silent(), database))


def _watched(chosen: frozenset[str], port: int, seed: int | None, database: str | None) -> Report:
    console = open_console()
    with Bar(console) as bar:
        report = asyncio.run(run(chosen, port, seed, bar, database))
    show(console, report)
    return report


async def run(
    chosen: frozenset[str], port: int, seed: int | None, viewer: Viewer, database: str | None = None
) -> Report:
    """Takes the chosen pay types through everything. Raises :class:`SimulatorFailed`."""
    started = perf_counter()
    with _ended_by_sigterm():
        async with open_shop(port, seed, database) as shop:
            flows = [flow for flow in all_flows(shop) if flow.pay_type in chosen]
            viewer.expect(flows)
            reports = await run_flows(flows, viewer)
    return Report(flows=reports, seconds=perf_counter() - started, code_url=shop.code_url)


def all_flows(shop: Shop) -> list[DemoFlow]:
    return [
        *(flow for merchant in MERCHANTS for flow in payment_flows(shop, merchant)),
        *partner_flows(shop, PARTNER),
        *(flow for merchant in MERCHANTS for flow in transfer_flows(shop, merchant)),
        *(flow for merchant in MERCHANTS for flow in authorization_flows(shop, merchant)),
        *(flow for merchant in MERCHANTS for flow in purchase_flows(shop, merchant)),
        *(flow for merchant in MERCHANTS for flow in harmony_flows(shop, merchant)),
    ]


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM cancels the run, so that the simulator is stopped then, too; asyncio does the same for Ctrl-C."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in a task
    with contextlib.suppress(NotImplementedError):  # where there are no such signals
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    yield
