"""What a results file holds, and what it must not."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks import results
from benchmarks.harness import Measured
from benchmarks.results import Result, Revealing, kept, result_of, write

SAMPLES = {"ours": {"us": [1.23456789, 2.0]}}


def made(
    day: int = 1, *, wrong: tuple[str, ...] = (), facts: dict[str, Any] | None = None, **options: Any
) -> Result:
    measured = Measured(samples=SAMPLES, wrong=wrong, facts=facts or {})
    return result_of(
        "micro", {"rounds": 2, "quick": False, **options}, measured, now=datetime(2026, 1, day, tzinfo=UTC)
    )


def test_a_file_holds_all_that_a_figure_needs(tmp_path: Path) -> None:
    path = write(made(), tmp_path)
    assert path.name == "micro-20260101T000000Z.json"
    read = msgspec.json.decode(path.read_bytes())
    assert read["question"] == "micro"
    assert read["at"] == "2026-01-01T00:00:00Z"
    assert read["samples"] == {"ours": {"us": [1.23457, 2.0]}}
    assert read["options"] == {"rounds": 2, "quick": False}
    assert read["revision"]
    assert {"cpu", "cores", "system", "python"} == set(read["machine"])
    assert {"aiohttp", "cryptography", "vkpay-async"} <= set(read["versions"])
    assert msgspec.json.decode(path.read_bytes(), type=Result).rounds == 2


@pytest.mark.parametrize("secret", [str(results.ROOT / "orders.db"), "http://till-7/pay"])
def test_a_file_does_not_tell_whose_machine_it_was(
    tmp_path: Path, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "till-7")
    with pytest.raises(Revealing):
        write(made(facts={"where": secret}), tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_newest_whole_run_counts(tmp_path: Path) -> None:
    for result in (made(2), made(1), made(3, wrong=("one was lost",)), made(4, quick=True)):
        write(result, tmp_path)
    found = kept({}, tmp_path)
    assert {name: [result.at for result in found[name]] for name in found} == {
        "micro": ["2026-01-02T00:00:00Z"]
    }


def test_how_it_was_asked_for_is_no_option_of_the_run() -> None:
    assert made(json=True, out="x").options == {"rounds": 2, "quick": False}
