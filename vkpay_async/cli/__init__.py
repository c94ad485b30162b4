"""``vkpay``: the SDK at a terminal."""

from __future__ import annotations

import sys
from importlib.util import find_spec

NEEDED = ("rich", "typer")


def main() -> None:
    """The console script. Without the extra's packages it says which command installs them, and exits 1."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        sys.exit(f"vkpay needs {' and '.join(missing)}: pip install 'vkpay-async[cli]'")
    from vkpay_async.cli.app import app

    app()
