"""Whether orders can be kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.vkpay_async.ledger.migrations import first_version
from vkpay_async.cli.doctor.check import Check
from vkpay_async.cli.doctor.database import check_database


async def test_a_database_that_is_there(keep: Any, tmp_path: Path) -> None:
    assert (await check_database("sqlite://")).detail.endswith("made when the application starts")
    sqlite3.connect(tmp_path / "empty.db").close()
    assert (await check_database(f"sqlite:///{tmp_path}/empty.db")).state == "ok"


def test_a_database_with_orders(keep: Any, order: Any, vkpay: Any, tmp_path: Path) -> None:
    keep(order())
    before = (tmp_path / "vkpay.db").read_bytes()
    text = vkpay("doctor", "--json", "--database", "sqlite:///vkpay.db").stdout
    assert "sqlite:///vkpay.db can be written" in text
    assert (tmp_path / "vkpay.db").read_bytes() == before


async def test_one_that_is_not_made_yet(tmp_path: Path) -> None:
    check = await check_database(f"sqlite:///{tmp_path}/shop.db")
    assert (check.state, check.detail.partition(" ")[2]) == ("ok", "is made when the application starts")
    assert not (tmp_path / "shop.db").exists()


def refused(check: Check, said: str) -> None:
    assert check.state == "problem"
    assert said in check.detail
    assert check.advice


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    check = await check_database(f"sqlite:///{tmp_path}/nowhere/shop.db")
    refused(check, "is no folder that can be written to")


async def test_one_that_may_only_be_read(keep: Any, order: Any, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as made:
        made.execute("CREATE TABLE vk_pay_orders (out_trade_no TEXT, version INTEGER)")
        made.execute("PRAGMA journal_mode=WAL")
    made.close()
    check = await check_database(f"sqlite:///file:{tmp_path}/shop.db?mode=ro&uri=true")
    refused(check, "readonly database")


@pytest.mark.parametrize("content", [b"no database at all" * 100])
async def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "shop.db").write_bytes(content)
    refused(await check_database(f"sqlite:///{tmp_path}/shop.db"), "file is not a database")


async def test_an_address_that_is_none() -> None:
    check = await check_database("HUSH")
    assert (check.state, check.detail[:9]) == ("problem", "database:")
    assert "HUSH" not in check.detail


async def test_tables_of_an_older_version(tmp_path: Path) -> None:
    check = await check_database(first_version.build(tmp_path / "shop.db", first_version.order("A1")))
    refused(check, "tables of revision 0000")
    assert "vkpay db upgrade" in check.advice
