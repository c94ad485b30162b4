"""The addresses that are listened on."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from vkpay_async.errors import ConfigError

CAN_SHARE = hasattr(socket, "SO_REUSEPORT") and sys.platform != "win32"
NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to show, not what to bind to


def open_sockets(host: str, port: int, *, shared: bool = False) -> list[socket.socket]:
    """Bound and not yet listening; one for each address of ``host``, all with one port. Port 0 takes a free one.

    ``shared`` lets other processes bind the same port. Raises :class:`ConfigError`.
    """
    found: list[socket.socket] = []
    with ExitStack() as opened:
        try:
            for family, address in _addresses(host, port):
                chosen = port or (found[0].getsockname()[1] if found else 0)
                bound = _bound(family, (address[0], chosen, *address[2:]), shared)
                if bound is not None:
                    found.append(opened.enter_context(bound))
        except OSError as error:
            raise not_listening(host, port, error) from error
        if not found:
            raise ConfigError(
                f"cannot listen on {host}: this machine has no such address; choose another --host"
            )
        opened.pop_all()
    return found


def check_free(host: str, port: int) -> None:
    """A port that others share could be bound once more, and its requests would go to either. Raises :class:`ConfigError`."""
    for bound in open_sockets(host, port):
        bound.close()


def not_listening(host: str, port: int, error: OSError) -> ConfigError:
    reason = error.strerror or str(error)
    return ConfigError(
        f"cannot listen on {host}:{port}: {reason}. Choose another --port (0 takes a free one), or stop what listens there"
    )


def shown_addresses(sockets: Sequence[socket.socket], prefix: str = "") -> list[str]:
    """What a client on this machine can open."""
    shown = []
    for bound in sockets:
        name, port = bound.getsockname()[:2]
        host = EVERYWHERE.get(name, name)
        shown.append(f"http://[{host}]:{port}{prefix}" if ":" in host else f"http://{host}:{port}{prefix}")
    return shown


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, tuple(address)) for family, _, _, _, address in infos))


def _bound(family: socket.AddressFamily, address: tuple[Any, ...], shared: bool) -> socket.socket | None:
    """``None`` where the machine lacks an address that the name has, such as IPv6's ``localhost``."""
    with ExitStack() as opened:
        made = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
        if sys.platform != "win32":  # there it would let anybody take the port over
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)
        try:
            made.bind(address)
        except OSError as error:
            if error.errno in NOT_HERE:
                return None
            raise
        opened.pop_all()
        return made
