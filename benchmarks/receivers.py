"""Receivers as processes of their own: ``vkpay serve``, and those beside it. Each says where it listens, and leaves notes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import msgspec

from benchmarks.deliveries import PREFIX
from benchmarks.driven import CORE
from benchmarks.notes import Noted
from benchmarks.results import ROOT
from benchmarks.served import VARIABLE, Settings
from benchmarks.stores import family_cpu

STOP_S = 60
APP = "benchmarks.served:pay"
VKPAY = "from vkpay_async.cli import main; main()"
"""The command of that name, in whatever environment this is."""

SLOW_DISK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
#define SLOW(name) int name(int file) { static int (*real)(int); if (!real) real = dlsym(RTLD_NEXT, #name); \\
  usleep(3000); return real(file); }
SLOW(fsync)
SLOW(fdatasync)
"""


class NotServing(Exception):
    """A receiver that did not start, or did not end as it should; its last words are in the text."""


class Receiving:
    """One receiver, from its start to its end. ``store`` and ``name`` say which; ours is ``vkpay serve``."""

    def __init__(
        self, store: str, name: str, found: Settings, *, app: str = APP, slow_disk: Path | None = None
    ) -> None:
        self.name = name
        self._found = found
        self._words = Path(found.notes) / "words"
        self._slow_disk = slow_disk
        if name in ("ours", "claim"):
            served = ["serve", app, "--port", "0", "--prefix", PREFIX, "--workers", str(found.processes)]
            self._command = [sys.executable, "-c", VKPAY, *served, "--json"]
        else:
            self._command = [sys.executable, "-m", "benchmarks.drivers.receiving", store, name]

    def __enter__(self) -> Self:
        with self._words.open("wb") as words:
            self._process = subprocess.Popen(
                self._command,
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
                cwd=ROOT,
                env=self._environment(),
            )
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self._process.pid, self._cores())
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._process.stdout.close()
            raise NotServing(f"{self.name} did not start: {self._last_words()}")
        said = json.loads(line)
        self.port: int = urlsplit(said["addresses"][0]).port
        self.pids: list[int] = said["workers"]
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def cpu(self) -> float:
        return family_cpu(self._process.pid)

    def rss_mib(self) -> float:
        """Of the largest of its processes."""
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids]
        return max(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def stop(self) -> Noted:
        """Asks it to end, which it does when all its handlers' outcomes are stored. Raises :class:`NotServing`."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            raise NotServing(f"{self.name} did not end: {self._last_words()}") from None
        noted = Noted.read(Path(self._found.notes))
        if noted.processes != len(self.pids):
            raise NotServing(f"{self.name} did not end in order: {self._last_words()}")
        return noted

    def _cores(self) -> set[int]:
        cores = os.cpu_count() or 1
        return {CORE} if self._found.processes == 1 and cores > CORE else set(range(cores))

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        settings = {VARIABLE: msgspec.json.encode(self._found).decode(), "PYTHONPATH": path}
        slow = {"LD_PRELOAD": str(self._slow_disk)} if self._slow_disk else {}
        return {**os.environ, **settings, **slow, "PYTHONWARNINGS": "ignore"}

    def _last_words(self) -> str:
        lines = self._words.read_text(errors="replace").splitlines()
        return "\n".join(lines[-12:]) or "it said nothing"


def slow_disk(folder: Path) -> Path:
    """A library to load before the C library, whose fsync takes 3 ms longer, as a disk in a cloud does. Raises ``SystemExit``."""
    library = folder / "slow.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", str(library), "-ldl"]
    try:
        subprocess.run(command, input=SLOW_DISK.encode(), check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"--slow-disk needs gcc: {error}") from None
    return library
