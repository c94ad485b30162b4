"""What each step costs without network and database: CPU beside its own crypto, the same by hand, and the peers.

Peers run in processes of their own and take their turn in every round. An import is timed in a fresh interpreter each time.
"""

from __future__ import annotations

import argparse
import base64
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from fnmatch import fnmatch
from functools import partial

from benchmarks import apple, parties, works
from benchmarks.driven import CORE, each, pin
from benchmarks.driving import Driven, there
from benchmarks.harness import Case, Measured, Metrics, Target, Watch, interleaved
from benchmarks.results import ROOT

TELLS_APART = ("only",)
TURNS = 10
EVERY = 3
"""Turn of what takes long."""

LONG = ("import/*", "qr/*", "*gmssl", "client/checked*", "*wechatpayv3*", "*alipay-sdk*", "*app-store*")
CHEAP, RSA, SLOW = 500, 60, 2
COUNTS = {
    "wechat notification/*": 150,
    "alipay notification/*": 150,
    "call/*": RSA,
    "rsa/*": RSA,
    "client/checked*": SLOW,
    "client/*": 25,
    "apple/*": 80,
    "apple cold/*": 10,
    "sm2 */gmssl": SLOW,
    "sm2 */*": 25,
    "qr/*": 6,
    "*": CHEAP,
}
"""How often in a turn, which is over in some tens of milliseconds; a peer's own count stands with it."""

IMPORTS = {
    "import/msgspec and cryptography": (
        "import msgspec; from cryptography.hazmat.primitives import hashes, serialization; "
        "from cryptography.hazmat.primitives.asymmetric import rsa; "
        "from cryptography.hazmat.primitives.ciphers import aead"
    ),
    "import/ours": "import vkpay_async",
    "import/ours, an error": "from vkpay_async import OrderNotFound",
    "import/ours, VKPay": "from vkpay_async import VKPay",
    "import/wechatpayv3": "from wechatpayv3 import WeChatPay; import wechatpayv3.core",
    "import/app-store-server-library": "from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier",
}
LOADED_AIOHTTP = (
    "import sys; from vkpay_async import VKPay; print(sum(n.startswith('aiohttp') for n in sys.modules))"
)


def _us(name: str) -> tuple[str, str]:
    return name, "us"


TARGETS = (
    Target(
        id="A1",
        what="a call without transport ÷ (RSA sign + verify)",
        over=_us("call/ours"),
        under=_us("call/crypto"),
        by_hand=(_us("call/by hand"),),
        at_most=1.06,
    ),
    Target(
        id="A8",
        what="a client from its PEM texts",
        over=("client/ours", "ms"),
        by_hand=(("client/by hand", "ms"),),
        at_most=1,
        unit="ms",
    ),
    Target(
        id="B1",
        what="WeChat notification, bytes → typed ÷ (verify + decrypt)",
        over=_us("wechat notification/ours"),
        under=_us("wechat notification/crypto"),
        by_hand=(_us("wechat notification/by hand"),),
        at_most=1.45,
    ),
    Target(
        id="B1",
        what="WeChat notification, bytes → typed ÷ wechatpayv3",
        over=_us("wechat notification/ours"),
        under=_us("wechat notification/wechatpayv3"),
        by_hand=(_us("wechat notification/by hand"),),
        at_most=0.75,
    ),
    Target(
        id="B2",
        what="Alipay notification, form → typed ÷ verify",
        over=_us("alipay notification/ours"),
        under=_us("alipay notification/crypto"),
        at_most=3.5,
    ),
    Target(
        id="B3",
        what="Apple JWS, chain seen before ÷ one P-256 verify",
        over=_us("apple/ours"),
        under=_us("apple/crypto"),
        at_most=1.35,
    ),
    Target(
        id="B3",
        what="Apple JWS, cold ÷ its own crypto",
        over=_us("apple cold/ours"),
        under=_us("apple cold/crypto"),
        at_most=1.10,
    ),
    Target(
        id="E1",
        what="import vkpay_async ÷ (msgspec + cryptography)",
        over=("import/ours", "ms"),
        under=("import/msgspec and cryptography", "ms"),
        at_most=1.2,
    ),
    Target(
        id="E1",
        what="modules of aiohttp before the first client",
        over=("import/aiohttp", "modules"),
        at_most=0,
        unit="modules",
    ),
    Target(
        id="E2",
        what="QR code as PNG ÷ qrcode with Pillow",
        over=_us("qr/ours"),
        under=_us("qr/qrcode with Pillow"),
        at_most=0.85,
    ),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", nargs="+", default=["*"], help="cases, as apple* or import/*")


def run(options: argparse.Namespace, watch: Watch) -> Measured:
    chain = apple.Chain()
    signed = chain.transaction()
    own = {
        **works.calls(),
        **works.signatures(),
        **works.wechat_notified(),
        **works.alipay_notified(),
        **works.purchases(chain, signed),
        **works.sm2(),
        **works.coding(),
        **works.qr_images(),
    }
    with ExitStack() as after:
        cases = {
            name: _timed(name, partial(each, work, _count(name, options.quick))) for name, work in own.items()
        }
        cases |= _peers(after, chain, signed, quick=options.quick)
        cases |= {name: _import(code) for name, code in IMPORTS.items()}
        cases["import/aiohttp"] = _aiohttp
        chosen = {name: cases[name] for name in _chosen(cases, options.only)}
        pin(CORE)
        samples = interleaved(
            chosen,
            options.rounds,
            watch,
            warm_up=not options.quick,
            turns=options.turns,
            beside=_group,
            every=lambda name: EVERY if _chosen([name], LONG) else 1,
        )
    return Measured(samples=samples)


def _group(name: str) -> str:
    """What is compared, so that a ratio's two halves are moments apart."""
    return name.partition("/")[0]


def _chosen(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    return [name for name in names if any(fnmatch(name, pattern) for pattern in patterns)]


def _count(name: str, quick: bool) -> int:
    return 2 if quick else next(count for pattern, count in COUNTS.items() if fnmatch(name, pattern))


def _timed(name: str, seconds: Callable[[], float]) -> Case:
    """Making a client takes milliseconds, everything else microseconds."""
    if name.startswith("client/"):
        return lambda: {"ms": seconds() * 1e3}
    return lambda: {"us": seconds() * 1e6}


def _peers(after: ExitStack, chain: apple.Chain, signed: str, *, quick: bool) -> dict[str, Case]:
    """Their answers and notifications are the ones that ours has."""
    material, root = parties.material(), base64.b64encode(chain.root_der).decode()
    body = parties.notification(works.NUMBER)
    headers, answered = parties.signed_headers(body), parties.signed_headers(works.WECHAT_ANSWER)
    wechat = {"body": works.WECHAT_ANSWER.decode(), "headers": answered}
    precreated = parties.alipay_answer(
        "alipay.trade.precreate", out_trade_no=works.NUMBER, qr_code="https://q"
    )
    alipay = {"body": precreated.decode(), "headers": {}}
    fields = parties.alipay_notification(works.NUMBER)
    cases: dict[str, Case] = {}

    def add(driven: Driven, name: str, do: str, count: int, **given: object) -> None:
        cases[name] = _timed(name, partial(driven.ask, do, count=2 if quick else count, **given))

    def start(driver: str, environment: str | None = None, **opening: object) -> Driven:
        driven = after.enter_context(Driven(driver, environment))
        driven.ask("open", **(opening or {"material": material, "base_url": works.NOWHERE}))
        return driven

    peer = start("wechatpayv3")
    add(peer, "call/wechatpayv3", "offline", RSA, **wechat)
    add(peer, "wechat notification/wechatpayv3", "notified", 150, body=body.decode(), headers=headers)
    add(peer, "client/wechatpayv3", "loaded", SLOW)
    add(start("wechatpayv3_async"), "call/wechatpayv3, async", "offline", RSA, **wechat)
    apples = start("app_store_server_library", root=root, bundle_id=apple.BUNDLE_ID)
    add(apples, "apple/app-store-server-library", "transaction", 6, signed=signed)
    for name, often, seldom in (("python-alipay-sdk", 25, 40), ("alipay-sdk-python", 1, 40)):
        if there(name):
            peer = start(name.replace("-", "_"), name)
            add(peer, f"call/{name}", "offline", often, **alipay)
            add(peer, f"alipay notification/{name}", "notified", seldom, fields=fields)
    return cases


def _import(code: str) -> Case:
    return lambda: {
        "ms": float(_fresh(f"from time import perf_counter as t; began = t(); {code}; print(t() - began)"))
        * 1e3
    }


def _aiohttp() -> Metrics:
    return {"modules": float(_fresh(LOADED_AIOHTTP))}


def _fresh(code: str) -> str:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return done.stdout
