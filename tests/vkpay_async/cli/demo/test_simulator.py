"""The simulator's process and its control API, played by small stand-ins."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from vkpay_async.cli.demo import simulator
from vkpay_async.cli.demo.simulator import Simulator, SimulatorFailed, running_simulator

WAITS = "print('VKPAY_SIM_READY http://127.0.0.1:1', flush=True)\nsignal.pause()\n"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAITS
ARGUMENTS = "pathlib.Path(__file__).with_name('arguments').write_text(' '.join(sys.argv[1:]))\n" + WAITS
REFUSES = "sys.exit('Welcome\\nThe port is taken. Choose another.')\n"
SAYS_NOTHING = "print('starting', flush=True)\nsignal.pause()\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a program in the simulator's place; it leaves its process id beside itself."""

    def write(source: str) -> Path:
        package = tmp_path / "stand_in.py"
        start = "import os, pathlib, signal, sys\npathlib.Path(__file__).with_name('pid').write_text(str(os.getpid()))\n"
        package.write_text(start + source)
        monkeypatch.setattr(simulator, "PACKAGE", "stand_in")
        monkeypatch.setattr(simulator, "NEEDED", ())
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return tmp_path

    return write


def alive(folder: Path) -> bool:
    try:
        os.kill(int((folder / "pid").read_text()), 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("source", [WAITS, STUBBORN])
async def test_the_process_ends_with_the_block(
    program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setattr(simulator, "STOP_LIMIT_S", 0.2)
    folder = program(source)
    async with running_simulator(folder, 0, None) as running:
        assert running.url == "http://127.0.0.1:1"
        assert alive(folder)
    assert not alive(folder)


async def test_the_process_ends_when_the_block_fails(program: Callable[[str], Path]) -> None:
    folder = program(WAITS)
    with pytest.raises(KeyError):
        async with running_simulator(folder, 0, None):
            raise KeyError
    assert not alive(folder)


@pytest.mark.parametrize(("seed", "more"), [(None, ""), (7, " --seed 7")])
async def test_port_seed_and_config_file(program: Callable[[str], Path], seed: int | None, more: str) -> None:
    folder = program(ARGUMENTS)
    async with running_simulator(folder, 9300, seed):
        given = (folder / "arguments").read_text()
    assert given == f"up --port 9300 --config-out {folder / 'vkpay.toml'}{more}"


async def test_a_simulator_that_does_not_start_is_quoted(program: Callable[[str], Path]) -> None:
    folder = program(REFUSES)
    with pytest.raises(SimulatorFailed, match=r"did not start:\nWelcome\nThe port is taken"):
        async with running_simulator(folder, 0, None):
            pass


async def test_a_package_that_only_the_simulator_misses_has_a_command_too(
    program: Callable[[str], Path],
) -> None:
    folder = program("import a_package_of_tomorrow\n")
    with pytest.raises(SimulatorFailed) as failed:
        async with running_simulator(folder, 0, None):
            pass
    assert str(failed.value).splitlines()[1:] == [
        "ModuleNotFoundError: No module named 'a_package_of_tomorrow': pip install 'vkpay-async[cli,simulator]'"
    ]


async def test_a_simulator_that_is_never_ready_is_ended(
    program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulator, "START_LIMIT_S", 1.0)
    folder = program(SAYS_NOTHING)
    with pytest.raises(SimulatorFailed, match="not ready after 1 s"):
        async with running_simulator(folder, 0, None):
            pass
    assert not alive(folder)


async def test_without_the_extra_it_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def find_spec(name: str) -> ModuleSpec | None:
        return None if name in ("vkpay_simulator", "faker") else ModuleSpec(name, None)

    monkeypatch.setattr(simulator, "find_spec", find_spec)
    with pytest.raises(
        SimulatorFailed,
        match=r"needs vkpay_simulator, faker: pip install 'vkpay-async\[cli,simulator\]'",
    ):
        async with running_simulator(tmp_path, 0, None):
            pass


class Control:
    """A control API that keeps what it was asked and answers as told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.answer = web.json_response({})

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, await request.json()))
        return self.answer


@pytest.fixture
async def control() -> AsyncIterator[tuple[Control, Simulator]]:
    played = Control()
    app = web.Application()
    app.router.add_post("/{path:.*}", played.handle)
    async with TestServer(app) as server, ClientSession() as session:
        yield played, Simulator(str(server.make_url("")).rstrip("/"), session)


async def test_what_people_do_is_one_call_each(control: tuple[Control, Simulator]) -> None:
    played, people = control
    await people.pay("T1", provider="wxpay", pid="certs")
    played.answer = web.json_response({})
    await people.confirm_transfer("B1", provider="wxpay", pid="default")
    played.answer = web.json_response({})
    await people.advance(61)
    assert played.asked == [
        ("/_sim/pay", {"out_trade_no": "T1", "provider": "wxpay", "pid": "certs"}),
        (
            "/_sim/transfer",
            {"out_bill_no": "B1", "outcome": "confirm", "provider": "wxpay", "pid": "default"},
        ),
        ("/_sim/clock", {"advance_seconds": 61}),
    ]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"resultStatus": "9000", "memo": "", "result": "{}"}, "9000"),
        (
            {"resultStatus": "4000", "memo": "isv.invalid-signature", "result": ""},
            "4000 isv.invalid-signature",
        ),
    ],
)
async def test_the_phones_result(
    control: tuple[Control, Simulator], answer: dict[str, str], status: str
) -> None:
    played, people = control
    played.answer = web.json_response(answer)
    assert await people.take_order_string("a=b") == status
    assert played.asked == [("/_sim/alipay/app-pay", {"order_string": "a=b"})]


async def test_the_browsers_status(control: tuple[Control, Simulator]) -> None:
    _, people = control
    assert await people.open(f"{people.url}/gateway.do?a=b") == 405


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            web.json_response({"error": "There is no order 'T1' here."}, status=404),
            "refused /_sim/pay: There is no",
        ),
        (web.Response(text="not JSON"), "does not answer"),
    ],
)
async def test_a_refused_call_says_why(
    control: tuple[Control, Simulator], answer: web.Response, why: str
) -> None:
    played, people = control
    played.answer = answer
    with pytest.raises(SimulatorFailed, match=why):
        await people.pay("T1", provider="wxpay", pid="default")
