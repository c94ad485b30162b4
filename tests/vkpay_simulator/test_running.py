"""The ``vkpay_sim`` fixture, used as in somebody's own test suite."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import msgspec
import pytest
from aiohttp import ClientSession

from tests.vkpay_simulator.conftest import Receiver
from tests.vkpay_simulator.toy import Toy
from vkpay_simulator import pytest_plugin
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.toml import dumps
from vkpay_simulator.world import Settings, World


@pytest.fixture(scope="module")
def vkpay_sim_server() -> Iterator[RunningSimulator]:
    """The plugin's own, but with the toy."""
    with RunningSimulator(world=World(Settings(seed=1), providers={"toy": Toy})) as simulator:
        yield simulator


def create(sim: RunningSimulator, number: str = "no-1", notify_url: str | None = None) -> None:
    body = msgspec.json.encode({"out_trade_no": number, "total_fee": 100, "notify_url": notify_url})
    build_opener(ProxyHandler({})).open(Request(f"{sim.url}/toy/orders", body)).close()  # noqa: S310 - loopback


async def test_pay_is_awaited(vkpay_sim: RunningSimulator, receiver: Receiver) -> None:
    create(vkpay_sim, notify_url=receiver.url)
    order = await vkpay_sim.pay("no-1", payer="u1")
    assert (order.state, order.payer, len(receiver.bodies)) == ("PAID", "u1", 1)


def test_pay_is_waited_for_in_a_plain_test(vkpay_sim: RunningSimulator) -> None:
    create(vkpay_sim)
    assert vkpay_sim.pay("no-1").wait().state == "PAID"


async def test_waiting_inside_a_loop_is_refused(vkpay_sim: RunningSimulator) -> None:
    with pytest.raises(RuntimeError, match="await it"):
        vkpay_sim.advance(1).wait()


async def test_lost_notifications_come_with_the_schedule(
    vkpay_sim: RunningSimulator, receiver: Receiver
) -> None:
    vkpay_sim.fault(lose_notify=3)
    create(vkpay_sim, notify_url=receiver.url)
    await vkpay_sim.pay("no-1")
    assert receiver.bodies == []
    await vkpay_sim.advance("4m")
    assert len(receiver.bodies) == 1
    (delivery,) = vkpay_sim.deliveries()
    assert (delivery.state, [attempt.lost for attempt in delivery.attempts]) == (
        "delivered",
        [True] * 3 + [False],
    )


async def test_resend(vkpay_sim: RunningSimulator, receiver: Receiver) -> None:
    create(vkpay_sim, notify_url=receiver.url)
    await vkpay_sim.pay("no-1")
    again = await vkpay_sim.resend(vkpay_sim.deliveries()[0].id)
    assert (len(again.attempts), len(receiver.bodies)) == (2, 2)


async def test_faults(vkpay_sim: RunningSimulator) -> None:
    active = vkpay_sim.fault("status", status=500, times=1, operation="toy.quer*")
    assert (active.left, active.fault.match.operation) == (1, "toy.quer*")
    async with ClientSession() as session:
        for expected in (500, 404):
            async with session.get(f"{vkpay_sim.url}/toy/orders/x") as response:
                assert response.status == expected
    assert [entry.faults for entry in vkpay_sim.journal(operation="toy.query")] == [("status",), ()]


@pytest.mark.parametrize("wrong", [{"explode": 1}, {"lose_notify": 0}, {}, {"drop": 1, "after": 3}])
def test_a_wrong_fault_names_the_known(vkpay_sim: RunningSimulator, wrong: dict[str, Any]) -> None:
    with pytest.raises(SimulatorError, match=r"(Known faults|Fields of)"):
        vkpay_sim.fault(**wrong)


def test_the_short_form_takes_what_the_fault_is_for(vkpay_sim: RunningSimulator) -> None:
    active = vkpay_sim.fault(lose_notify=2, out_trade_no="no-1", provider="toy")
    assert (active.left, active.fault.match.out_trade_no, active.fault.match.provider) == (2, "no-1", "toy")


def test_the_buyer_and_the_operator(vkpay_sim: RunningSimulator) -> None:
    create(vkpay_sim)
    assert vkpay_sim.scan("no-1", payer="u1").wait().payer == "u1"
    assert vkpay_sim.cancel("no-1").wait().payer is None
    assert vkpay_sim.settle_refund("toy-1").wait()["status"] == "SUCCESS"
    assert vkpay_sim.confirm_transfer("t1").wait()["outcome"] == "confirm"
    assert vkpay_sim.settle_transfer("t1", "fail").wait()["outcome"] == "fail"
    for settle in (vkpay_sim.confirm_authorization("a1"), vkpay_sim.settle_authorization("a1", "close")):
        with pytest.raises(SimulatorError, match="no provider here"):
            settle.wait()
    assert [order.out_trade_no for order in vkpay_sim.orders()] == ["no-1"]
    with pytest.raises(SimulatorError, match="no order"):
        vkpay_sim.pay("no-2").wait()


def test_config_is_what_the_file_would_hold(vkpay_sim: RunningSimulator) -> None:
    config = vkpay_sim.config
    assert tomllib.loads(dumps(config)) == config
    assert config["merchants"]["default"]["toy"]["h5"]["baseUrl"] == vkpay_sim.url
    assert config["merchants"]["partner"]["toy"]["subMerchants"][0] == {"subMchid": "1"}
    assert vkpay_sim.merchant("certs")["toy"] == config["merchants"]["certs"]["toy"]


def test_the_notify_address_is_set_for_all_until_the_next_test(vkpay_sim: RunningSimulator) -> None:
    vkpay_sim.notify_url = "http://127.0.0.1:5555/"
    assert vkpay_sim.notify_url == vkpay_sim.config["notify_url"] == "http://127.0.0.1:5555"
    assert vkpay_sim.merchant("partner")["notifyUrl"] == "http://127.0.0.1:5555"
    vkpay_sim.world.merchants["certs"].notify_url = "http://127.0.0.1:6666"
    assert vkpay_sim.config["merchants"]["certs"]["notifyUrl"] == "http://127.0.0.1:6666"
    assert "notifyUrl" not in vkpay_sim.config["merchants"]["default"]
    vkpay_sim.reset()
    assert vkpay_sim.notify_url == "http://127.0.0.1:8000/pay"
    assert vkpay_sim.merchant("certs")["notifyUrl"] == "http://127.0.0.1:8000/pay"


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_starts_afresh(vkpay_sim: RunningSimulator, turn: int) -> None:
    assert vkpay_sim.orders() == vkpay_sim.deliveries() == vkpay_sim.journal() == []
    create(vkpay_sim)
    vkpay_sim.advance("1d").wait()


def test_a_simulator_that_cannot_start_says_why() -> None:
    class Broken(Toy):
        def routes(self) -> Any:
            raise ValueError("no routes today")

    with (
        pytest.raises(ValueError, match="no routes today"),
        RunningSimulator(world=World(providers={"b": Broken})),
    ):
        pass


def test_the_plugin_costs_nothing_until_it_is_used() -> None:
    code = (
        "import sys, vkpay_simulator.pytest_plugin as p;"
        "print(sorted({'aiohttp', 'faker', 'msgspec', 'cryptography', 'typer'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_without_faker_the_fixture_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pytest_plugin, "find_spec", lambda name: None)
    make = pytest_plugin.vkpay_sim_server.__wrapped__  # type: ignore[attr-defined]
    with pytest.raises(pytest.fail.Exception, match=r"pip install 'vkpay-async\[simulator\]'"):
        next(make())


def test_the_plugins_own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vkpay_simulator.providers.REGISTRY", {"toy": "tests.vkpay_simulator.toy:Toy"})
    servers = pytest_plugin.vkpay_sim_server.__wrapped__()  # type: ignore[attr-defined]
    simulator = next(servers)
    create(simulator)
    assert [order.out_trade_no for order in simulator.orders()] == ["no-1"]
    assert next(servers, None) is None
