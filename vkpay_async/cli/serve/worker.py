"""A worker process: ``python -m vkpay_async.cli.serve.worker <descriptor>`` of the supervisor's channel.

The channel brings the options and takes word that the worker serves. When it closes, the supervisor is gone, and the
worker stops as if it had been asked.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from pathlib import Path

import msgspec

from vkpay_async.cli.application import find_pay
from vkpay_async.cli.serve.server import SIGNALS, loop_name, run, serve, start_logging
from vkpay_async.cli.serve.serving import Serving, facts_of
from vkpay_async.cli.serve.sockets import open_sockets
from vkpay_async.client import VKPay
from vkpay_async.errors import ConfigError, VKPayError
from vkpay_async.ledger.engine import in_memory, parsed_url


def main(descriptor: int) -> None:
    for number in SIGNALS:  # Ctrl-C reaches the whole group, and must not end in a traceback
        signal.signal(number, signal.SIG_DFL)
    channel = socket.socket(fileno=descriptor)
    with channel.makefile("rb") as options:
        serving = msgspec.json.decode(options.readline(), type=Serving)
    try:
        pay = find_pay(serving.app, Path(serving.config) if serving.config else None, serving.database)
        _check(pay)
        start_logging()
        run(_serve(pay, serving, channel))
    except VKPayError as error:
        sys.exit(error.msg)


def _check(pay: VKPay) -> None:
    if in_memory(parsed_url(pay.orders.url)):
        raise ConfigError(
            "a database in memory is each worker's own: name a file or a server, or serve with --workers 1"
        )


async def _serve(pay: VKPay, serving: Serving, channel: socket.socket) -> None:
    stop = asyncio.Event()
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    reader, writer = await asyncio.open_connection(sock=channel)
    watching = asyncio.create_task(_orphaned(reader, stop))

    def ready() -> None:
        writer.write(msgspec.json.encode(facts_of(pay, loop_name())) + b"\n")

    try:
        sockets = open_sockets(serving.host, serving.port, shared=True)
        await serve(pay, serving, sockets, stop=stop, ready=ready)
    finally:
        watching.cancel()
        writer.close()


async def _orphaned(reader: asyncio.StreamReader, stop: asyncio.Event) -> None:
    await reader.read(1)
    stop.set()


if __name__ == "__main__":
    main(int(sys.argv[1]))
