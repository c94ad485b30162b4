"""A signed call → verified typed answer over loopback, plain and TLS: ours, the same by hand, and the peers.

Each client is a process of its own on one core, and they take turns; the gateway is a raw protocol on the other core with one
canned answer. CPU is the client's own. A peer that opens a connection for each call is what its README shows.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from benchmarks import parties, raw, works
from benchmarks.certs import Certificates
from benchmarks.driving import Driven, there
from benchmarks.harness import Case, Measured, Metrics, Target, Watch, interleaved

WECHAT, ALIPAY = "wxpay_h5", "alipay_h5"
AT_ONCE = (1, 16, 64, 256)
SECONDS, LONGER = 0.08, 0.25
"""What a client is given in a turn, one call each at least; and where it makes very many at once."""

TELLS_APART = ("schemes", "only")
TURNS = 8
EVERY = 5
"""Turn of a case that takes long: a peer's, or that of very many at once."""


class Client(NamedTuple):
    """A program that calls. ``at_once`` are the concurrencies that it is measured at."""

    name: str
    driver: str
    pay_type: str
    at_once: tuple[int, ...]
    environment: str | None = None


KEEPING = ("callers", "wechatpayv3_async")
"""Drivers that keep connections, which go stale while others have their turn."""

CLIENTS = (
    Client("floor", "callers", WECHAT, AT_ONCE),
    Client("ours", "callers", WECHAT, AT_ONCE),
    Client("wechatpayv3", "wechatpayv3", WECHAT, (1, 16, 64)),
    Client("wechatpayv3, async", "wechatpayv3_async", WECHAT, (1, 16, 64)),
    Client("floor", "callers", ALIPAY, (64,)),
    Client("ours", "callers", ALIPAY, (64,)),
    Client("python-alipay-sdk", "python_alipay_sdk", ALIPAY, (16,), "python-alipay-sdk"),
    Client("alipay-sdk-python", "alipay_sdk_python", ALIPAY, (16,), "alipay-sdk-python"),
)


def _case(scheme: str, pay_type: str, at_once: int, name: str) -> str:
    return f"{pay_type.partition('_')[0]}/{scheme}/{at_once}/{name}"


def _targets() -> Iterator[Target]:
    for scheme in ("http", "https"):
        ours, floor = (_case(scheme, WECHAT, 64, name) for name in ("ours", "floor"))
        yield Target(
            id="A2",
            what=f"a call, 64 at once over {scheme}: CPU ÷ the aiohttp floor",
            over=(ours, "cpu_us"),
            under=(floor, "cpu_us"),
            at_most=1.10,
        )
    peers = (
        ("A4", "http", WECHAT, 64, "wechatpayv3", 64, 2.4),
        ("A4", "https", WECHAT, 64, "wechatpayv3", 64, 40),
        ("A4", "http", WECHAT, 64, "wechatpayv3, async", 64, 6),
        ("A5", "http", ALIPAY, 64, "python-alipay-sdk", 16, 3.8),
        ("A5", "https", ALIPAY, 64, "python-alipay-sdk", 16, 40),
        ("A5", "http", ALIPAY, 64, "alipay-sdk-python", 16, 40),
        ("A5", "https", ALIPAY, 64, "alipay-sdk-python", 16, 80),
    )
    for id_, scheme, pay_type, at_once, peer, peer_at_once, bound in peers:
        # By CPU: where another program wants the core as well, sixty-four threads get more of it than one.
        yield Target(
            id=id_,
            what=f"calls a second of a core over {scheme} ÷ {peer}",
            over=(_case(scheme, pay_type, peer_at_once, peer), "cpu_us"),
            under=(_case(scheme, pay_type, at_once, "ours"), "cpu_us"),
            by_hand=(
                (_case(scheme, pay_type, peer_at_once, peer), "cpu_us"),
                (_case(scheme, pay_type, at_once, "floor"), "cpu_us"),
            ),
            at_least=bound,
        )
    for scheme in ("http", "https"):
        yield Target(
            id="A6",
            what=f"p50 of one call at a time over {scheme} ÷ floor",
            over=(_case(scheme, WECHAT, 1, "ours"), "p50_ms"),
            under=(_case(scheme, WECHAT, 1, "floor"), "p50_ms"),
            at_most=1.15,
        )
        for at_once in (64, 256):
            ours, floor = (_case(scheme, WECHAT, at_once, name) for name in ("ours", "floor"))
            yield Target(
                id="A6",
                what=f"p99 ÷ p50, {at_once} at once over {scheme}",
                over=(ours, "p99_ms"),
                under=(ours, "p50_ms"),
                by_hand=((floor, "p99_ms"), (floor, "p50_ms")),
                at_most=1.5,
            )
        for figure, unit in (("connections", "connections"), ("contexts", "SSL contexts")):
            yield Target(
                id="A7",
                what=f"new {unit} in later calls over {scheme}",
                over=(_case(scheme, WECHAT, 64, "ours"), figure),
                at_most=0,
                unit=unit,
            )
    yield Target(
        id="A7",
        what="growth over 100 000 calls",
        over=("growth/ours", "mib"),
        at_most=1,
        unit="MiB",
    )


TARGETS = tuple(_targets())


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each client in each turn")
    parser.add_argument("--schemes", nargs="+", choices=("http", "https"), default=["http", "https"])
    parser.add_argument("--only", nargs="+", help="clients, as ours floor wechatpayv3")
    parser.add_argument(
        "--growth", type=int, default=100_000, help="calls after which memory is looked at; 0: not"
    )


def run(options: argparse.Namespace, watch: Watch) -> Measured:
    seconds = 0.0 if options.quick else options.seconds
    chosen = [one for one in CLIENTS if not options.only or one.name in options.only]
    with ExitStack() as after:
        folder = Path(after.enter_context(tempfile.TemporaryDirectory(prefix="vkpay-bench-")))
        certificates = Certificates(folder)
        gateway = after.enter_context(Driven("canned"))
        ports = gateway.ask("open", chain=str(certificates.chain), key=str(certificates.key))
        cases: dict[str, Case] = {}
        for scheme in options.schemes:
            base_url = f"{scheme}://127.0.0.1:{ports[scheme]}"
            for client in chosen:
                if client.environment is None or there(client.environment):
                    driven = after.enter_context(
                        Driven(client.driver, client.environment, **certificates.variables)
                    )
                    _open(driven, client, base_url)
                    for at_once in client.at_once[: 1 if options.quick else None]:
                        name = _case(scheme, client.pay_type, at_once, client.name)
                        longer = seconds * LONGER / SECONDS if at_once == AT_ONCE[-1] else seconds
                        cases[name] = _Calls(driven, gateway, client.pay_type, at_once, longer)
        samples = interleaved(
            cases,
            options.rounds,
            watch,
            warm_up=not options.quick,
            turns=options.turns,
            beside=_beside,
            every=_every,
        )
        if options.growth and not options.quick:
            watch.begins("growth")
            samples["growth/ours"] = {"mib": [_growth(after, gateway, ports["http"], options.growth)]}
    return Measured(samples=samples)


class _Calls:
    """A turn of one client: as many calls as its last turn says that it can make in the time."""

    def __init__(self, driven: Driven, gateway: Driven, pay_type: str, at_once: int, seconds: float) -> None:
        self._driven = driven
        self._gateway = gateway
        self._pay_type = pay_type
        self._at_once = at_once
        self._seconds = seconds
        self._count = at_once

    def __call__(self) -> Metrics:
        self._gateway.ask("answer", answer=_answer(self._pay_type).decode())
        if self._driven.name in KEEPING:
            self._driven.ask("calls", count=self._at_once, at_once=self._at_once)
        before = self._gateway.ask("opened")
        found: dict[str, float] = self._driven.ask("calls", count=self._count, at_once=self._at_once)
        self._count = max(self._at_once, int(found["per_second"] * self._seconds))
        return {**found, "connections": self._gateway.ask("opened") - before}


def _open(driven: Driven, client: Client, base_url: str) -> None:
    if client.driver == "callers":
        driven.ask("open", kind=client.name, pay_type=client.pay_type, base_url=base_url)
    else:
        driven.ask("open", material=parties.material(), base_url=base_url)


def _answer(pay_type: str) -> bytes:
    """Signed anew in each turn: an old timestamp is not believed."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    if pay_type == WECHAT:
        return raw.canned(works.WECHAT_ANSWER, {**parties.signed_headers(works.WECHAT_ANSWER), **kind})
    body = parties.alipay_answer(
        "alipay.trade.precreate", out_trade_no=works.NUMBER, qr_code="https://qr.alipay.com/bax00000000"
    )
    return raw.canned(body, kind)


def _beside(name: str) -> str:
    """What is compared: WeChat Pay's clients at the same concurrency; Alipay's, whatever theirs is."""
    gateway, scheme, at_once, _ = name.split("/")
    return f"{gateway}/{scheme}/{at_once}" if gateway == "wxpay" else f"{gateway}/{scheme}"


def _every(name: str) -> int:
    _, _, at_once, client = name.split("/")
    return EVERY if client not in ("floor", "ours") or int(at_once) == AT_ONCE[-1] else 1


def _growth(after: ExitStack, gateway: Driven, port: int, count: int) -> float:
    driven = after.enter_context(Driven("callers"))
    driven.ask("open", kind="ours", pay_type=WECHAT, base_url=f"http://127.0.0.1:{port}")
    gateway.ask("answer", answer=_answer(WECHAT).decode())
    grown: float = driven.ask("grown", count=count, at_once=64)
    return grown
