"""``notify --target``: the same load on a deployment that was not started here.

It has to be the merchant that the notifications are for. ``--config-out DIRECTORY`` writes ``vkpay.toml`` for it, and
``keys.json`` beside it, with which the load signs as its providers do: for a deployment of your own, set up to be measured.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import math
import os
import time
from collections import defaultdict
from contextlib import ExitStack
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from benchmarks import audit, parties
from benchmarks.audit import Verdict
from benchmarks.driving import Driven
from benchmarks.harness import Case, Metrics, Samples
from benchmarks.load import FIGURES, WARM, by_round
from benchmarks.stores import fill

CONFIG, KEYS = "vkpay.toml", "keys.json"
MANY = 64
A_SECOND = 5000
SETTLE_S = 10


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target", metavar="URL", help="load this deployment, up to its prefix: http://host/pay"
    )
    parser.add_argument("--allow-host", metavar="HOST", help="the target's, where it is not this machine")
    parser.add_argument("--keys", metavar="FILE", type=Path, help=f"the target's {KEYS} from --config-out")
    parser.add_argument(
        "--config-out",
        metavar="DIRECTORY",
        type=Path,
        help=f"write the target's {CONFIG} and {KEYS}, and end",
    )


def check(options: argparse.Namespace) -> None:
    """Raises ``SystemExit`` for a target that nobody has said may be loaded."""
    if not options.target:
        return
    url = urlsplit(options.target)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise SystemExit(f"--target {options.target}: write it like http://127.0.0.1:8787/pay")
    if not _is_here(url.hostname) and options.allow_host != url.hostname:
        raise SystemExit(
            f"--target {url.hostname} is not this machine. A load like this can take a service down: where it is yours to "
            f"load, say --allow-host {url.hostname}"
        )
    if options.keys is None:
        raise SystemExit(f"--target needs --keys, the {KEYS} that --config-out wrote beside its {CONFIG}")


def write_config(folder: Path) -> None:
    """Raises ``SystemExit`` when it is done."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for provider, nodes in parties.config("http://127.0.0.1:9").items():
        for node, settings in nodes.items():
            values = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
            lines += [f"[{provider}.{node}]", *values, ""]
    (folder / CONFIG).write_text("\n".join(['notify_url = "http://127.0.0.1/pay"', "", *lines]))
    keys = folder / KEYS
    keys.touch(mode=0o600)
    keys.write_text(os.environ[parties.KEYS])
    raise SystemExit(
        f"{CONFIG} and {KEYS} are in {folder}: start the deployment with the one, load it with the other"
    )


class Deployment:
    """Its figures are those that can be seen from outside. With ``--database``, its orders are put there and looked up."""

    def __init__(self, options: argparse.Namespace, seconds: float, after: ExitStack) -> None:
        self._options = options
        self._seconds = seconds
        self._url: SplitResult = urlsplit(options.target)
        keys = {parties.KEYS: options.keys.read_text()}
        self._load = after.enter_context(Driven("loading", **keys))
        self._next = 0
        self._wrong: list[str] = []
        self._took_us: dict[str, list[list[int]]] = defaultdict(list)

    def cases(self) -> dict[str, Case]:
        found: dict[str, Case] = {}
        for at_once, rate in product(self._options.concurrency or [MANY], self._options.rate or [None]):
            at = "" if rate is None else f"@{rate:g}"
            case = f"target/theirs/{at_once}{at}"
            found[case] = partial(self._turn, case, at_once, rate)
        return found

    def ended(self, samples: Samples) -> list[str]:
        """Puts in what a round's requests took together. Gives why the run does not count."""
        for case, took_us in self._took_us.items():
            samples[case] |= by_round(took_us, self._options.rounds, self._options.turns)
        return self._wrong

    def _turn(self, case: str, at_once: int, rate: float | None) -> Metrics:
        options, url = self._options, self._url
        those = self._those(WARM + math.ceil(self._seconds * (rate or A_SECOND)))
        ours = {"first": those.start, "count": len(those)}
        self._load.ask("sign", host=url.netloc, prefix=url.path.rstrip("/"), **ours)
        self._load.ask("take", duplicates=options.duplicates, **ours)
        if options.database:
            asyncio.run(fill(options.database, those, ours=False))
        tls = url.scheme == "https"
        port = url.port or (443 if tls else 80)
        where = {"host": url.hostname, "port": port, "tls": tls, "connections": at_once}
        self._load.ask("warm", **where)
        sent: dict[str, Any] = self._load.ask("run", seconds=self._seconds, rate=rate)
        figures = {name: sent[name] for name in FIGURES}
        self._took_us[case].append(sent["took_us"])
        if sent["refused"]:
            self._wrong.append(f"{case}: {sent['refused']} of {sent['total']} were not accepted")
        if not options.database:
            return figures
        verdict = self._verdict(those[: sent["distinct"]])
        self._wrong += audit.words(case, verdict, sent["distinct"])
        return {**figures, "lost": verdict.lost, "doubled": verdict.doubled}

    def _those(self, count: int) -> range:
        """Numbers that no run before has used: they begin with the moment."""
        first = max(self._next, int(time.time() * 1000) * 10)
        self._next = first + count
        return range(first, self._next)

    def _verdict(self, those: range) -> Verdict:
        """A handler's outcome may be stored a little after the answer."""
        until = time.monotonic() + SETTLE_S
        while (verdict := audit.of_ledger(self._options.database, those, None)).lost:
            if time.monotonic() > until:
                break
            time.sleep(0.2)
        return verdict


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
