"""Puts a world on a port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from vkpay_simulator.app import build_app, started
from vkpay_simulator.world import World

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to show, not what to bind to


@asynccontextmanager
async def serving(world: World, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serves the world and gives its address; port 0 takes a free one. Raises :class:`OSError` for a taken port."""
    runner = await started(build_app(world), shutdown_timeout=1.0)
    try:
        await web.TCPSite(runner, host, port).start()
        yield shown_url(host, runner.addresses[0][1])
    finally:
        await runner.cleanup()


def shown_url(host: str, port: int) -> str:
    """An address that a client on this machine can open."""
    shown = EVERYWHERE.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
