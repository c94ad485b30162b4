"""What cannot be served, and the line that says what is."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vkpay_async.cli.serve import command
from vkpay_async.cli.serve.serving import Facts, Serving
from vkpay_async.cli.serve.sockets import open_sockets, shown_addresses
from vkpay_async.cli.serve.view import say_started
from vkpay_async.errors import ConfigError

FACTS = Facts(
    database="postgresql://shop:***@db/pay",
    paid=["goods", "vip"],
    refunded=["goods"],
    transferred=True,
    authorized=True,
    events=["appleiap"],
    reply_policy="durable",
    loop="uvloop",
)
NONE = Facts(
    database="sqlite:///vkpay.db",
    paid=[],
    refunded=[],
    transferred=False,
    authorized=False,
    events=[],
    reply_policy="handled",
    loop="asyncio",
)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def modules(tmp_path: Path) -> Iterator[Path]:
    """A folder whose modules are forgotten afterwards."""
    before, path = set(sys.modules), list(sys.path)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]
    sys.path[:] = path


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_taken_port_is_said(vkpay: Any, write_config: Any, config: Any, taken: int, workers: str) -> None:
    write_config(config)
    result = vkpay("serve", "--port", str(taken), "--workers", workers)
    assert result.exit_code == 1
    assert f"cannot listen on 127.0.0.1:{taken}" in result.stderr
    assert "Choose another --port" in result.stderr


def test_without_a_config_it_says_where_it_looked(vkpay: Any) -> None:
    result = vkpay("serve", "--json")
    assert result.exit_code == 1
    assert "vkpay.toml" in json.loads(result.stdout)["msg"]


@pytest.mark.parametrize(
    ("source", "args", "text"),
    [
        ("", ["shop"], "'shop' is not module:attribute"),
        ("", ["nowhere_at_all:pay"], "no module 'nowhere_at_all'"),
        ("", ["shop_of_a_test:pay"], "shop_of_a_test has no pay"),
        ("pay = 1", ["shop_of_a_test:pay"], "gives a int: name a VKPay"),
        ("async def pay(): ...", ["shop_of_a_test:pay"], "gives a coroutine"),
        ("pay = 1", ["shop_of_a_test:pay", "--database", "sqlite://"], "brings its own config and database"),
        ("", ["--prefix", "pay"], "write it as it stands in addresses, like /pay"),
    ],
)
def test_what_is_no_application_is_said(
    vkpay: Any, modules: Path, source: str, args: list[str], text: str
) -> None:
    (modules / "shop_of_a_test.py").write_text(source)
    result = vkpay("serve", "--port", "0", *args)
    assert result.exit_code == 1
    assert text in result.stderr


DOORS = """
from vkpay_async import VKPay
from vkpay_async.web.front_door import FrontDoor
pay = VKPay.from_dict({}, database="sqlite://")
other = FrontDoor(VKPay.from_dict({}, database="sqlite://"), trust_client=True)
number = 1
"""


@pytest.mark.parametrize(
    ("door", "text"),
    [("other", "is the front door of another VKPay"), ("number", "gives a int: name a FrontDoor")],
)
def test_what_is_no_front_door_is_said(vkpay: Any, modules: Path, door: str, text: str) -> None:
    (modules / "doors_of_a_test.py").write_text(DOORS)
    result = vkpay("serve", "doors_of_a_test:pay", "--port", "0", "--front-door", f"doors_of_a_test:{door}")
    assert result.exit_code == 1
    assert text in result.stderr


def test_a_broken_module_shows_its_own_error(vkpay: Any, modules: Path) -> None:
    (modules / "broken_of_a_test.py").write_text("import a_package_that_is_missing")
    result = vkpay("serve", "broken_of_a_test:pay")
    assert isinstance(result.exception, ModuleNotFoundError)
    assert result.exception.name == "a_package_that_is_missing"


def test_where_no_port_can_be_shared_there_is_one_worker(vkpay: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "CAN_SHARE", False)
    result = vkpay("serve", "--workers", "2")
    assert result.exit_code == 1
    assert "SO_REUSEPORT" in result.stderr


def test_the_first_line_says_what_is_served(capsys: pytest.CaptureFixture[str]) -> None:
    serving = Serving(app="shop:pay", workers=4, front_door="shop:door")
    say_started(serving, FACTS, ["http://127.0.0.1:8787"], [1, 2, 3, 4], as_json=False)
    assert capsys.readouterr().out == (
        "vkpay serves http://127.0.0.1:8787: 4 workers; database postgresql://shop:***@db/pay; handlers paid (goods, vip), "
        "refunded (goods), transferred (all), authorized (all), events (appleiap); reply policy durable; front door open; "
        "jobs on\n"
    )


@pytest.mark.parametrize(
    ("app", "advice"), [(None, "name your VKPay as module:attribute"), ("a:b", "registers none")]
)
def test_no_handler_is_said_loudly(capsys: pytest.CaptureFixture[str], app: str | None, advice: str) -> None:
    say_started(Serving(app=app, jobs=False), NONE, ["http://[::1]:1"], [1], as_json=False)
    said = capsys.readouterr().out
    assert "1 worker; database sqlite:///vkpay.db; NO HANDLERS, notifications are stored" in said
    assert advice in said
    assert "front door off; jobs off" in said


def test_a_name_with_several_addresses_has_one_port() -> None:
    sockets = open_sockets("localhost", 0)
    try:
        assert len({bound.getsockname()[1] for bound in sockets}) == 1
        assert all(address.startswith("http://") for address in shown_addresses(sockets))
    finally:
        for bound in sockets:
            bound.close()


@pytest.mark.parametrize("host", ["203.0.113.1", "no-such-host.invalid"])
def test_an_address_that_is_not_this_machines(host: str) -> None:
    with pytest.raises(ConfigError, match="cannot listen on"):
        open_sockets(host, 0)


def test_every_address_is_shown_as_one_to_open() -> None:
    [bound] = open_sockets("0.0.0.0", 0)  # noqa: S104 - closed without listening
    with bound:
        assert shown_addresses([bound], "/pay") == [f"http://127.0.0.1:{bound.getsockname()[1]}/pay"]
