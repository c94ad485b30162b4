"""Huawei Pay's callbacks, 500 in a second, on one core: how long does anything else in the event loop wait?

Each callback is verified (SM2) and typed as the receiver does it, without HTTP and without a database. ``lag_ms`` is how late a
timer of one millisecond fires, ``burst_lag_ms`` the same while a hundred callbacks come at once; ``in_the_loop`` is the same work
without a thread, ``idle`` the same loop without work. Other programs of the machine only add to a lag: ``quietest`` is the round
that was disturbed least, and what is judged.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import gmssl_pyx

from benchmarks.driven import CORE, pin
from benchmarks.harness import Measured, Metrics, Target, Watch, interleaved
from vkpay_async import config_from_dict
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.models import Notification, RawNotification
from vkpay_async.providers.base import run_offline
from vkpay_async.providers.huawei.signing import sign_string
from vkpay_async.providers.registry import Providers
from vkpay_async.transport import Transport

TARGETS = (
    Target(
        id="–",
        what="the loop's longest wait while a hundred SM2 callbacks come at once",
        over=("quietest", "burst_lag_ms_max"),
        at_most=10,
        unit="ms",
    ),
)
BURST = 100
# Made for benchmarks; they protect nothing.
POINT, NUMBER = gmssl_pyx.sm2_key_generate()
_, OURS = gmssl_pyx.sm2_key_generate()
Take = Callable[[RawNotification], Awaitable[Notification]]


def settings() -> dict[str, Any]:
    der = bytes.fromhex("3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420") + OURS
    pem = f"-----BEGIN PRIVATE KEY-----\n{base64.b64encode(der).decode()}\n-----END PRIVATE KEY-----"
    node = {
        "appId": "5765880207853000",
        "mchId": "10132120000",
        "mchAuthId": "120291744647139000",
        "mchPrivateKey": pem,
        "platformPublicKey": "04" + POINT.hex(),
    }
    return {"huawei": {"mp-harmony": node}, "notify_url": "http://127.0.0.1/pay"}


def callback(number: int) -> RawNotification:
    fields = {
        "callbackId": f"12407030857530004914518{number:04d}",
        "callbackTime": "2026-01-01 00:00:00",
        "dataType": "plain",
        "signType": "SM2",
        "certNo": "120291744647139000",
        "appId": "5765880207853000",
        "mercNo": "10132120000",
        "mercOrderNo": f"T{number}",
        "sysTransOrderNo": f"1240703085753000491451{number:04d}",
        "orderStatus": "TRX_SUCCESS",
        "totalAmount": 10000,
        "payerAmount": 10000,
        "promotionAmount": 0,
        "currency": "CNY",
        "paymentTools": "AGMT",
        "payer": {"openId": "MDF" + "a" * 61},
        "finishTime": "2026-01-01T00:00:00.000+0800",
    }
    signature = gmssl_pyx.sm2_sign(NUMBER, POINT, sign_string(fields).encode())
    body = json.dumps({**fields, "sign": base64.b64encode(signature).decode()}).encode()
    return RawNotification(path=f"/vk-pay-notify/huawei_mp-harmony/T{number}", headers={}, body=body)


async def measured(
    take: Take | None, raws: list[RawNotification], seconds: float, rate: int
) -> dict[str, float]:
    """Callbacks come at even distances; a heartbeat beside them notes how late it is."""
    loop, lags, done = asyncio.get_running_loop(), [], 0

    async def heartbeat() -> None:
        while True:
            due = loop.time() + 0.001
            await asyncio.sleep(0.001)
            lags.append((loop.time() - due) * 1000)

    async def one(raw: RawNotification) -> None:
        nonlocal done
        assert take is not None
        assert (await take(raw)).trade is not None
        done += 1

    beating, tasks = asyncio.create_task(heartbeat()), set()
    started, cpu = loop.time(), time.process_time()
    for number in range(int(seconds * rate)):
        await asyncio.sleep(max(0.0, started + number / rate - loop.time()))
        if take is not None:
            tasks.add(asyncio.create_task(one(raws[number % len(raws)])))
    await asyncio.gather(*tasks)
    spent, took = time.process_time() - cpu, loop.time() - started
    beating.cancel()
    lags.sort()
    return {
        "per_second": round(done / took, 1),
        "cpu_share": round(spent / took, 2),
        "lag_ms_p50": round(lags[len(lags) // 2], 2),
        "lag_ms_p99": round(lags[int(len(lags) * 0.99)], 2),
        "lag_ms_max": round(lags[-1], 2),
    }


async def burst(take: Take, raws: list[RawNotification]) -> float:
    """The longest lag while a hundred come at once, as after a pause of the network."""
    loop, lags = asyncio.get_running_loop(), [0.0]

    async def heartbeat() -> None:
        while True:
            due = loop.time() + 0.001
            await asyncio.sleep(0.001)
            lags.append((loop.time() - due) * 1000)

    beating = asyncio.create_task(heartbeat())
    await asyncio.sleep(0.05)
    await asyncio.gather(*(take(raw) for raw in raws[:BURST]))
    await asyncio.sleep(0.005)
    beating.cancel()
    return round(max(lags), 2)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rate", type=int, default=500)


def run(options: argparse.Namespace, watch: Watch) -> Measured:
    seconds, rate = (0.1, 50) if options.quick else (options.seconds, options.rate)
    pin(CORE)
    config = config_from_dict(settings())
    provider = Providers(config, SYSTEM_ENV).get(None, "huawei_mp-harmony")
    raws = [callback(number) for number in range(max(rate, BURST))]
    with asyncio.Runner() as runner:
        transport = Transport(config.http)

        async def off_the_loop(raw: RawNotification) -> Notification:
            return await transport.run(provider.notification(raw))

        async def in_the_loop(raw: RawNotification) -> Notification:
            return run_offline(provider.notification(raw), lambda _: None)  # type: ignore[arg-type,return-value]

        def case(take: Take | None) -> Metrics:
            found = runner.run(measured(take, raws, seconds, rate))
            return found if take is None else {**found, "burst_lag_ms_max": runner.run(burst(take, raws))}

        ways: dict[str, Take | None] = {"idle": None, "ours": off_the_loop, "in_the_loop": in_the_loop}
        cases = {name: partial(case, take) for name, take in ways.items()}
        samples = interleaved(cases, options.rounds, watch, warm_up=not options.quick, turns=options.turns)
        runner.run(transport.close())
    samples["quietest"] = {"burst_lag_ms_max": [min(samples["ours"]["burst_lag_ms_max"])]}
    return Measured(samples=samples)
