"""``vkpay reconcile`` against the simulator's bills."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.flow.test_bills import day as day
from vkpay_async.cli.app import app
from vkpay_async.cli.reconcile import command
from vkpay_async.config import config_from_dict


@pytest.fixture
def reconcile(shop: Any, day: dt.date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(command, "load_config", lambda _: config_from_dict(shop.sim.config))
    database = f"sqlite:///{tmp_path}/orders.db"

    async def run(*arguments: str) -> Result:
        given = [
            "reconcile",
            "--date",
            day.isoformat(),
            "--pid",
            "default",
            "--database",
            database,
            *arguments,
        ]
        return await asyncio.to_thread(CliRunner().invoke, app, given)

    return run


async def paid(shop: Any, provider: str) -> str:
    number: str = (await shop.order(provider)).out_trade_no
    await shop.sim.pay(number)
    await shop.pay.idle()
    return number


async def test_a_day_that_agrees_is_said_to_and_exit_0(shop: Any, reconcile: Any) -> None:
    for provider in ("wxpay", "alipay"):
        await paid(shop, provider)
    await shop.sim.advance("34h")
    result = await reconcile()
    assert result.exit_code == 0
    assert result.stdout.count("1 payments and 0 refunds in the bill, no difference") == 2


async def test_a_difference_is_shown_with_what_to_do_and_exit_1(
    shop: Any, reconcile: Any, day: dt.date
) -> None:
    shop.sim.fault("lose_notify", times=None)
    number = await paid(shop, "wxpay")
    await shop.sim.advance("34h")
    text = await reconcile("--provider", "wxpay")
    assert text.exit_code == 1
    assert "state differs" in text.stdout
    assert number in text.stdout
    assert "query the order, which marks it paid" in " ".join(text.stdout.split())
    found = json.loads((await reconcile("--provider", "wxpay", "--json")).stdout)
    [account] = found["accounts"]
    assert (found["date"], account["provider"], account["error"]) == (day.isoformat(), "wxpay", None)
    assert [one["kind"] for one in account["result"]["differences"]] == ["state_differs"]


async def test_a_bill_that_cannot_be_had_does_not_keep_the_others_from_it(shop: Any, reconcile: Any) -> None:
    await paid(shop, "alipay")
    await shop.sim.advance("34h")
    shop.sim.fault("status", status=502, path="/v3/bill/tradebill", times=None)
    result = await reconcile()
    assert result.exit_code == 1
    assert "alipay of default" in result.stdout
    assert "no difference" in result.stdout
    assert "wxpay of default" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--date", "yesterday"], "is not a date like"), (["--pid", "nobody"], "no account to compare")],
)
async def test_what_makes_no_sense_is_said(reconcile: Any, arguments: list[str], told: str) -> None:
    result = await reconcile(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr
