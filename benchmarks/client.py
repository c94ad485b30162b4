"""A signed call → verified typed answer over loopback: CPU a call beside a hand-written aiohttp floor and wechatpayv3.

``python -m benchmarks.client`` prints one JSON line. The server is a raw protocol with one canned answer, in a process
of its own on the other core, so that only the client's CPU is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, cast

import aiohttp
import msgspec
import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from benchmarks import parties, peers
from benchmarks.rounds import interleaved, machine, medians, pin, ratio
from vkpay_async import config_from_dict
from vkpay_async.clock import SYSTEM_ENV, nonce
from vkpay_async.models import CreateOrder
from vkpay_async.providers.registry import Providers
from vkpay_async.transport import Transport

ANSWER = b'{"code_url":"weixin://wxpay/bizpayurl?pr=JyC91EIz1"}'
ORDER = CreateOrder(
    pay_type="wxpay_h5",
    out_trade_no="T20260101000001",
    total_fee=100,
    subject="Tea, 500 g",
    notify_url="https://pay.example.com/pay/vk-pay-notify/wxpay_h5/T20260101000001",
)


class Canned(asyncio.Protocol):
    """Answers every complete request with the same signed bytes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            _, found, rest = head.partition(b"content-length:")
            total = end + 4 + (int(rest.split(b"\r\n", 1)[0]) if found else 0)
            if len(self._buffer) < total:
                return
            self._buffer = self._buffer[total:]
            self._transport.write(self._answer)


def serve(answer: bytes, ready: Connection) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: Canned(answer), "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    pin(0)
    uvloop.run(run())


def canned_answer() -> bytes:
    headers = {
        **parties.signed_headers(ANSWER),
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(ANSWER)),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + ANSWER


class CodeUrlAnswer(msgspec.Struct):
    code_url: str


class Floor:
    """The same call by hand: aiohttp, one sign, one verify, msgspec."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/v3/pay/transactions/native"
        self._platform = parties.PLATFORM.public_key()
        self._decode = msgspec.json.Decoder(CodeUrlAnswer).decode
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self) -> str:
        body = msgspec.json.encode(
            {
                "appid": parties.APP_ID,
                "mchid": parties.MCH_ID,
                "description": ORDER.subject,
                "out_trade_no": ORDER.out_trade_no,
                "notify_url": ORDER.notify_url,
                "amount": {"total": ORDER.total_fee, "currency": "CNY"},
            }
        )
        timestamp, drawn = str(int(time.time())), nonce()
        message = f"POST\n/v3/pay/transactions/native\n{timestamp}\n{drawn}\n".encode() + body + b"\n"
        signature = base64.b64encode(
            parties.MERCHANT.sign(message, padding.PKCS1v15(), hashes.SHA256())
        ).decode()
        headers = {
            "Authorization": (
                f'WECHATPAY2-SHA256-RSA2048 mchid="{parties.MCH_ID}",nonce_str="{drawn}",timestamp="{timestamp}",'
                f'serial_no="{parties.SERIAL}",signature="{signature}"'
            ),
            "Wechatpay-Serial": parties.PUBLIC_KEY_ID,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "floor",
        }
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
        async with self._session.post(self._url, data=body, headers=headers) as response:
            raw, got = await response.read(), response.headers
        signed = f"{got['Wechatpay-Timestamp']}\n{got['Wechatpay-Nonce']}\n".encode() + raw + b"\n"
        assert abs(time.time() - int(got["Wechatpay-Timestamp"])) < 300
        self._platform.verify(
            base64.b64decode(got["Wechatpay-Signature"]), signed, padding.PKCS1v15(), hashes.SHA256()
        )
        return self._decode(raw).code_url

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def ours(base_url: str) -> tuple[Callable[[], Any], Transport]:
    config = config_from_dict(parties.config(base_url))
    transport = Transport(config.http)
    provider = Providers(config, SYSTEM_ENV).get(None, "wxpay_h5")
    return (lambda: transport.run(provider.create(ORDER))), transport


def concurrent(
    loop: asyncio.AbstractEventLoop, call: Callable[[], Any], calls: int, at_once: int
) -> Callable[[], float]:
    """CPU seconds a call, ``at_once`` of them under way."""

    async def worker(count: int) -> None:
        for _ in range(count):
            await call()

    async def all_of_them() -> None:
        await asyncio.gather(*(worker(calls // at_once) for _ in range(at_once)))

    def measure() -> float:
        started = time.process_time()
        loop.run_until_complete(all_of_them())
        return (time.process_time() - started) / (calls // at_once * at_once)

    return measure


def sequential(call: Callable[[], Any], calls: int) -> Callable[[], float]:
    def measure() -> float:
        started = time.process_time()
        for _ in range(calls):
            call()
        return (time.process_time() - started) / calls

    return measure


def measure_all(base_url: str, rounds: int, calls: int, at_once: int) -> dict[str, Any]:
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    floor = Floor(base_url)
    create, transport = ours(base_url)
    measures = {
        "floor": concurrent(loop, floor, calls, at_once),
        "ours": concurrent(loop, create, calls, at_once),
    }
    if peer := peers.wechatpayv3(base_url):
        arguments = {
            "description": ORDER.subject,
            "out_trade_no": ORDER.out_trade_no,
            "amount": {"total": 100},
        }
        measures["wechatpayv3"] = sequential(lambda: peer.pay(**arguments), max(calls // 10, 1))
    samples = interleaved(measures, rounds)
    loop.run_until_complete(asyncio.gather(floor.close(), transport.close()))
    return {
        "benchmark": "client",
        "rounds": rounds,
        "at_once": at_once,
        "cpu_us": medians(samples),
        "ratio_to_floor": {name: ratio(samples, name, "floor") for name in measures if name != "floor"},
        "limit": {"ours": 1.10},
        "machine": machine(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--calls", type=int, default=1280)
    parser.add_argument("--at-once", type=int, default=64)
    options = parser.parse_args()
    receiving, sending = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(canned_answer(), sending), daemon=True
    )
    server.start()
    pin(1)
    try:
        base_url = f"http://127.0.0.1:{receiving.recv()}"
        print(json.dumps(measure_all(base_url, options.rounds, options.calls, options.at_once)))
    finally:
        server.kill()


if __name__ == "__main__":
    main()
