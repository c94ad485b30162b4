"""Interleaved rounds: A B C, A B C, …; what counts is the median of the ratios within a round.

The clock of a shared machine drifts by half between runs, so an absolute figure says little and a ratio taken in one
round says much.
"""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

Measure = Callable[[], float]


def pin(core: int) -> None:
    """Keeps this process on one core, where the system lets it."""
    if hasattr(os, "sched_setaffinity") and core < (os.cpu_count() or 1):
        os.sched_setaffinity(0, {core})


def interleaved(measures: Mapping[str, Measure], rounds: int) -> dict[str, list[float]]:
    """Runs every measure once a round, the first round uncounted."""
    samples: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(rounds + 1):
        for name, measure in measures.items():
            value = measure()
            if number:
                samples[name].append(value)
    return samples


def ratio(samples: Mapping[str, list[float]], name: str, floor: str) -> dict[str, float]:
    """The median of the per-round ratios, and the lowest and highest."""
    ratios = [a / b for a, b in zip(samples[name], samples[floor], strict=True)]
    return {
        "median": round(statistics.median(ratios), 3),
        "min": round(min(ratios), 3),
        "max": round(max(ratios), 3),
    }


def medians(samples: Mapping[str, list[float]]) -> dict[str, float]:
    """Microseconds a piece."""
    return {name: round(statistics.median(values) * 1e6, 1) for name, values in samples.items()}


def machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        **{name: version(name) for name in ("aiohttp", "cryptography", "msgspec")},
    }
