"""The simulator's half of a provider: endpoints that nothing makes stumble, accounts, codes, and who knows what."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from aiohttp import ClientSession
from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.providers import load
from vkpay_simulator.providers.base import NamesErrorCodes, SimProvider, SimulatorError
from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.world import KINDS, Settings, World

GARBAGE = [b"", b"{", b"[]", b'{"a": {"b": [1]}}', b"a=1&a=2&=", b"\xff\x00", b"<xml>", b"[" * 50_000]
TYPES = [
    "application/json",
    "application/x-www-form-urlencoded",
    "text/xml",
    "multipart/form-data; boundary=x",
]


@pytest.fixture
def provider(vkpay_sim: RunningSimulator, name: str) -> SimProvider:
    return vkpay_sim.world.providers[name]


def test_it_is_registered_under_its_name(provider: SimProvider, name: str) -> None:
    assert provider.name == name == load()[name].name


def test_its_endpoints_are_its_own(vkpay_sim: RunningSimulator, provider: SimProvider, name: str) -> None:
    assert provider.routes()
    everywhere = Counter(
        (route.method, re.sub(r"{\w+", "{", route.path))
        for one in vkpay_sim.world.providers.values()
        for route in one.routes()
    )
    for route in provider.routes():
        assert route.operation
        assert everywhere[route.method, re.sub(r"{\w+", "{", route.path)] == 1, route.path
        if route.path.startswith("/_sim/"):
            assert route.path.startswith(f"/_sim/{name}/")


async def test_nothing_makes_its_endpoints_stumble(
    vkpay_sim: RunningSimulator, provider: SimProvider
) -> None:
    """Anybody can post anything: the answer is the provider's refusal, and never a failure of the simulator."""
    async with ClientSession() as session:
        for route in provider.routes():
            path = re.sub(r"{[^}]*}", "x", route.path)
            for number, body in enumerate(GARBAGE):
                headers = {"Content-Type": TYPES[number % len(TYPES)]}
                url = f"{vkpay_sim.url}{path}?a=%FF&b"
                async with session.request(
                    route.method, url, data=body, headers=headers, allow_redirects=False
                ) as answer:
                    await answer.read()
                    assert answer.status < 500, f"{route.method} {path} {body[:20]!r}"
    assert not [entry for entry in vkpay_sim.journal(limit=1000) if "simulator failed" in entry.explain]


@pytest.mark.parametrize("pid", KINDS)
def test_every_merchant_has_an_account_and_a_row(vkpay_sim: RunningSimulator, name: str, pid: str) -> None:
    assert name in vkpay_sim.world.merchants[pid].accounts
    assert vkpay_sim.merchant(pid)[name]
    assert vkpay_sim.url in str(vkpay_sim.merchant(pid)[name])


def test_a_seed_makes_the_same_accounts(name: str) -> None:
    def rows() -> list[object]:
        world = World(Settings(seed=11))
        return [world.providers[name].config_row(one) for one in world.merchants.values()]

    assert rows() == rows()


def test_what_it_does_not_know_is_said(provider: SimProvider) -> None:
    for act in (
        lambda: provider.pay("nobody"),
        lambda: provider.scan("nobody"),
        lambda: provider.cancel("nobody"),
        lambda: provider.settle_refund("nobody", "SUCCESS"),
        lambda: provider.settle_transfer("nobody", "confirm"),
    ):
        with pytest.raises(SimulatorError) as raised:
            act()
        assert raised.value.status in (400, 404, 409)
        assert len(str(raised.value)) > 15
    assert provider.orders() == []


def test_every_code_that_it_names_can_be_answered(vkpay_sim: RunningSimulator, provider: SimProvider) -> None:
    """By one of its endpoints at least."""
    assert isinstance(provider, NamesErrorCodes)
    routes = [one for one in provider.routes() if not one.path.startswith("/_sim/")]
    assert provider.error_codes()
    for code in provider.error_codes():
        assert any(answers(provider, route, code) for route in routes), code
    assert not any(answers(provider, route, "NO_SUCH_CODE") for route in routes)
    with pytest.raises(SimulatorError, match="There is no code 'NO_SUCH_CODE'"):
        vkpay_sim.fault("business_code", code="NO_SUCH_CODE", provider=provider.name)


def answers(provider: SimProvider, route: Route, code: str) -> bool:
    """Whether the endpoint has that code. One that has it not says so."""
    request = Request(
        method=route.method, target=route.path, headers=CIMultiDictProxy(CIMultiDict()), params={}
    )
    try:
        return isinstance(provider.business_error(request, route.operation, code), Answer)
    except SimulatorError as error:
        assert code in str(error)  # noqa: PT017 - either is right
        return False


def test_a_spoilt_answer_is_an_answer(provider: SimProvider) -> None:
    answer = Answer(body=b"{}")
    assert provider.spoil_signature(answer).status == answer.status
