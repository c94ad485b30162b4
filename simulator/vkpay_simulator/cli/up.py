"""``vkpay-sim up``: a simulator in the foreground."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from vkpay_simulator import rows, toml
from vkpay_simulator.serving import serving
from vkpay_simulator.world import Settings, World

READY = "VKPAY_SIM_READY"


def run(settings: Settings, host: str, port: int, config_out: Path | None) -> None:
    """Serves until SIGINT or SIGTERM. Standard output gets one line, ``VKPAY_SIM_READY <address>``; people read
    standard error. Raises :class:`OSError` for a taken port or a config file that cannot be written."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(settings, host, port, config_out))


async def _run(settings: Settings, host: str, port: int, config_out: Path | None) -> None:
    world = World(settings)
    async with serving(world, host, port) as url:
        if config_out is not None:
            config_out.write_text(toml.dumps(rows.config(world, url)), encoding="utf-8")  # noqa: ASYNC240 - at start
        _welcome(world, url, config_out)
        print(READY, url, flush=True)  # noqa: T201 - for the program that waits for it
        await _asked_to_stop()


def _welcome(world: World, url: str, config_out: Path | None) -> None:
    people = Console(stderr=True, highlight=False, soft_wrap=True)
    people.print(
        f"Simulator at [bold]{url}[/] — {', '.join(world.providers)}; merchants {', '.join(world.merchants)}"
    )
    if config_out is not None:
        people.print(f"Configuration in {config_out}: VKPay.from_file({str(config_out)!r})")
    people.print(f"Notifications go to {world.settings.notify_url}/…; Ctrl-C stops.")


async def _asked_to_stop() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows: Ctrl-C comes as KeyboardInterrupt
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    await stop.wait()
