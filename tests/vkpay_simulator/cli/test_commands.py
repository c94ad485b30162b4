import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.vkpay_simulator.toy import Toy
from vkpay_simulator import cli
from vkpay_simulator.cli.client import CallError, ask
from vkpay_simulator.cli.commands import app
from vkpay_simulator.cli.up import SIGNATURE
from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.world import Settings, World

# The program itself, with the toy for a provider.
WITH_TOY = """
import sys
from vkpay_simulator import cli, providers
providers.REGISTRY = {"toy": "tests.vkpay_simulator.toy:Toy"}
sys.argv[0] = "vkpay-sim"
cli.main()
"""


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with RunningSimulator(world=World(Settings(seed=1), providers={"toy": Toy})) as simulator:
        yield simulator


@pytest.fixture
def run(simulator: RunningSimulator) -> "Run":
    simulator.reset()
    return Run(simulator)


class Run:
    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator = simulator

    def create(self, number: str, notify_url: str | None = None) -> None:
        order = {"out_trade_no": number, "total_fee": 19900, "notify_url": notify_url}
        asyncio.run(ask(f"{self.simulator.url}/toy/orders", "POST", order, None))

    def __call__(self, *arguments: str, status: int = 0) -> str:
        done = CliRunner().invoke(app, arguments, env={"VKPAY_SIM_URL": self.simulator.url, "NO_COLOR": "1"})
        assert done.exit_code == status, done.output
        return done.output


def test_pay_shows_order_and_notification(run: Run) -> None:
    run.create("no-1", "http://shop.example/notify")
    said = run("pay", "no-1", "--payer", "u1")
    assert "no-1  toy  PAID  199.00" in said
    assert "refused" in said
    assert "--allow-notify-host" in said
    assert run.simulator.orders()[0].payer == "u1"


def test_pay_without_a_notification_asks_for_the_address(run: Run) -> None:
    run.create("no-1")
    assert "notify_url?" in run("pay", "no-1")


def test_the_address_may_come_without_its_scheme(run: Run) -> None:
    assert run("orders", "--url", run.simulator.url.removeprefix("http://")) == "No orders yet.\n"


def test_nothing_is_cut_for_a_narrow_terminal(run: Run) -> None:
    number = "2026-11-21-with-a-very-long-number"
    run.create(number)
    done = CliRunner().invoke(app, ["orders", "--url", run.simulator.url], env={"COLUMNS": "40"})
    head, row = done.output.splitlines()
    assert row.startswith(f"{number}  toy")
    assert head.index("provider") == row.index("toy")


def test_what_the_terminal_cannot_show_is_replaced(run: Run) -> None:
    run.create("订单一")
    done = CliRunner(charset="ascii").invoke(app, ["orders", "--url", run.simulator.url])
    assert done.exit_code == 0
    assert done.output.splitlines()[1].startswith("???")


def test_version(run: Run) -> None:
    assert run("--version") == f"vkpay-sim {version('vkpay-async')}\n"


def test_a_notify_url_has_to_be_an_address(run: Run) -> None:
    assert "http://" in run("up", "--notify-url", "shop.example", status=2)


def test_advance_says_the_time(run: Run) -> None:
    assert re.fullmatch(
        r"It is \d{4}-\d\d-\d\dT.*\+08:00 \(1 day, 0:04:00 ahead\)\.\n", run("advance", "24h4m")
    )


def test_orders(run: Run) -> None:
    assert run("orders") == "No orders yet.\n"
    run.create("no-1")
    head, row = run("orders").splitlines()
    assert head.split() == [
        "out_trade_no",
        "provider",
        "pid",
        "product",
        "state",
        "yuan",
        "refunded",
        "created",
    ]
    assert row.split()[:7] == ["no-1", "toy", "default", "toy", "OPEN", "199.00", "0.00"]


def test_deliveries(run: Run) -> None:
    assert run("deliveries") == "No notifications yet.\n"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        run.create("no-1", f"http://127.0.0.1:{taken.getsockname()[1]}/")
        run("pay", "no-1")
    assert "nobody listens at 127.0.0.1" in run("deliveries").splitlines()[1]


def test_journal(run: Run) -> None:
    assert run("journal") == "Nothing has happened yet.\n"
    run.create("no-1")
    run.create("no-2")
    assert len(run("journal").splitlines()) == 3
    assert len(run("journal", "--limit", "1").splitlines()) == 2
    assert "no-2" not in run("journal", "--out-trade-no", "no-1")


def test_journal_names_what_no_provider_has(run: Run) -> None:
    with pytest.raises(CallError):
        asyncio.run(ask(f"{run.simulator.url}/nowhere", "GET", None, None))
    assert "GET /nowhere" in run("journal")


def test_what_is_on_its_way_has_no_answer_yet(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        run.create("no-1", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        run.simulator.pay("no-1", wait=False).wait()
        row = run("deliveries").splitlines()[1]
        run.simulator.reset()
    assert row.split()[1:5] == ["no-1", "PAID", "pending", "0"]


def test_the_simulators_own_errors_are_shown(run: Run) -> None:
    assert "GET /_sim/orders" in run("pay", "none", status=1)
    assert "24h4m" in run("advance", "tomorrow", status=1)


def test_nobody_there() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        done = CliRunner().invoke(app, ["orders", "--url", url])
    assert (done.exit_code, "vkpay-sim up" in done.output) == (1, True)


def test_without_the_extra_one_line_names_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name in ("faker", "typer") else object())
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == "vkpay-sim needs faker, typer: pip install 'vkpay-async[simulator]'"


def start(*arguments: str) -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    paths = os.pathsep.join([str(root), str(root / "simulator")])
    return subprocess.Popen(
        [sys.executable, "-c", WITH_TOY, "up", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_up_says_when_it_is_ready_writes_the_config_and_stops_cleanly(
    tmp_path: Path, ending: signal.Signals
) -> None:
    written = tmp_path / "vkpay.toml"
    written.write_text(SIGNATURE + "old = 1\n", encoding="utf-8")
    options = ["--seed", "1", "--config-out", str(written), "--notify-url", "http://127.0.0.1:5000/p/"]
    with start(*options, "--allow-notify-host", "shop.example") as program:
        assert program.stdout is not None
        ready, url = program.stdout.readline().split()
        config = tomllib.loads(written.read_text(encoding="utf-8"))
        done = CliRunner().invoke(app, ["orders", "--url", url])
        program.send_signal(ending)
        said, people = program.communicate(timeout=30)
    assert (ready, done.output) == ("VKPAY_SIM_READY", "No orders yet.\n")
    assert (program.returncode, said) == (0, "")
    assert url in people
    assert "Traceback" not in people
    assert config["notify_url"] == "http://127.0.0.1:5000/p"
    assert config["merchants"]["default"]["toy"]["h5"]["baseUrl"] == url


def test_a_taken_port_is_one_line() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        start("--port", str(taken.getsockname()[1])) as program,
    ):
        _, people = program.communicate(timeout=30)
    assert program.returncode == 1
    assert re.fullmatch(
        r"Cannot listen on 127.0.0.1:\d+: address already in use\. Choose another --port \(0 .*\n", people
    )


def test_a_config_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with start("--config-out", str(tmp_path / "nowhere" / "vkpay.toml")) as program:
        said, people = program.communicate(timeout=30)
    assert (program.returncode, said) == (1, "")
    assert re.fullmatch(r"Cannot write .*vkpay\.toml: No such file.*--config-out\.\n", people)


def test_a_config_of_real_keys_is_not_written_over(tmp_path: Path) -> None:
    mine = tmp_path / "vkpay.toml"
    mine.write_text("[wxpay.h5]\n", encoding="utf-8")
    with start("--config-out", str(mine)) as program:
        said, people = program.communicate(timeout=30)
    assert (program.returncode, said) == (1, "")
    assert "was not written by vkpay-sim" in people
    assert mine.read_text(encoding="utf-8") == "[wxpay.h5]\n"


def test_up_without_options_is_ready_too() -> None:
    with start() as program:
        assert program.stdout is not None
        assert program.stdout.readline().startswith("VKPAY_SIM_READY http://127.0.0.1:")
        program.terminate()
        _, people = program.communicate(timeout=30)
    assert "Configuration" not in people


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vkpay_simulator", "--help"], capture_output=True, text=True, check=True
    )
    for command in ("up", "pay", "advance", "orders", "deliveries", "journal"):
        assert command in done.stdout
