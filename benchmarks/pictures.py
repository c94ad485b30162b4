"""Pictures of the newest results, as SVG and PNG beside them. The same results draw the same picture."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.results import Result

mpl.use("agg")
mpl.rcParams["svg.hashsalt"] = "vkpay-async"
mpl.rcParams["font.family"] = "DejaVu Sans"

from matplotlib.figure import Figure  # noqa: E402 - after the back end is chosen

COLOURS = {"floor": "#888888", "by hand": "#888888", "crypto": "#bbbbbb", "ours": "#1f6fb4"}
MICRO = {
    "crypto": ("#bbbbbb", 2),
    "by hand": ("#777777", 3),
    "ours": ("#1f6fb4", 4),
    "another": ("#d9822b", 2),
}
PEERS = ("#d9822b", "#8a4fbd", "#3a9d5d", "#c23b4b", "#806040")
Draw = Callable[[Result], Figure]


def draw(found: Mapping[str, Result], folder: Path) -> None:
    """Those that there is a picture of, by the names of their files."""
    for name, result in found.items():
        if result.question in PICTURES:
            save(PICTURES[result.question](result), folder / name)


def save(figure: Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None, "Creator": None})
    figure.savefig(path.with_suffix(".png"), dpi=120, metadata={"Software": None})


def micro(result: Result) -> Figure:
    """Each group's cases on one line, as multiples of its first."""
    groups: dict[str, list[tuple[str, float]]] = {}
    for case, figures in result.samples.items():
        group, _, name = case.partition("/")
        figure = next(iter(figures))
        if figure != "modules":
            groups.setdefault(group, []).append((name, statistics.median(figures[figure])))
    figure = Figure(figsize=(9, 0.6 * len(groups) + 1.6))
    axes = figure.subplots()
    for line, cases in enumerate(reversed(groups.values())):
        first = cases[0][1]
        others = 0
        for name, value in sorted(cases, key=lambda case: case[1]):
            kind = next((kind for kind in MICRO if name.startswith(kind)), "another")
            colour, order = MICRO[kind]
            axes.scatter(value / first, line, s=60, color=colour, zorder=order)
            if kind == "another":
                above = others % 2 == 0
                offset, side = ((0, 6), "bottom") if above else ((0, -6), "top")
                axes.annotate(
                    name,
                    (value / first, line),
                    offset,
                    textcoords="offset points",
                    fontsize=6.5,
                    ha="center",
                    va=side,
                )
                others += 1
    axes.set_yticks(range(len(groups)), [*reversed(groups)])
    axes.set(
        xscale="log", xlabel="CPU or, of imports, time: times the first of its line", ylim=(-0.6, len(groups))
    )
    for kind, (colour, _) in MICRO.items():
        axes.scatter([], [], s=60, color=colour, label=kind)
    axes.legend(fontsize=8, loc="upper center", ncols=len(MICRO), frameon=False)
    axes.grid(axis="x", alpha=0.3)
    return figure


def client(result: Result) -> Figure:
    """Calls a second against concurrency, plain and TLS."""
    figure = Figure(figsize=(9, 4))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, scheme in zip(panels, ("http", "https"), strict=True):
        lines: dict[str, dict[int, float]] = {}
        for case, figures in result.samples.items():
            parts = case.split("/")
            if parts[:2] == ["wxpay", scheme]:
                lines.setdefault(parts[3], {})[int(parts[2])] = statistics.median(figures["per_second"])
        for position, (name, points) in enumerate(lines.items()):
            axes.plot([*points], [*points.values()], "o-", label=name, color=_colour(name, position))
        axes.set(
            title=f"WeChat Pay calls over {scheme}", xscale="log", yscale="log", xlabel="calls under way"
        )
        axes.set_xticks([1, 16, 64, 256], ["1", "16", "64", "256"])
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("calls a second, one core")
    panels[0].legend(fontsize=8)
    return figure


def bars(result: Result, figure_name: str, label: str) -> Figure:
    cases = {
        case: statistics.median(found[figure_name])
        for case, found in result.samples.items()
        if figure_name in found
    }
    figure = Figure(figsize=(9, 0.4 * len(cases) + 1.2))
    axes = figure.subplots()
    known = [[part for part in case.split("/") if part.startswith((*COLOURS,))] for case in reversed(cases)]
    colours = [_colour(parts[-1] if parts else "", 0) for parts in known]
    axes.barh([*reversed(cases)], [*reversed(cases.values())], color=colours)
    axes.set_xlabel(label)
    axes.grid(axis="x", alpha=0.3)
    return figure


def simulator(result: Result) -> Figure:
    return bars(result, "per_second", "a second")


def flow(result: Result) -> Figure:
    """Where the time of a life goes, one bar for each provider."""
    shares: dict[str, dict[str, float]] = result.facts["ms_per_life"]
    kinds = list(dict.fromkeys(kind for one in shares.values() for kind in one))
    figure = Figure(figsize=(9, 0.5 * len(shares) + 1.4))
    axes = figure.subplots()
    left = [0.0] * len(shares)
    names = [*reversed(shares)]
    for kind, colour in zip(kinds, ("#8a4fbd", "#d9822b", "#3a9d5d", "#1f6fb4", "#bbbbbb"), strict=False):
        widths = [shares[name].get(kind, 0.0) for name in names]
        axes.barh(names, widths, left=left, label=kind, color=colour)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.set_xlabel("CPU of the merchant's process, ms a life")
    axes.legend(fontsize=8)
    return figure


def ledger(result: Result) -> Figure:
    """Cost of each operation against stored orders, as multiples of its cost at the fewest; a panel for each store."""
    stores: dict[str, dict[str, dict[int, float]]] = {}
    for case, figures in result.samples.items():
        name, _, size = case.rpartition(" ")
        store, _, operation = name.partition("/")
        points = stores.setdefault(store, {}).setdefault(operation, {})
        points[int(size)] = statistics.median(figures["cpu_us"])
    figure = Figure(figsize=(1 + 4 * len(stores), 4))
    panels = figure.subplots(1, len(stores), sharey=True, squeeze=False)[0]
    for axes, (store, lines) in zip(panels, stores.items(), strict=True):
        for position, (operation, points) in enumerate(lines.items()):
            first, colour = points[min(points)], f"C{position}"
            ys = [value / first for value in points.values()]
            axes.plot([*points], ys, "o-", label=operation, color=colour)
        axes.set(xscale="log", xlabel="stored orders", title=store)
        axes.grid(alpha=0.3)
    panels[0].set_ylim(0)
    panels[0].set_ylabel("CPU, times that at the fewest")
    panels[0].legend(fontsize=8)
    return figure


def notify(result: Result) -> Figure:
    """Latency against rate where the rate was given, else throughput against concurrency, one panel for each store."""
    lines: dict[str, dict[str, dict[float, dict[str, float]]]] = {}
    for case, figures in result.samples.items():
        store, name, load = case.split("/")
        at_once, _, rate = load.partition("@")
        found = {figure: statistics.median(values) for figure, values in figures.items()}
        lines.setdefault(store, {}).setdefault(name, {})[float(rate or at_once)] = found
    by_rate = any("@" in case for case in result.samples)
    loads = sorted({x for names in lines.values() for points in names.values() for x in points})
    if len(loads) < 3:  # two points are no course
        return bars(result, "per_second", "notifications a second")
    figure = Figure(figsize=(4.5 * len(lines), 4))
    panels = figure.subplots(1, len(lines), sharey=True, squeeze=False)[0]
    floor = {} if by_rate else lines.get("none", {}).get("floor", {})
    for axes, (store, names) in zip(panels, lines.items(), strict=True):
        if store != "none" and floor:
            ys = [floor[x]["per_second"] for x in sorted(floor)]
            axes.plot(sorted(floor), ys, ":", label="floor, no store", color=COLOURS["floor"])
        for position, (name, points) in enumerate(names.items()):
            colour, xs = _colour(name, position), sorted(points)
            if by_rate:
                for shown, dashes in (("p50_ms", "-"), ("p99_ms", "--")):
                    ys = [points[x][shown] for x in xs]
                    axes.plot(xs, ys, "o" + dashes, label=f"{name}, {shown[:3]}", color=colour, ms=4)
            else:
                axes.plot(xs, [points[x]["per_second"] for x in xs], "o-", label=name, color=colour)
        axes.set_title("no store" if store == "none" else store)
        if by_rate:
            axes.set(yscale="log", xlabel="notifications sent a second")
        else:
            axes.set(xscale="log", xlabel="under way at once")
            axes.set_xticks(loads, [f"{x:g}" for x in loads])
            axes.minorticks_off()
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7, handlelength=3)
    if not by_rate:
        panels[0].set_ylim(0)  # when all is drawn that shares it
    panels[0].set_ylabel("ms from the intended moment" if by_rate else "accepted a second")
    return figure


def soak(result: Result) -> Figure:
    """What must not grow, over time."""
    course: dict[str, list[float]] = result.facts["course"]
    names = ("rss_mib", "file_descriptors", "tasks", "longest_stall_ms", "lives")
    figure = Figure(figsize=(9, 9))
    for axes, name in zip(figure.subplots(len(names), 1, sharex=True), names, strict=True):
        axes.plot(course["seconds"], course[name], lw=0.9)
        axes.set_ylabel(name.replace("_", " "), fontsize=8)
        axes.set_ylim(0, None)
        axes.grid(alpha=0.3)
    axes.set_xlabel("seconds")
    return figure


PICTURES: dict[str, Draw] = {
    "notify": notify,
    "micro": micro,
    "client": client,
    "simulator": simulator,
    "flow": flow,
    "ledger": ledger,
    "soak": soak,
}


def _colour(name: str, position: int) -> Any:
    known = next((colour for prefix, colour in COLOURS.items() if name.startswith(prefix)), None)
    return known or PEERS[position % len(PEERS)]
