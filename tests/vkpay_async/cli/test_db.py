"""``vkpay db``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.vkpay_async.ledger.migrations import first_version


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "vkpay.db"
    first_version.build(path, first_version.order("A1"))
    return path


def test_an_older_database_is_told_and_upgraded(vkpay: Any, old: Path) -> None:
    before = vkpay("db", "current")
    assert before.exit_code == 1
    assert "revision 0000, older" in before.stdout
    assert "run vkpay db upgrade" in before.stdout
    assert vkpay("orders", "list").exit_code == 1
    done = vkpay("db", "upgrade")
    assert (done.exit_code, "from revision 0000 to 0001" in done.stdout) == (0, True), done.output
    assert "A1" in vkpay("orders", "list").stdout
    assert "revision 0001, current" in vkpay("db", "current").stdout
    assert "nothing to do" in vkpay("db", "upgrade").stdout


def test_looking_makes_no_database(vkpay: Any, tmp_path: Path) -> None:
    result = vkpay("db", "current", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "database": "sqlite:///vkpay.db",
        "revision": None,
        "newest": "0001",
        "state": "empty",
    }
    assert list(tmp_path.iterdir()) == []


def test_an_upgrade_makes_the_tables(vkpay: Any) -> None:
    made = vkpay("db", "upgrade", "--database", "sqlite:///new.db", "--json")
    assert json.loads(made.stdout) == {"database": "sqlite:///new.db", "before": None, "revision": "0001"}
    assert (
        json.loads(vkpay("db", "current", "--database", "sqlite:///new.db", "--json").stdout)["state"]
        == "current"
    )
    assert "tables made" in vkpay("db", "upgrade", "--database", "sqlite:///other.db").stdout


@pytest.mark.parametrize("database_url", ["postgresql", "mysql"], indirect=True)
def test_on_a_server(vkpay: Any, database_url: str) -> None:
    assert vkpay("db", "current", "--database", database_url).exit_code == 1
    made = vkpay("db", "upgrade", "--database", database_url)
    assert made.exit_code == 0, made.output
    assert ":vkpay@" not in made.stdout
    assert vkpay("db", "current", "--database", database_url).exit_code == 0


def test_errors_are_said(vkpay: Any) -> None:
    result = vkpay("db", "upgrade", "--database", "oracle://x", "--json")
    assert (result.exit_code, "oracle" in json.loads(result.stdout)["msg"]) == (1, True)
