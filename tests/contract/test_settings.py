"""A provider's settings: the simulator's row is taken, what is missing is named, and no secret is shown."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from vkpay_async import ConfigError, config_from_dict
from vkpay_async.cli.settings import masked, toml_text
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.config import Config, Secret
from vkpay_async.config.export import merchant_from_settings, settings_of
from vkpay_async.providers.registry import Providers
from vkpay_async.registry import about
from vkpay_simulator.running import RunningSimulator

KINDS = ["default", "certs", "partner"]
_OUR_OWN = {"where", "pid", "platform"}


@pytest.fixture
def row(vkpay_sim: RunningSimulator, name: str) -> dict[str, Any]:
    """The simulated merchant's settings of this provider."""
    return {name: copy.deepcopy(vkpay_sim.merchant()[name])}


def secrets_of(config: Config) -> Iterator[str]:
    for merchant in config.merchants.values():
        for node in merchant.nodes.values():
            for value in msgspec.structs.asdict(node).values():
                if isinstance(value, Secret):
                    yield value.reveal()


@pytest.mark.parametrize("kind", KINDS)
def test_every_merchant_of_the_simulator_can_use_it(
    vkpay_sim: RunningSimulator, name: str, kind: str
) -> None:
    config = config_from_dict({name: vkpay_sim.merchant(kind)[name]}, source="vkpay.toml")
    providers = Providers(config, SYSTEM_ENV)
    nodes = config.merchants["default"].nodes
    assert nodes
    for provider, platform in nodes:
        built = providers.get(None, f"{provider}_{platform}")
        assert built.name == name


def test_every_way_of_paying_finds_its_settings(row: dict[str, Any], name: str) -> None:
    config = config_from_dict(row)
    having = [
        one for one in about(name).pay_types if config.merchants["default"].find_node(*one.split("_", 1))
    ]
    assert having


def test_what_is_missing_is_named_with_its_place(row: dict[str, Any], name: str) -> None:
    required = [
        field.name
        for field in msgspec.structs.fields(about(name).node)
        if field.required and field.name not in _OUR_OWN
    ]
    for key in required:
        broken = copy.deepcopy(row)
        table = broken[name] if about(name).one_node else next(iter(broken[name].values()))
        for spelling in [one for one in table if _snake(one) == key]:
            del table[spelling]
        with pytest.raises(ConfigError, match=rf"^vkpay\.toml: {name}\b.*: {key} is not set"):
            config_from_dict(broken, source="vkpay.toml")


def test_an_unknown_key_is_named_with_a_guess(row: dict[str, Any], name: str) -> None:
    table = row[name] if about(name).one_node else next(iter(row[name].values()))
    table["baseUrrl"] = "x"
    with pytest.raises(ConfigError, match=r"unknown key 'baseUrrl'; did you mean 'base_url'"):
        config_from_dict(row)


def test_an_address_without_a_scheme_is_named(row: dict[str, Any], name: str) -> None:
    tables = [row[name]] if about(name).one_node else row[name].values()
    for table in tables:
        table["baseUrl"] = "gateway.example"
    config = config_from_dict(row, source="vkpay.toml")
    provider, platform = next(iter(config.merchants["default"].nodes))
    with pytest.raises(ConfigError, match=rf"^vkpay\.toml: {name}\b.*base_url must start with https://"):
        Providers(config, SYSTEM_ENV).get(None, f"{provider}_{platform}")


def test_no_secret_is_shown(row: dict[str, Any], name: str) -> None:
    config = config_from_dict(row)
    hidden = [secret for secret in secrets_of(config) if secret]
    assert hidden
    nodes = config.merchants["default"].nodes
    built = [Providers(config, SYSTEM_ENV).get(None, f"{one}_{platform}") for one, platform in nodes]
    shown = repr(config) + repr(nodes) + repr(built) + str(built) + toml_text(masked(config))
    for secret in hidden:
        assert secret not in shown
        for line in secret.splitlines():
            assert len(line) < 30 or line not in shown


def test_it_goes_into_the_database_and_back(row: dict[str, Any]) -> None:
    merchant = config_from_dict(row).merchants["default"]
    again = merchant_from_settings("default", settings_of(merchant), source="row")
    assert again.nodes.keys() == merchant.nodes.keys()


def _snake(key: str) -> str:
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in key)
