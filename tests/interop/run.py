"""Third-party clients, unmodified but for the base URL, judge the simulator: ``make interop``.

Each client gets a simulator process of its own, so that none sees another's clock, faults or orders. Exit
status 1 when a required operation was not proven, 2 when the environments are missing.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TextIO

from operations import CLIENTS, Client
from outcome import Outcome, tables, update_readme
from receiver import Receiver

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ENVIRONMENTS = ROOT / ".venv-interop"
READY = "VKPAY_SIM_READY "
PATIENCE_S = 90


def main() -> int:
    options = _options()
    chosen = [
        client
        for client in CLIENTS
        if options.only in ((client.name,) if client.apart else (None, client.name))
    ]
    if absent := [client.home for client in chosen if not (ENVIRONMENTS / client.home / "stamp").exists()]:
        print(f"No environment for {', '.join(absent)}: {_how(chosen)}.", file=sys.stderr)
        return 2
    with closing(Receiver()) as receiver, ThreadPoolExecutor(max_workers=2) as pool:
        outcomes = list(pool.map(lambda client: judged(client, receiver.url), chosen))
    lines = [line for outcome in outcomes for line in outcome.lines]
    (HERE / "results.json").write_text(json.dumps(lines, ensure_ascii=False, indent=1) + "\n")
    status = report(outcomes)
    if options.update_readme:
        update_readme(ROOT / "README.md", tables(outcomes))
    return status


def _how(chosen: list[Client]) -> str:
    if any(client.apart for client in chosen):
        return "give its checkout to tests/interop/setup.sh"
    return "run `make interop`"


def judged(client: Client, receiver_url: str) -> Outcome:
    """Runs one client's driver against a fresh simulator."""
    with tempfile.TemporaryFile("w+") as log, simulator(*_address(client), log) as base_url:
        outcome = Outcome(client=client, served=base_url)
        job = {
            "client": client.name,
            "prefix": client.prefix,
            "base_url": base_url,
            "merchants": {pid: _merchant(base_url, pid) for pid in ("default", "certs", "partner")},
            "notify_url": f"{receiver_url}/notify/{client.provider}",
            "environment": str(ENVIRONMENTS / client.home),
        }
        _drive(client, job, outcome)
        outcome.log = _tail(log)
    return outcome


def _drive(client: Client, job: dict[str, Any], outcome: Outcome) -> None:
    try:
        done = subprocess.run(
            _command(client),
            input=json.dumps(job),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        outcome.crash = f"the driver took more than {PATIENCE_S} s"
        printed = (late.stdout or b"").decode()
    else:
        outcome.crash = done.stderr.strip()[-2000:] if done.returncode else ""
        printed = done.stdout
    for line in printed.splitlines():
        outcome.take(line)


def _command(client: Client) -> list[str]:
    folder = HERE / "clients" / client.home
    script = folder / "driver.mjs"
    if script.exists():
        return ["node", str(script)]
    return [str(ENVIRONMENTS / client.home / "bin" / "python"), str(folder / "driver.py")]


def _environment() -> dict[str, str]:
    """No proxies: nothing goes further than this machine. China's time, as the providers' merchants have it."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return kept | {
        "NO_PROXY": "*",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(HERE / "clients"),
        "TZ": "Asia/Shanghai",
    }


@contextmanager
def simulator(host: str, port: int, log: TextIO) -> Iterator[str]:
    """The base URL of a simulator process that lives as long as the block. Raises :class:`SystemExit`."""
    command = [
        sys.executable,
        "-m",
        "vkpay_simulator",
        "up",
        "--seed",
        "7",
        "--host",
        host,
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT) as process:
        try:
            ready = next((line for line in process.stdout or () if line.startswith(READY)), None)
            if ready is None:
                raise SystemExit(f"The simulator did not start:\n{_tail(log)}")
            yield ready.removeprefix(READY).strip().removesuffix(":80")
        finally:
            process.terminate()


def _tail(log: TextIO) -> str:
    log.seek(0)
    return log.read()[-4000:]


def _address(client: Client) -> tuple[str, int]:
    return ("127.0.0.2", 80) if client.port_80_only and _may_take_port_80() else ("127.0.0.1", 0)


def _may_take_port_80() -> bool:
    with socket.socket() as probe:
        # As the simulator's own socket has it: a run a moment ago does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.2", 80))
        except OSError:
            return False
    return True


def _merchant(base_url: str, pid: str) -> Any:
    with urllib.request.urlopen(f"{base_url}/_sim/merchants/{pid}", timeout=10) as answer:  # noqa: S310 (loopback)
        return json.load(answer)


def report(outcomes: list[Outcome]) -> int:
    """One line a client and one a failure, for people; 1 when something failed."""
    for outcome in outcomes:
        total = len(outcome.lines)
        print(f"{outcome.title}: {total - len(outcome.failed)} of {total} proven ({outcome.served})")
        for line in outcome.failed:
            print(f"  failed: {line['operation']}: {line['detail']}")
        if outcome.failed and outcome.log:
            print(f"  the simulator's log ended with:\n{outcome.log}")
    return int(any(outcome.failed for outcome in outcomes))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update-readme", action="store_true", help="write the tables into README.md")
    parser.add_argument("--only", choices=[client.name for client in CLIENTS], help="run one client")
    options = parser.parse_args()
    if options.only and options.update_readme:
        parser.error("--update-readme needs a run of all clients: leave --only out")
    return options


if __name__ == "__main__":
    sys.exit(main())
