"""``python -m benchmarks report``: pictures and tables from the newest results. No figure in a document comes from elsewhere.

In a document, what stands between two markers is rewritten; everything else is left alone.
"""

from __future__ import annotations

import argparse
import re
import shlex
import statistics
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks import results
from benchmarks.__main__ import QUESTIONS, parser_of, question, targets_of
from benchmarks.harness import Judged, Pick, all_judged, ratios
from benchmarks.results import FOLDER, ROOT, Result
from benchmarks.shown import number, spread

BEGIN, END = "<!-- benchmarks:begin -->", "<!-- benchmarks:end -->"
Found = Mapping[str, Result]
"""Runs by their titles; of a question first those with the fewest options of their own."""


class NoMarkers(Exception):
    """A document that says nowhere where its tables go."""


class Headline(NamedTuple):
    """A line of the README. ``cases`` are by hand, ours, a peer; the figure of ours and the peer's is compared with the first."""

    english: str
    chinese: str
    question: str
    figure: str
    unit: str
    cases: tuple[str, str, str]
    peer: str


HEADLINES = (
    Headline(
        "a signed call and its verified answer, CPU, 64 at once",
        "一次签名调用并验签应答的 CPU 时间，64 个并发",
        "client",
        "cpu_us",
        "µs",
        ("wxpay/http/64/floor", "wxpay/http/64/ours", "wxpay/http/64/wechatpayv3"),
        "wechatpayv3",
    ),
    Headline(
        "the same over TLS",
        "同上，经 TLS",
        "client",
        "cpu_us",
        "µs",
        ("wxpay/https/64/floor", "wxpay/https/64/ours", "wxpay/https/64/wechatpayv3"),
        "wechatpayv3",
    ),
    Headline(
        "an Alipay precreate over TLS, CPU",
        "一次支付宝预下单的 CPU 时间，经 TLS",
        "client",
        "cpu_us",
        "µs",
        ("alipay/https/64/floor", "alipay/https/64/ours", "alipay/https/16/alipay-sdk-python"),
        "alipay-sdk-python",
    ),
    Headline(
        "a WeChat notification's bytes to a typed event",
        "一条微信通知从字节到带类型的事件",
        "micro",
        "us",
        "µs",
        ("wechat notification/by hand", "wechat notification/ours", "wechat notification/wechatpayv3"),
        "wechatpayv3",
    ),
    Headline(
        "a notification over HTTP, on disk before it is answered, matched and handled, CPU, 64 at once",
        "经 HTTP 接收、应答前已落盘、已匹配并处理的一条通知的 CPU 时间，64 个并发",
        "notify",
        "cpu_us",
        "µs",
        ("sqlite/floor/64", "sqlite/ours/64", "sqlite/fastapi/64"),
        "FastAPI + wechatpayv3, stored only",
    ),
    Headline(
        "an Apple transaction, its certificates known",
        "一笔已知证书链的 Apple 交易验签",
        "micro",
        "us",
        "µs",
        ("apple/crypto", "apple/ours", "apple/app-store-server-library"),
        "app-store-server-library",
    ),
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks report", description=__doc__)
    parser.add_argument("--no-pictures", action="store_true", help="the tables alone")
    options = parser.parse_args(arguments)
    found = runs()
    if not options.no_pictures:
        from benchmarks import pictures

        pictures.draw({stem(one): one for one in found.values()}, FOLDER)
    tables: dict[str, Callable[[Found], str]] = {
        "docs/performance.md": everything,
        "README.md": lambda found: headlines(found, chinese=False),
        "README.zh-CN.md": lambda found: headlines(found, chinese=True),
    }
    for name, table in tables.items():
        path = ROOT / name
        path.write_text(rewritten(path.read_text(encoding="utf-8"), table(found)), encoding="utf-8")
    return 0


def rewritten(document: str, table: str) -> str:
    """The document with ``table`` between its markers. Raises :class:`NoMarkers`."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoMarkers(f"put {BEGIN} and {END} where the table goes")
    return f"{before}{BEGIN}\n{table.strip()}\n{END}{after}"


def headlines(found: Found, *, chinese: bool) -> str:
    """What a README shows of it."""
    titles = ("", "手写", "vkpay-async", "对照") if chinese else ("", "by hand", "vkpay-async", "a peer")
    lines = [_row(titles), _row(["---"] * len(titles))]
    for one in HEADLINES:
        result = next((run for run in _of(one.question, found) if _has(run, one)), None)
        if result is None:
            continue
        floor, *others = ((case, one.figure) for case in one.cases)
        cells = [_figure(result, floor, one.unit)]
        cells += [f"{_figure(result, pick, one.unit)}, {_times(result, pick, floor)}" for pick in others]
        cells[-1] += f" ({one.peer})"
        lines.append(_row([one.chinese if chinese else one.english, *cells]))
    return "\n".join(lines)


def everything(found: Found) -> str:
    """All targets, then each question's figures."""
    parts = [*_targets(found)]
    for name in QUESTIONS:
        for result in _of(name, found):
            parts += [*_section(name, result)]
    return "\n".join(parts)


def runs(folder: Path = FOLDER) -> Found:
    """The newest run of each question with each setting of the options that make it another measurement."""
    kept = results.kept(apart(), folder)
    titled = {title(one): one for several in kept.values() for one in several}
    return dict(sorted(titled.items(), key=lambda pair: len(pair[0].split())))


def apart() -> dict[str, tuple[str, ...]]:
    """By question, the options that make it another measurement."""
    return {name: getattr(question(name), "TELLS_APART", ()) for name in QUESTIONS}


def title(result: Result) -> str:
    """The question, with those options of the run that tell it from others."""
    parser, words = parser_of(result.question), [result.question]
    for option in getattr(question(result.question), "TELLS_APART", ()):
        value = result.options.get(option)
        if value in (None, False) or value == parser.get_default(option):
            continue
        words.append(f"--{option.replace('_', '-')}")
        if value is not True:
            words += [shlex.quote(str(one)) for one in (value if isinstance(value, list) else [value])]
    return " ".join(words)


def stem(result: Result) -> str:
    """Of its pictures' names."""
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"--(store|only|concurrency) ", "", title(result)))


def _of(name: str, found: Found) -> list[Result]:
    return [result for result in found.values() if result.question == name]


def _targets(found: Found) -> Iterator[str]:
    yield _row(("", "what", "to reach", "by hand", "measured", "lowest–highest round", ""))
    yield _row(["---"] * 7)
    rows: dict[tuple[str, str], Judged] = {}
    for name in QUESTIONS:
        for result in _of(name, found):
            for one in all_judged(targets_of(name, result.options), result.samples):
                rows.setdefault((one.target.id, one.target.what), one)
    for one in sorted(rows.values(), key=lambda row: row.target.id):
        target = one.target
        by_hand, measured = (
            "" if value is None else f"{number(value)} {target.unit}" for value in (one.by_hand, one.median)
        )
        mark = "✓" if one.met else "missed"
        yield _row((target.id, target.what, target.bound, by_hand, measured, spread(one), mark))


def _section(name: str, result: Result) -> Iterator[str]:
    yield f"\n### {title(result)}\n"
    yield (question(name).__doc__ or "").partition("\n\n")[0].strip()
    yield f"\n{_where(result)}\n"
    if (FOLDER / f"{stem(result)}.svg").exists():
        yield f"![{title(result)}](../benchmarks/results/{stem(result)}.svg)\n"
    figures = list(dict.fromkeys(figure for case in result.samples.values() for figure in case))
    yield _row(("case", *figures))
    yield _row(("---", *("--:" for _ in figures)))
    for case, found in result.samples.items():
        yield _row((case, *(_median(found.get(figure)) for figure in figures)))


def _where(result: Result) -> str:
    machine, versions = result.machine, result.versions
    known = ", ".join(f"{name} {version}" for name, version in versions.items() if name != "vkpay-async")
    return (
        f"{result.at[:10]}, revision {result.revision}, medians of {result.rounds} rounds; {machine['cpu']}, "
        f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}; {known}"
    )


def _has(result: Result, line: Headline) -> bool:
    return all(result.samples.get(case, {}).get(line.figure) for case in line.cases)


def _figure(result: Result, pick: Pick, unit: str) -> str:
    case, figure = pick
    return f"{number(statistics.median(result.samples[case][figure]))} {unit}".strip()


def _times(result: Result, over: Pick, under: Pick) -> str:
    return f"{number(statistics.median(ratios(result.samples, over, under)))} ×"


def _median(values: list[float] | None) -> str:
    return number(statistics.median(values)) if values else ""


def _row(cells: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"
