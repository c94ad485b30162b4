"""A WeChat notification's bytes → typed event, beside (verify + decrypt) and wechatpayv3's callback.

``python -m benchmarks.notify`` prints one JSON line. No HTTP: this is what the SDK adds to the crypto.
"""

from __future__ import annotations

import argparse
import base64
import json
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks import parties, peers
from benchmarks.rounds import interleaved, machine, medians, pin, ratio
from vkpay_async import config_from_dict
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.models import RawNotification
from vkpay_async.providers.registry import Providers


def floor(headers: dict[str, str], body: bytes) -> Callable[[], bytes]:
    """Verify and decrypt with loaded keys and ready inputs, and nothing else."""
    resource = json.loads(body)["resource"]
    key, gcm = parties.PLATFORM.public_key(), AESGCM(parties.V3_KEY.encode())
    signature = base64.b64decode(headers["Wechatpay-Signature"])
    message = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
    nonce, ciphertext = resource["nonce"].encode(), base64.b64decode(resource["ciphertext"])

    def run() -> bytes:
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        return gcm.decrypt(nonce, ciphertext, b"transaction")

    return run


def ours(headers: dict[str, str], body: bytes) -> Callable[[], Any]:
    provider = Providers(config_from_dict(parties.config("http://127.0.0.1")), SYSTEM_ENV).get(
        None, "wxpay_h5"
    )
    lower = {name.lower(): value for name, value in headers.items()}
    raw = RawNotification(path="/vk-pay-notify/wxpay_h5/T1", headers=lower, body=body)

    def run() -> Any:
        flow = provider.notification(raw)
        try:
            next(flow)
        except StopIteration as stop:
            return stop.value
        raise SystemExit("a notification under a known key must not ask for anything")

    assert run().trade.total_fee == 100
    return run


def timed(work: Callable[[], Any], calls: int) -> Callable[[], float]:
    def measure() -> float:
        started = time.process_time()
        for _ in range(calls):
            work()
        return (time.process_time() - started) / calls

    return measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=1000)
    options = parser.parse_args()
    pin(1)
    body = parties.notification("T20260101000001")
    headers = parties.signed_headers(body)
    works = {"floor": floor(headers, body), "ours": ours(headers, body)}
    if peer := peers.callback(headers, body):
        works["wechatpayv3"] = peer
    samples = interleaved({name: timed(work, options.calls) for name, work in works.items()}, options.rounds)
    print(
        json.dumps(
            {
                "benchmark": "notify",
                "rounds": options.rounds,
                "cpu_us": medians(samples),
                "ratio_to_floor": {name: ratio(samples, name, "floor") for name in works if name != "floor"},
                "limit": {"ours": 1.45},
                "machine": machine(),
            }
        )
    )


if __name__ == "__main__":
    main()
