"""Results as files: what was measured, on what, when, at which revision. Nothing in them says whose machine it was."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness import Measured, Samples

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks" / "results"
PACKAGES = (
    "aiohttp",
    "app-store-server-library",
    "cryptography",
    "fastapi",
    "gmssl-pyx",
    "msgspec",
    "qrcode",
    "sqlalchemy",
    "uvicorn",
    "uvloop",
    "vkpay-async",
    "wechatpayv3",
)


class Revealing(Exception):
    """A result that would tell where it was taken."""


class Result(msgspec.Struct, kw_only=True):
    """One run of a question. ``at`` is UTC; ``revision`` ends in ``+`` where files had been changed since."""

    question: str
    at: str
    revision: str
    quick: bool
    options: dict[str, Any]
    machine: dict[str, Any]
    versions: dict[str, str]
    samples: Samples
    seconds: float = 0.0
    """How long it took."""

    facts: dict[str, Any] = {}
    wrong: list[str] = []

    @property
    def rounds(self) -> int:
        return max((len(values) for case in self.samples.values() for values in case.values()), default=0)


def result_of(
    question: str,
    options: dict[str, Any],
    measured: Measured,
    *,
    seconds: float = 0.0,
    now: datetime | None = None,
) -> Result:
    versions = {name: found for name in PACKAGES if (found := _version(name))}
    return Result(
        question=question,
        at=(now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        revision=revision(),
        quick=bool(options.get("quick")),
        options={name: value for name, value in options.items() if name not in ("json", "out", "question")},
        machine=machine(),
        versions={**versions, **measured.facts.pop("versions", {})},
        samples={
            case: {figure: [_short(value) for value in values] for figure, values in figures.items()}
            for case, figures in measured.samples.items()
        },
        seconds=round(seconds, 1),
        facts=measured.facts,
        wrong=list(measured.wrong),
    )


def encoded(result: Result) -> bytes:
    """As it is written. Raises :class:`Revealing` for a path or a name of this machine in it."""
    text = msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n"
    for secret in (str(ROOT), str(Path.home()), socket.gethostname()):
        if len(secret) > 3 and secret.encode() in text:
            raise Revealing("a path or the host name of this machine is in the result: leave it out")
    return text


def write(result: Result, folder: Path = FOLDER) -> Path:
    """The file's name is the question and the moment. Raises :class:`Revealing`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.question}-{result.at.replace('-', '').replace(':', '')}.json"
    path.write_bytes(encoded(result))
    return path


def kept(apart: Mapping[str, Sequence[str]], folder: Path = FOLDER) -> dict[str, list[Result]]:
    """The last whole run of each question that nothing was wrong with; for one in ``apart`` of each setting of those options.

    The newest comes first.
    """
    questions: dict[str, list[Result]] = {}
    for newest, *_ in series(apart, folder).values():
        questions.setdefault(newest.question, []).append(newest)
    return questions


def series(apart: Mapping[str, Sequence[str]], folder: Path = FOLDER) -> dict[tuple[str, ...], list[Result]]:
    """All whole runs that nothing was wrong with, by what makes them another measurement. The newest comes first."""
    runs = [msgspec.json.decode(path.read_bytes(), type=Result) for path in folder.glob("*.json")]
    found: dict[tuple[str, ...], list[Result]] = {}
    for result in sorted(runs, key=lambda one: one.at, reverse=True):
        if not result.quick and not result.wrong:
            set_to = [repr(result.options.get(name)) for name in apart.get(result.question, ())]
            found.setdefault((result.question, *set_to), []).append(result)
    return found


def machine() -> dict[str, Any]:
    """What matters for speed, and nothing that tells one machine from another of its kind."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def revision() -> str:
    commit = _git("rev-parse", "--short=12", "HEAD")
    changed = _git(
        "status", "--porcelain", "--untracked-files=no", "--", "vkpay_async", "simulator", "benchmarks/*.py"
    )
    return f"{commit}+" if commit and changed else commit or "unknown"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _short(value: float) -> float:
    """Six digits are more than any clock here is good for."""
    return float(f"{value:.6g}")
