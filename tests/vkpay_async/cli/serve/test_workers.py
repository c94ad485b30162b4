"""Several workers, and the supervisor that keeps them."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.vkpay_async.cli.process import until, until_true
from tests.vkpay_async.cli.serve.conftest import Serve
from vkpay_async.cli.serve import supervisor
from vkpay_async.cli.serve.serving import Facts, Serving
from vkpay_async.cli.serve.sockets import open_sockets
from vkpay_async.cli.serve.supervisor import Supervisor

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows shares no port")


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not (Path("/proc") / str(pid) / "stat").exists() or _state(pid) != "Z"


def _state(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return "Z"


async def test_workers_share_the_port(serve: Serve) -> None:
    served = await serve("shop:pay", "--workers", "2", "--front-door", "shop:door")
    met: set[int] = set()

    async def met_both() -> bool:
        met.add((await served.ask())["code"])
        return len(met) == 2

    await until_true(met_both)
    assert met == set(served.workers)
    served.process.terminate()
    assert await served.end() == 0
    assert not any(map(lives, served.workers))


async def test_a_killed_worker_is_started_again(serve: Serve) -> None:
    served = await serve("shop:pay", "--workers", "2", "--front-door", "shop:door")
    os.kill(served.workers[0], signal.SIGKILL)
    again = re.compile(r"worker 1 is started again as process (\d+)")
    await until(lambda: again.search(served.log.read_text()))
    found = again.search(served.log.read_text())
    assert found is not None
    new = int(found[1])

    async def answers() -> bool:
        return (await served.ask())["code"] == new

    await until_true(answers)
    served.process.terminate()
    assert await served.end() == 0
    assert "ended by signal 9" in served.log.read_text()


async def test_workers_whose_supervisor_is_gone_stop(serve: Serve) -> None:
    served = await serve("shop:pay", "--workers", "2")
    served.process.kill()
    await served.end()
    await until(lambda: not any(map(lives, served.workers)))


@pytest.mark.usefixtures("folder")
async def test_it_gives_up_on_a_worker_that_dies_at_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(supervisor, "MOST_QUICK_DEATHS", 2)
    caplog.set_level(logging.INFO)

    def started(facts: Facts, pids: list[int]) -> None:
        assert facts.paid == ["goods"]
        Path("broken").touch()
        os.kill(pids[1], signal.SIGKILL)

    [held] = open_sockets("127.0.0.1", 0, shared=True)
    with held:
        serving = Serving(app="shop:pay", workers=2, port=held.getsockname()[1])
        assert await Supervisor(serving, started=started).run() == 1
    assert "worker 2 died at once 2 times: giving up" in caplog.text
    assert "with status 3" in caplog.text


@pytest.fixture
def broken(folder: Path) -> None:
    (folder / "broken").touch()


@pytest.mark.usefixtures("broken")
async def test_a_start_that_fails_is_not_tried_again() -> None:
    started: list[Facts] = []
    serving = Serving(app="shop:pay", workers=2)
    assert await Supervisor(serving, started=lambda facts, _: started.append(facts)).run() == 1
    assert started == []
