"""Which merchants a process knows, and how often it asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.vkpay_async.fake import Bank, Clock, FakeProvider
from vkpay_async.config import config_from_dict
from vkpay_async.config.vault import new_key, vault_from_text
from vkpay_async.errors import ConfigError
from vkpay_async.ledger import KnownMerchants, Ledger, Merchants, known
from vkpay_async.providers.base import Env
from vkpay_async.providers.registry import Providers

KEY = new_key()
SETTINGS = {"wxpay": {"h5": {"appId": "wx9", "mchId": "19"}}}
OTHERS = {"wxpay": {"h5": {"appId": "wx10", "mchId": "10"}}}


class Process:
    """One process's view of a database; ``asked`` counts its queries."""

    def __init__(self, url: str, clock: Clock, key: str | None = KEY) -> None:
        self.ledger = Ledger(url)
        self.asked = 0
        config = config_from_dict({"wxpay": {"h5": {"appId": "wx1", "mchId": "1"}}})
        self.providers = Providers(config, Env(now_ms=clock, nonce=str), more_merchants=key is not None)
        self.merchants = Merchants(self.ledger, vault_from_text(key) if key else None, clock)
        self.known = KnownMerchants(self.merchants, self.providers, clock)
        self._read = self.ledger.read
        self.ledger.read = self._counted  # type: ignore[method-assign]

    async def _counted(self, work: Any, *, long: bool = False) -> Any:
        self.asked += 1
        await asyncio.sleep(0)
        return await self._read(work, long=long)

    def appid(self, pid: str) -> str:
        return self.providers.get(pid, "wxpay_h5").appid


@pytest.fixture
async def process(bank: Bank, clock: Clock, tmp_path: Path) -> Any:
    made: list[Process] = []

    def build(key: str | None = KEY) -> Process:
        made.append(Process(f"sqlite:///{tmp_path}/pay.db", clock, key))
        return made[-1]

    yield build
    for one in made:
        await one.ledger.close()


Build = Callable[..., Process]


async def test_a_merchant_of_the_database_is_found_when_it_is_needed(process: Build) -> None:
    writer, reader = process(), process()
    await writer.merchants.save("shop9", SETTINGS)
    await reader.known.ensure("shop9")
    assert (reader.appid("shop9"), reader.asked) == ("wx9", 1)
    await reader.known.ensure("shop9")
    assert reader.asked <= 2


async def test_the_config_is_not_asked_about(process: Build) -> None:
    one = process()
    await one.merchants.save("default", SETTINGS)
    await one.known.ensure(None)
    await one.known.start()
    assert one.appid("default") == "wx1"


async def test_many_callers_ask_once(process: Build) -> None:
    writer, reader = process(), process()
    await writer.merchants.save("shop9", SETTINGS)
    await asyncio.gather(*(reader.known.ensure("shop9") for _ in range(50)))
    assert reader.asked == 1


async def test_one_that_is_not_there_is_asked_for_again_only_later(process: Build, clock: Clock) -> None:
    writer, reader = process(), process()
    for _ in range(50):
        await reader.known.ensure("shop9")
    assert reader.asked == 1
    await writer.merchants.save("shop9", SETTINGS)
    clock.ms += known.MISSING_MS
    await reader.known.ensure("shop9")
    assert reader.appid("shop9") == "wx9"


async def test_guesses_do_not_hammer_the_database(process: Build, clock: Clock) -> None:
    one = process()
    await asyncio.gather(*(one.known.ensure(f"guess{number}") for number in range(500)))
    assert one.asked == known.MOST_MISSING
    with pytest.raises(ConfigError, match="no merchant 'guess499'"):
        one.appid("guess499")


async def test_what_was_saved_here_is_known_at_once(process: Build) -> None:
    one = process()
    await one.known.ensure("shop9")
    await one.merchants.save("shop9", SETTINGS)
    await one.known.ensure("shop9")
    assert one.appid("shop9") == "wx9"
    await one.merchants.save("shop9", OTHERS)
    await one.known.ensure("shop9")
    assert one.appid("shop9") == "wx10"
    await one.merchants.delete("shop9")
    await one.known.ensure("shop9")
    with pytest.raises(ConfigError, match="no merchant 'shop9'"):
        one.appid("shop9")


async def test_a_change_elsewhere_builds_the_merchant_anew(process: Build) -> None:
    writer, reader = process(), process()
    await writer.merchants.save("shop9", SETTINGS)
    await writer.merchants.save("shop8", SETTINGS)
    await reader.known.start()
    before, untouched = (reader.providers.get(pid, "wxpay_h5") for pid in ("shop9", "shop8"))
    await reader.known.reload()
    assert reader.providers.get("shop9", "wxpay_h5") is before
    await writer.merchants.save("shop9", OTHERS)
    await reader.known.reload()
    assert reader.appid("shop9") == "wx10"
    assert reader.providers.get("shop8", "wxpay_h5") is untouched
    await writer.merchants.delete("shop9")
    await reader.known.reload()
    assert not reader.providers.knows("shop9")


async def test_a_merchant_in_use_is_looked_after_once_a_minute(process: Build, clock: Clock) -> None:
    writer, reader = process(), process()
    await writer.merchants.save("shop9", SETTINGS)
    await reader.known.start()
    await writer.merchants.save("shop9", OTHERS)
    asked = reader.asked
    await reader.known.ensure("shop9")
    assert (reader.appid("shop9"), reader.asked) == ("wx9", asked)
    clock.ms += known.STALE_MS
    await asyncio.gather(*(reader.known.ensure("shop9") for _ in range(20)))
    assert (reader.appid("shop9"), reader.asked) == ("wx10", asked + 2)


@pytest.mark.parametrize("key", [None, "f" * 64], ids=["none", "another"])
async def test_what_cannot_be_decrypted_is_said_when_it_is_used(
    process: Build, key: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    writer, reader = process(), process(key)
    await writer.merchants.save("shop9", SETTINGS)
    with caplog.at_level(logging.ERROR):
        await reader.known.start()
    assert "VKPAY_CONFIG_KEY" in caplog.text
    assert reader.appid("default") == "wx1"
    asked = reader.asked
    for _ in range(3):
        with pytest.raises(ConfigError, match="VKPAY_CONFIG_KEY"):
            await reader.known.ensure("shop9")
    assert reader.asked == asked + 1
    with pytest.raises(ConfigError, match="VKPAY_CONFIG_KEY"):
        await reader.known.reload()


async def test_where_there_may_be_others_no_merchant_is_taken_for_the_only_one(process: Build) -> None:
    assert process(None).providers.sole_pid("wxpay_h5") == "default"
    assert process().providers.sole_pid("wxpay_h5") is None
    without = process(None)
    await process().merchants.save("shop9", SETTINGS)
    await without.known.start()
    assert without.providers.sole_pid("wxpay_h5") is None


def test_the_applications_own_config_is_left_as_it_is(bank: Bank, clock: Clock) -> None:
    config = config_from_dict({"wxpay": {"h5": {"appId": "wx1", "mchId": "1"}}})
    providers = Providers(config, Env(now_ms=clock, nonce=str))
    providers.adopt(config_from_dict({"merchants": {"shop9": SETTINGS}}).merchants["shop9"])
    assert isinstance(providers.get("shop9", "wxpay_h5"), FakeProvider)
    assert list(config.merchants) == ["default"]
