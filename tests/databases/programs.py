"""Run the programs that make a data directory."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tests.databases.account import Unavailable

_ROOT_HINT = (
    " (it must not run as root, and root has to be allowed to become 'nobody'; or run the tests as a user)"
)


def run(command: list[str], **more: Any) -> None:
    """Raises :class:`Unavailable` with what the program wrote."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **more,
        )
    except OSError as error:
        why = f"{Path(command[0]).name} cannot be started: {error.strerror}"
        raise Unavailable(f"{why}{_ROOT_HINT if 'user' in more else ''}") from None
    if done.returncode != 0:
        output = done.stdout.decode(errors="replace").strip()
        raise Unavailable(f"{Path(command[0]).name} ended with {done.returncode}:\n{output[-1500:]}")
