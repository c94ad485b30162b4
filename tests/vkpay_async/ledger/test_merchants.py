"""Merchants in the database: encrypted, numbered, theirs alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from vkpay_async.config.vault import new_key, vault_from_text
from vkpay_async.crypto.vault import Vault
from vkpay_async.errors import ConfigError, InvalidArgument
from vkpay_async.ledger import Ledger, Merchants

OLD, NEW = new_key(), new_key()
NODE = {"appId": "wx9", "mchId": "19", "v3Key": "HUSH-HUSH"}
SETTINGS = {"wxpay": {"h5": NODE}}


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(database_url)
    yield ledger
    await ledger.close()


def merchants(ledger: Ledger, key: str | None = OLD, now: int = 1000) -> Merchants:
    vault: Vault | None = vault_from_text(key) if key else None
    return Merchants(ledger, vault, lambda: now)


async def rows(ledger: Ledger) -> list[Any]:
    return list(await ledger.read(lambda c: c.execute(text("SELECT * FROM vk_pay_config")).all()))


async def test_what_was_saved_is_loaded(ledger: Ledger) -> None:
    kept = merchants(ledger)
    revision = await kept.save("shop9", SETTINGS)
    found = await kept.load("shop9")
    assert found is not None
    node = found.merchant.find_node("wxpay", "h5")
    assert node is not None
    assert (node.app_id, node.v3_key.reveal(), found.revision) == ("wx9", "HUSH-HUSH", revision)  # type: ignore[union-attr]
    assert "HUSH-HUSH" not in repr(found)
    assert await kept.load("shop8") is None


async def test_nothing_can_be_read_in_the_table(ledger: Ledger) -> None:
    await merchants(ledger).save("shop9", SETTINGS)
    assert "HUSH" not in str(await rows(ledger))
    assert "wx9" not in str(await rows(ledger))


async def test_every_change_has_a_greater_revision(ledger: Ledger) -> None:
    kept = merchants(ledger, now=1000)
    first, second = await kept.save("shop9", SETTINGS), await kept.save("shop9", SETTINGS)
    assert (await kept.delete("shop9"), await kept.delete("shop9")) == (True, False)
    third = await merchants(ledger, now=2000).save("shop9", SETTINGS)
    assert first < second < third
    assert await kept.revisions() == {"shop9": third}
    assert [(row.pid, row.update_date) for row in await kept.list()] == [("shop9", 2000)]


async def test_savers_at_once_are_one_after_the_other(ledger: Ledger) -> None:
    revisions = await asyncio.gather(*(merchants(ledger).save("shop9", SETTINGS) for _ in range(5)))
    assert len(set(revisions)) == 5
    assert await merchants(ledger).revisions() == {"shop9": max(revisions)}


async def test_without_the_right_key_it_says_what_to_do(ledger: Ledger) -> None:
    await merchants(ledger).save("shop9", SETTINGS)
    assert [row.pid for row in await merchants(ledger, None).list()] == ["shop9"]
    with pytest.raises(ConfigError, match="VKPAY_CONFIG_KEY is not set"):
        await merchants(ledger, None).load("shop9")
    with pytest.raises(ConfigError, match="add that key"):
        await merchants(ledger, NEW).load("shop9")
    with pytest.raises(ConfigError, match="VKPAY_CONFIG_KEY is not set"):
        await merchants(ledger, None).save("shop8", SETTINGS)


async def test_keys_are_changed_without_a_gap(ledger: Ledger) -> None:
    await merchants(ledger).save("shop9", SETTINGS)
    both = merchants(ledger, f"{NEW},{OLD}")
    await both.save("shop8", SETTINGS)
    assert (await both.encrypt_anew(), await both.encrypt_anew()) == (1, 0)
    found = await merchants(ledger, NEW).load_all(["shop8", "shop9"])
    assert not any(isinstance(one, ConfigError) for one in found.values())


async def test_one_that_cannot_be_read_is_no_harm_to_the_others(ledger: Ledger) -> None:
    await merchants(ledger, OLD).save("shop8", SETTINGS)
    await merchants(ledger, NEW).save("shop9", SETTINGS)
    found = await merchants(ledger, NEW).load_all(["shop8", "shop9", "none"])
    assert (sorted(found), isinstance(found["shop8"], ConfigError)) == (["shop8", "shop9"], True)


async def test_a_row_copied_to_another_merchant_is_refused(ledger: Ledger) -> None:
    await merchants(ledger).save("shop9", SETTINGS)
    await ledger.write(lambda c: c.execute(text("UPDATE vk_pay_config SET pid = 'shop8'")))
    with pytest.raises(ConfigError, match="'shop8' cannot be decrypted"):
        await merchants(ledger).load("shop8")


@pytest.mark.parametrize("pid", ["", "x" * 65, None])
async def test_a_pid_is_checked(pid: Any) -> None:
    with pytest.raises(InvalidArgument, match="1–64"):
        await merchants(Ledger("sqlite://")).save(pid, SETTINGS)


async def test_a_mistake_is_not_kept(ledger: Ledger) -> None:
    with pytest.raises(ConfigError, match="unknown key 'v3Kei'; did you mean 'v3_key'"):
        await merchants(ledger).save("shop9", {"wxpay": {"h5": {**NODE, "v3Kei": "x"}}})
    assert await rows(ledger) == []
    assert msgspec.json.encode(await merchants(ledger).list()) == b"[]"
