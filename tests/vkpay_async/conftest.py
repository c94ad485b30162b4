"""The fake provider in the place of the real ones, and a shop that uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.vkpay_async.branches import Branch, Branches
from tests.vkpay_async.fake import Bank, Clock, FakeProvider, Shop, open_shop
from tests.vkpay_async.observed import Observed
from vkpay_async import registry
from vkpay_async.telemetry.instruments import listener


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def observed(monkeypatch: pytest.MonkeyPatch) -> Observed:
    """Somebody listens to what the SDK measures."""
    observed = Observed()
    monkeypatch.setattr(listener, "instruments", observed.instruments)
    return observed


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Bank:
    bank = Bank()
    monkeypatch.setattr(FakeProvider, "bank", bank, raising=False)
    monkeypatch.setattr(registry, "provider_class", lambda name: FakeProvider)
    return bank


@pytest.fixture
async def shop(bank: Bank, clock: Clock) -> AsyncIterator[Shop]:
    shop = open_shop(bank, clock, "sqlite://")
    async with shop.pay:
        yield shop


@pytest.fixture
async def patient(bank: Bank, clock: Clock) -> AsyncIterator[Shop]:
    """A shop whose providers get their success only when the handler has succeeded."""
    shop = open_shop(bank, clock, "sqlite://", reply_policy="handled")
    async with shop.pay:
        yield shop


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'pay.db'}"


@pytest.fixture
async def shop_on_disk(bank: Bank, clock: Clock, database: str) -> AsyncIterator[Shop]:
    shop = open_shop(bank, clock, database)
    async with shop.pay:
        yield shop


@pytest.fixture
def branch(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> type[Branch]:
    monkeypatch.setattr(registry, "provider_class", lambda name: Branch)
    monkeypatch.setattr(Branch, "says", {}, raising=False)
    monkeypatch.setattr(Branch, "closes", {}, raising=False)
    return Branch


@pytest.fixture
async def branches(branch: type[Branch], bank: Bank, clock: Clock) -> AsyncIterator[Branches]:
    shop = Branches(open_shop(bank, clock, "sqlite://").pay, bank, clock)
    shop.listen()
    async with shop.pay:
        yield shop
