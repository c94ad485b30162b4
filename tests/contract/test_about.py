"""What a provider says of itself: complete, consistent, and light to load."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.contract.conftest import NAMES, SDK_LINE
from vkpay_async.config import Node
from vkpay_async.errors import InvalidArgument
from vkpay_async.pay_type import ClientContext, pay_type_of, split_pay_type
from vkpay_async.providers.base import Provider
from vkpay_async.registry import REGISTRY, about, provider_class
from vkpay_async.service import arguments

PLATFORMS = (
    "h5",
    "h5-weixin",
    "mp-weixin",
    "mp-alipay",
    "mp-toutiao",
    "mp-harmony",
    "app-plus",
    "app-harmony",
    "mp-nobody",
    "",
)
OPERATIONS = sorted(member for member in vars(Provider) if not member.startswith("_") and member != "name")


def test_it_is_known_by_the_name_it_is_registered_under(name: str) -> None:
    found = about(name)
    assert found.name == name == provider_class(name).name
    assert found.title
    assert issubclass(found.node, Node)
    assert found.node.default_base_url.startswith("https://")


def test_it_has_every_operation_that_the_rest_calls(name: str) -> None:
    provider = provider_class(name)
    assert [operation for operation in OPERATIONS if not hasattr(provider, operation)] == []


def test_every_way_of_paying_has_a_node(name: str) -> None:
    found = about(name)
    assert found.pay_types
    for pay_type in found.pay_types:
        provider, platform = split_pay_type(pay_type)
        assert (provider, platform in found.platforms) == (name, True), pay_type
    assert found.qr_pay_types | found.openid_pay_types <= found.pay_types


@pytest.mark.parametrize("need_qrcode", [False, True])
@pytest.mark.parametrize("is_pc", [False, True, None])
def test_a_rule_leads_to_one_of_its_ways_or_says_that_there_is_none(
    name: str, need_qrcode: bool, is_pc: bool | None
) -> None:
    found = about(name)
    for platform in PLATFORMS:
        context = ClientContext(platform=platform, is_pc=is_pc)
        part = found.part(platform, context, need_qrcode, False)
        assert part is None or f"{name}_{part}" in found.pay_types, platform


def test_every_way_can_be_had(name: str) -> None:
    """By the client's platform, by a payment code, or by its name."""
    for pay_type in about(name).pay_types:
        product = split_pay_type(pay_type)[1]
        assert pay_type_of(name, ClientContext(), product=product) == pay_type
    with pytest.raises(InvalidArgument, match=f"{name} has no product 'nothing'; it has "):
        pay_type_of(name, ClientContext(), product="nothing")


def test_at_least_one_platform_can_pay(name: str) -> None:
    context = ClientContext(is_pc=True)
    assert any(about(name).part(platform, context, False, False) for platform in PLATFORMS)


@pytest.mark.parametrize("number", ["", " ", "T 1", "订单", "T1\n", "x" * 200, "a/b", "a&b=c"])
def test_a_number_that_no_provider_takes_is_refused_with_the_rule(name: str, number: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        arguments.checked_trade_no(number, name)
    assert raised.value.code == 1001
    if number.strip():
        assert about(name).number[1] in str(raised.value)


def test_a_plain_number_is_taken(name: str) -> None:
    assert arguments.checked_trade_no("T2026112100000001", name) == "T2026112100000001"


@pytest.mark.parametrize("folder", [*REGISTRY.values(), SDK_LINE[1]], ids=NAMES)
def test_what_is_to_be_known_of_it_loads_without_its_code(folder: str) -> None:
    """A program that lists ways of paying waits for no crypto library."""
    code = f"""
import sys
from importlib import import_module
import_module("{folder}.about").ABOUT
heavy = {{"cryptography", "aiohttp", "sqlalchemy", "{folder}.provider"}} & sys.modules.keys()
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
