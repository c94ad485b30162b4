"""How long a program waits for its imports: ours beside msgspec and the parts of cryptography that any such SDK needs.

``python -m benchmarks.imports`` prints one JSON line. Every sample is a process of its own, which times the statement alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable

from benchmarks.rounds import interleaved, machine, medians, pin, ratio

STATEMENTS = {
    "floor": (
        "import msgspec; from cryptography.hazmat.primitives import hashes, serialization; "
        "from cryptography.hazmat.primitives.asymmetric import rsa; "
        "from cryptography.hazmat.primitives.ciphers import aead"
    ),
    "package": "import vkpay_async",
    "an error": "from vkpay_async import OrderNotFound",
    "VKPay": "from vkpay_async import VKPay",
}


def fresh(statement: str) -> Callable[[], float]:
    """Seconds that the statement takes as the first of a new interpreter."""
    code = f"from time import perf_counter as t; began = t(); {statement}; print(t() - began)"

    def measure() -> float:
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        return float(done.stdout)

    return measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    pin(1)
    samples = interleaved({name: fresh(code) for name, code in STATEMENTS.items()}, options.rounds)
    result = {
        "benchmark": "imports",
        "rounds": options.rounds,
        "wall_us": medians(samples),
        "ratio_to_floor": {name: ratio(samples, name, "floor") for name in STATEMENTS if name != "floor"},
        "limit": {"package": 1.2},
        "machine": machine(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
