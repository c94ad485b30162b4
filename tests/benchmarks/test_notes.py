"""What belongs to which turn of a receiver that serves many."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from benchmarks.notes import Noted
from benchmarks.shown import duration
from benchmarks.stores import family_cpu


def test_notes_of_all_processes_count_for_the_turn_that_they_fall_into(tmp_path: Path) -> None:
    left = (
        {"stalls": [(1.0, 20.0), (5.0, 30.0)], "commits": [0.5, 1.0, 5.5], "handled": ["T1"]},
        {"stalls": [(5.5, 40.0)], "commits": [5.0], "handled": ["T1", "T2"]},
    )
    for nth, notes in enumerate(left):
        (tmp_path / f"{nth}.json").write_text(json.dumps(notes))
    noted = Noted.read(tmp_path)
    assert noted.processes == 2
    assert noted.handled == Counter(T1=2, T2=1)
    assert (noted.stalls_ms(0, 2), sorted(noted.stalls_ms(5, 6))) == ([20.0], [30.0, 40.0])
    assert (noted.commits(0, 2), noted.commits(5, 6)) == (2, 2)


SPENDING = "import sys, time\nwhile time.process_time() < 0.1: pass\nprint(flush=True); sys.stdin.read()"


def test_processor_time_of_a_process_that_still_runs_is_its_parents_too() -> None:
    """A database server's connections are processes that live on."""
    before = family_cpu(os.getpid())
    with subprocess.Popen(
        [sys.executable, "-S", "-c", SPENDING], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert family_cpu(os.getpid()) - before > 0.08
        child.communicate()


def test_a_run_says_how_long_it_took() -> None:
    assert duration(192.4) == "3 min 12 s"
    assert duration(59) == "59 s"
