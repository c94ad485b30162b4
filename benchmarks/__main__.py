"""``python -m benchmarks <question>``: measures, shows and keeps. ``report`` makes pictures and tables of what was kept.

``compare`` says whether the last two runs of each agree.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, cast

from rich.console import Console

from benchmarks import results, shown
from benchmarks.harness import Question, Target, all_judged

QUESTIONS = ("notify", "micro", "client", "simulator", "flow", "ledger", "soak", "huawei")
DEFAULT_ROUNDS = 5
WIDE = 200


def question(name: str) -> Question:
    return cast("Question", import_module(f"benchmarks.{name}"))


def targets_of(name: str, options: Mapping[str, Any]) -> Sequence[Target]:
    """What a run is judged by: nothing, where it had fewer turns than usual. Such a run is for a picture, and its ratios are chance's."""
    usual: int = getattr(question(name), "TURNS", 1)
    return question(name).TARGETS if options.get("turns", usual) >= usual else ()


def parser_of(name: str) -> argparse.ArgumentParser:
    asked = question(name)
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}", description=(asked.__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--rounds", type=int, default=DEFAULT_ROUNDS, help="in which everything has its turns"
    )
    parser.add_argument(
        "--turns",
        type=int,
        default=getattr(asked, "TURNS", 1),
        help="of each in a round, short and there and back; its figure of the round is their mean",
    )
    parser.add_argument(
        "--quick", action="store_true", help="as little as shows that it works; nothing is kept"
    )
    parser.add_argument("--json", action="store_true", help="print the result as it is kept, and no table")
    asked.add_options(parser)
    return parser


def ask(name: str, arguments: list[str]) -> int:
    """Measures. 1 where the run does not count; whether a target is met is for people to see."""
    options = parser_of(name).parse_args(arguments)
    if options.quick:
        options.rounds = options.turns = 1
    console = Console(stderr=options.json)
    if not console.is_terminal:
        console = Console(stderr=options.json, width=WIDE)
    began = time.monotonic()
    with shown.Bar(console) as bar:
        measured = question(name).run(options, bar)
    took = time.monotonic() - began
    result = results.result_of(name, vars(options), measured, seconds=took)
    if options.json:
        sys.stdout.buffer.write(results.encoded(result))
    else:
        console.print(shown.figures(result.samples), "")
        judgements = all_judged(targets_of(name, result.options), result.samples)
        if judgements and not options.quick:
            console.print(shown.judgements(judgements), "")
    if not options.quick:
        console.print(f"kept: {results.write(result).relative_to(results.ROOT)}", highlight=False)
    console.print(f"took {shown.duration(took)}", highlight=False)
    for line in result.wrong:
        console.print(line, style="bold red", markup=False)
    return 1 if result.wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, add_help=False)
    parser.add_argument("question", choices=(*QUESTIONS, "report", "compare"))
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        parser.print_help()
        return 0
    chosen = parser.parse_args(sys.argv[1:2]).question
    if chosen == "report":
        from benchmarks import report

        return report.main(sys.argv[2:])
    if chosen == "compare":
        from benchmarks import compare

        return compare.main(sys.argv[2:])
    return ask(chosen, sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
