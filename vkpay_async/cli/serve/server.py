"""One process that serves: it starts, runs until it is asked to stop, and drains."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from vkpay_async.cli.application import find_front_door
from vkpay_async.cli.serve.serving import Serving
from vkpay_async.cli.serve.sockets import not_listening
from vkpay_async.web.aiohttp import vkpay_handler

if TYPE_CHECKING:
    from vkpay_async.client import VKPay

T = TypeVar("T")

GRACE_S = 1.0
"""For what was cut off at the end of the drain to come to its end."""

SETTLE_S = 0.1
"""For a connection that was taken in the last moment to bring its request."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)
LOG_FORMAT = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"

log = logging.getLogger("vkpay_async.serve")


def loop_name() -> str:
    return "uvloop" if find_spec("uvloop") else "asyncio"


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs the program on uvloop where it is installed."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if loop_name() == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def start_logging() -> None:
    """To standard error, unless the user's module has arranged for something else."""
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)


async def serve(
    pay: VKPay,
    serving: Serving,
    sockets: Sequence[socket.socket],
    *,
    stop: asyncio.Event,
    ready: Callable[[], None],
) -> None:
    """Listens until ``stop`` is set; then no new connection is taken, and what runs has ``drain`` seconds to end.

    The sockets are closed in any case. Raises :class:`ConfigError` for a port that is taken, :class:`LedgerUnavailable`.
    """
    with ExitStack() as opened:
        for bound in sockets:
            opened.enter_context(bound)
        handler = build_handler(pay, serving)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(pay)
            if serving.jobs:
                await stack.enter_async_context(pay.jobs_running())
            access_log = logging.getLogger("aiohttp.access") if serving.access_log else None
            runner = web.ServerRunner(
                web.Server(handler, access_log=access_log), shutdown_timeout=serving.drain
            )
            stack.push_async_callback(_close, runner)
            try:
                await _listen(runner, serving, sockets)
                ready()
                await stop.wait()
            finally:
                await end_within(stack.pop_all().aclose(), serving.drain)


async def _listen(runner: web.ServerRunner, serving: Serving, sockets: Sequence[socket.socket]) -> None:
    await runner.setup()
    _settle_garbage()
    try:
        for bound in sockets:
            await web.SockSite(runner, bound).start()
    except OSError as error:
        raise not_listening(serving.host, serving.port, error) from error


def _settle_garbage() -> None:
    """What was loaded stays: looking through it again and again took a tenth of a notification's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def _close(runner: web.ServerRunner) -> None:
    for site in list(runner.sites):
        await site.stop()
    # aiohttp would leave a connection that has not begun to wait for its request unanswered until the end of the drain.
    await asyncio.sleep(SETTLE_S)
    await runner.cleanup()


def build_handler(pay: VKPay, serving: Serving) -> Callable[[web.BaseRequest], Awaitable[web.Response]]:
    """Raises :class:`ConfigError` for a front door that is none."""
    door = find_front_door(serving.front_door, pay) if serving.front_door else None
    return vkpay_handler(pay, front_door=door, prefix=serving.prefix)


def stop_on_signals(stop: asyncio.Event) -> None:
    """The first SIGINT or SIGTERM asks to stop. The second ends the process at once."""
    loop = asyncio.get_running_loop()

    def asked() -> None:
        log.info("stopping: what runs is waited for; a second signal ends at once")
        stop.set()
        for number in SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    with suppress(NotImplementedError):  # Windows: Ctrl-C comes as KeyboardInterrupt
        for number in SIGNALS:
            loop.add_signal_handler(number, asked)


async def end_within(ending: Awaitable[None], limit_s: float) -> None:
    """Waits for an orderly end; what is not over by then is cut off, and the process ends here."""
    try:
        async with asyncio.timeout(limit_s + GRACE_S):
            await ending
    except TimeoutError:
        log.warning(
            "not everything ended within --drain %g s: its notifications are stored, and their handlers run again when "
            "their time is over",
            limit_s,
        )
        await _cut_off()


async def _cut_off() -> None:
    """A handler that does not hear its cancellation, or a thread, would hold the process for ever."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=GRACE_S)
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)
