"""``vkpay-sim up``: a simulator in the foreground."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from vkpay_simulator import rows, toml
from vkpay_simulator.serving import serving
from vkpay_simulator.world import Settings, World

READY = "VKPAY_SIM_READY"
SIGNATURE = "# Written by vkpay-sim up; written again each time it starts.\n"


class CannotStart(Exception):
    """The text says why, and what to change."""


def run(settings: Settings, host: str, port: int, config_out: Path | None) -> None:
    """Serves until SIGINT or SIGTERM. Standard output gets one line, ``VKPAY_SIM_READY <address>``; people read
    standard error. Raises :class:`CannotStart` for a taken port or a config file that cannot be written."""
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_run(settings, host, port, config_out))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed (the extra ``[fast]``)."""
    if find_spec("uvloop") is None:
        return None
    import uvloop

    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _run(settings: Settings, host: str, port: int, config_out: Path | None) -> None:
    world = World(settings)
    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(serving(world, host, port))
        except OSError as error:
            raise CannotStart(_not_listening(host, port, error)) from error
        if config_out is not None:
            _write_config(config_out, toml.dumps(rows.config(world, url)))
        seldom_collect()
        _welcome(world, url, config_out)
        print(READY, url, flush=True)  # noqa: T201 - for the program that waits for it
        await _asked_to_stop()


def seldom_collect() -> None:
    """For a process that is the simulator's own: it keeps every order and a long journal, and nearly all of that is no garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _not_listening(host: str, port: int, error: OSError) -> str:
    reason = (error.strerror or str(error)).rpartition("): ")[2]
    return f"Cannot listen on {host}:{port}: {reason}. Choose another --port (0 takes a free one) or --host."


def _write_config(path: Path, text: str) -> None:
    """Real keys may stand in a file of that name: only what a simulator wrote is written over."""
    try:
        if path.exists() and not path.read_bytes().startswith(SIGNATURE.encode()):
            raise CannotStart(
                f"{path} was not written by vkpay-sim: choose another --config-out, or move it."
            )
        path.write_text(SIGNATURE + text, encoding="utf-8")
    except OSError as error:
        raise CannotStart(f"Cannot write {path}: {error.strerror}. Choose another --config-out.") from error


def _welcome(world: World, url: str, config_out: Path | None) -> None:
    people = Console(stderr=True, highlight=False, soft_wrap=True)
    people.print(
        f"Simulator at [bold]{url}[/] ({', '.join(world.providers)}; merchants {', '.join(world.merchants)})"
    )
    if config_out is not None:
        people.print(f"Configuration in {config_out}: VKPay.from_file({str(config_out)!r})")
    people.print(f"A page with its orders, and buttons to pay them, at {url}/")
    people.print(f"Notifications go to {world.settings.notify_url}/...; Ctrl-C stops.")


async def _asked_to_stop() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows: Ctrl-C comes as KeyboardInterrupt
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    await stop.wait()
