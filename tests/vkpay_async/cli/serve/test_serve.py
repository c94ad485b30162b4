"""A server as its users run it: requests, handlers, and how it ends."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from tests.vkpay_async.cli.process import until, until_true
from tests.vkpay_async.cli.serve.conftest import Serve

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.mark.usefixtures("unpaid")
async def test_a_notification_runs_the_users_handler(serve: Serve, folder: Path) -> None:
    served = await serve("shop:pay")
    assert served.said["handlers"] == {
        "paid": ["goods"],
        "refunded": [],
        "transferred": False,
        "authorized": False,
        "events": [],
    }
    (folder / "go").touch()
    assert await served.notify() == (200, b"got it")
    await until((folder / "shipped").exists)
    assert await served.get("/health") == (200, {"status": "ok"})
    assert await served.get("/ready") == (200, {"status": "ok", "database": "ok"})
    served.process.terminate()
    assert await served.end() == 0


async def test_a_factory_gives_the_application_and_a_prefix_the_place(serve: Serve) -> None:
    served = await serve("shop:make", "--prefix", "/pay/", "--no-jobs", "--access-log")
    assert served.url.endswith("/pay")
    assert served.said["jobs"] is False
    assert (await served.get("/health"))[0] == 200
    served.process.send_signal(signal.SIGINT)
    assert await served.end() == 0
    assert '"GET /pay/health HTTP/1.1" 200' in served.log.read_text()


@pytest.mark.usefixtures("unpaid")
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_running_handler_ends_before_the_server(serve: Serve, folder: Path, workers: str) -> None:
    served = await serve("shop:pay", "--workers", workers)
    assert (await served.notify())[0] == 200  # stored; the handler is still at work
    await until((folder / "handler-runs").exists)
    served.process.terminate()
    await until_true(served.closed)
    assert served.process.returncode is None
    (folder / "go").touch()
    assert await served.end() == 0
    assert (folder / "shipped").read_text() == "order_0001"


async def test_a_running_request_is_answered_before_the_end(serve: Serve, folder: Path) -> None:
    served = await serve("shop:pay", "--front-door", "shop:door")
    asking = asyncio.create_task(served.ask(slow="yes"))
    await until((folder / "request-runs").exists)
    served.process.terminate()
    await until_true(served.closed)
    (folder / "go").touch()
    assert (await asking)["msg"] == "refused"
    assert await served.end() == 0


async def test_every_request_that_is_taken_is_answered(serve: Serve, folder: Path) -> None:
    """Also one whose connection comes in the moment of the signal."""
    served = await serve("shop:pay", "--front-door", "shop:door")
    slow = asyncio.create_task(served.ask(slow="yes"))
    await until((folder / "request-runs").exists)
    asking = [asyncio.create_task(until_true(served.closed)) for _ in range(20)]
    await served.get("/health")
    served.process.terminate()
    await asyncio.gather(*asking)
    (folder / "go").touch()
    assert (await slow)["msg"] == "refused"
    assert await served.end() == 0


@pytest.mark.usefixtures("unpaid")
async def test_the_drain_has_a_limit(serve: Serve, folder: Path) -> None:
    served = await serve("shop:pay", "--drain", "0")
    await served.notify()
    served.process.terminate()
    assert await served.end() == 0
    assert not (folder / "shipped").exists()
    assert "not everything ended within --drain 0 s" in served.log.read_text()


@pytest.mark.usefixtures("unpaid")
@pytest.mark.parametrize(("workers", "status"), [("1", -signal.SIGTERM), ("2", 128 + signal.SIGTERM)])
async def test_a_second_signal_ends_at_once(serve: Serve, workers: str, status: int) -> None:
    served = await serve("shop:pay", "--workers", workers)
    await served.notify()
    served.process.terminate()
    await until_true(served.closed)
    served.process.terminate()
    assert await served.end() == status
