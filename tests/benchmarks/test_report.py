"""Tables in documents come from results and from nowhere else."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from benchmarks.harness import Measured
from benchmarks.report import BEGIN, END, NoMarkers, everything, headlines, rewritten, runs
from benchmarks.results import ROOT, Result, result_of

DOCUMENTS = {
    "README.md": lambda found: headlines(found, chinese=False),
    "README.zh-CN.md": lambda found: headlines(found, chinese=True),
    "docs/performance.md": everything,
}


def micro() -> Result:
    names = ("wechat notification/by hand", "wechat notification/ours", "wechat notification/wechatpayv3")
    samples = {
        name: {"us": [20.0 * times, 30.0 * times]} for name, times in zip(names, (1, 1.5, 20), strict=True)
    }
    samples["wechat notification/crypto"] = {"us": [20.0, 30.0]}
    return result_of("micro", {"rounds": 2}, Measured(samples=samples), now=datetime(2026, 1, 1, tzinfo=UTC))


def test_only_what_stands_between_the_markers_is_rewritten() -> None:
    document = f"# Speed\n\n{BEGIN}\nold\n{END}\n\nThe rest.\n"
    once = rewritten(document, "| new |")
    assert once == f"# Speed\n\n{BEGIN}\n| new |\n{END}\n\nThe rest.\n"
    assert rewritten(once, "| new |") == once


@pytest.mark.parametrize("document", ["", BEGIN, END, f"{END}{BEGIN}"])
def test_a_document_says_where_its_tables_go(document: str) -> None:
    with pytest.raises(NoMarkers, match="benchmarks:begin"):
        rewritten(document, "")


def test_a_headline_has_ratios_to_the_floor() -> None:
    table = headlines({"micro": micro()}, chinese=False)
    assert "| 25.0 µs | 37.5 µs, 1.50 × | 500 µs, 20.0 × (wechatpayv3) |" in table
    assert "wechatpayv3" in headlines({"micro": micro()}, chinese=True)


def test_nothing_is_shown_that_no_result_holds() -> None:
    assert not re.search(r"\d", headlines({}, chinese=False))
    assert not re.search(r"\d", everything({}))
    assert "Apple" not in everything({"micro": micro()})


def test_a_target_has_what_was_measured_beside_it() -> None:
    row = next(line for line in everything({"micro": micro()}).splitlines() if line.startswith("| B1 |"))
    assert row == (
        "| B1 | WeChat notification, bytes → typed ÷ (verify + decrypt) | ≤ 1.45 × | 1.00 × | 1.50 × | 1.50–1.50 | missed |"
    )


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_say_what_the_newest_results_say(name: str) -> None:
    document = (ROOT / name).read_text(encoding="utf-8")
    assert rewritten(document, DOCUMENTS[name](runs())) == document, "run: python -m benchmarks report"
