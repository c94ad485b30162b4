"""The other side of :mod:`benchmarks.driven`: programs under measurement, each with an interpreter of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from benchmarks.results import ROOT


class DriverFailed(Exception):
    """A measured program ended, or could not be started; its own words are on the error output."""


class Driven:
    """A driver's process. ``environment`` names the virtual environment of a peer that needs one of its own."""

    def __init__(self, driver: str, environment: str | None = None, **variables: str) -> None:
        self.name = driver
        path = os.pathsep.join(str(one) for one in (ROOT, ROOT / "simulator"))
        self._process = subprocess.Popen(
            [interpreter(environment), "-m", f"benchmarks.drivers.{driver}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore", **variables},
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, do: str, **arguments: Any) -> Any:
        """Raises :class:`DriverFailed`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise DriverFailed(f"the driver {self.name} ended when it was asked to {do}")
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def interpreter(environment: str | None) -> str:
    return sys.executable if environment is None else str(_folder(environment) / "bin" / "python")


def there(environment: str) -> bool:
    """Whether ``make bench-setup`` has made it."""
    return Path(interpreter(environment)).exists()


def _folder(environment: str) -> Path:
    return ROOT / f".venv-bench-{environment}"
