"""``vkpay notifications replay``: with the user's handlers, and without."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from vkpay_async.ledger import Ledger
from vkpay_async.ledger.schema import orders


@pytest.fixture
def mended(tmp_path: Path, events: dict[str, str]) -> None:
    """The order's amount is what was paid: somebody has corrected it."""

    async def mend() -> None:
        ledger = Ledger(f"sqlite:///{tmp_path}/vkpay.db")
        await ledger.write(
            lambda c: c.execute(
                orders.update().where(orders.c.out_trade_no == "unfit-1").values(total_fee=100)
            )
        )
        await ledger.close()

    asyncio.run(mend())


def test_a_parked_handler_runs_again(vkpay: Any, events: dict[str, str], app: str, tmp_path: Path) -> None:
    asyncio.run(_retype(tmp_path, "parked-1"))
    result = vkpay("notifications", "replay", events["parked-1"], "--app", app)
    assert (result.exit_code, (tmp_path / "shipped").read_text()) == (0, "parked-1")
    assert f"✓ {events['parked-1']} parked-1: done" in result.stdout


def test_one_that_still_fails_says_so_and_does_not_keep_the_others(
    vkpay: Any, events: dict[str, str], app: str, tmp_path: Path
) -> None:
    (tmp_path / "broken").touch()
    result = vkpay(
        "notifications",
        "replay",
        events["done-1"],
        "01NOTHING",
        events["nohandler-1"],
        "--app",
        app,
        "--json",
    )
    said = json.loads(result.stdout)
    assert (result.exit_code, said["ok"]) == (1, False)
    assert [(row["ok"], row["state"]) for row in said["rows"]] == [
        (False, "failed"),
        (False, None),
        (False, None),
    ]
    failed, unknown, without = (row["detail"] for row in said["rows"])
    assert "still broken" in failed
    assert "no notification '01NOTHING'" in unknown
    assert "the application has no handler for payment of type 'gift'" in without


@pytest.mark.usefixtures("settings_file")
def test_without_the_application_no_handler_can_run(vkpay: Any, events: dict[str, str]) -> None:
    result = vkpay("notifications", "replay", events["parked-1"])
    assert result.exit_code == 1
    assert "name your VKPay with --app module:attribute" in result.stdout
    assert "not taken" in result.stdout
    [row] = json.loads(vkpay("notifications", "show", "parked-1", "--json").stdout)["rows"]
    assert (row["state"], row["attempts"]) == ("parked", 1)


@pytest.mark.usefixtures("mended", "settings_file")
def test_what_did_not_fit_is_matched_again(
    vkpay: Any, events: dict[str, str], app: str, tmp_path: Path
) -> None:
    matched = vkpay("notifications", "replay", events["unfit-1"])
    assert matched.exit_code == 1
    assert "done, no handler" in matched.stdout
    assert json.loads(vkpay("orders", "show", "unfit-1", "--json").stdout)["status"] == 1
    handled = vkpay("notifications", "replay", events["unfit-1"], "--app", app)
    assert (handled.exit_code, (tmp_path / "shipped").read_text()) == (0, "unfit-1")


def test_what_still_does_not_fit_is_said(vkpay: Any, events: dict[str, str], app: str) -> None:
    result = vkpay("notifications", "replay", events["unfit-1"], "--app", app)
    assert result.exit_code == 1
    assert "not taken" in result.stdout
    assert "100" in result.stdout


def test_replaying_makes_no_database(vkpay: Any, app: str, tmp_path: Path) -> None:
    result = vkpay("notifications", "replay", "01", "--app", app)
    assert result.exit_code == 1
    assert "no database" in result.stderr
    assert not (tmp_path / "vkpay.db").exists()


async def _retype(folder: Path, number: str) -> None:
    """The handler for it is there now."""
    from vkpay_async.ledger.schema import notifications

    ledger = Ledger(f"sqlite:///{folder}/vkpay.db")
    await ledger.write(
        lambda c: c.execute(
            notifications.update().where(notifications.c.number == number).values(type="goods")
        )
    )
    await ledger.close()
