"""``vkpay query``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vkpay_async import VKPay
from vkpay_async.cli.query import difference
from vkpay_async.models import Trade, TradeState
from vkpay_simulator.running import RunningSimulator


@pytest.fixture
def create(
    config: dict[str, Any], write_config: Callable[[Any], Path], tmp_path: Path
) -> Callable[[str, str], None]:
    """Creates a payment the way an application does."""
    write_config(config)

    async def run(provider: str, out_trade_no: str) -> None:
        async with VKPay.from_dict(config, database=f"sqlite:///{tmp_path}/vkpay.db") as pay:
            await pay.create_payment(
                provider=provider,
                platform="h5",
                need_qrcode=True,
                out_trade_no=out_trade_no,
                total_fee=19900,
                subject="Tea",
                type="goods",
            )

    return lambda provider, out_trade_no: asyncio.run(run(provider, out_trade_no))


def test_both_sides_say_unpaid(vkpay: Any, create: Any) -> None:
    create("wxpay", "20261121-0001")
    result = vkpay("query", "20261121-0001")
    assert result.exit_code == 0, result.stderr
    assert ["state", "unpaid", "NOTPAY"] in [line.split() for line in result.stdout.splitlines()]
    assert "they agree" in result.stdout


def test_alipay_does_not_know_an_order_that_nobody_has_opened(vkpay: Any, create: Any) -> None:
    create("alipay", "A_1")
    result = vkpay("query", "A_1", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["trade"] is None
    assert "knows no such order" in vkpay("query", "A_1").stdout


def test_a_lost_notification_is_seen(vkpay: Any, create: Any, vkpay_sim: RunningSimulator) -> None:
    create("wxpay", "20261121-0001")
    vkpay_sim.fault(lose_notify=9)
    vkpay_sim.pay("20261121-0001").wait()

    result = vkpay("query", "20261121-0001")
    assert result.exit_code == 1
    assert "paid at the provider, unpaid here" in result.stdout
    assert "await_notify=True" in result.stdout

    found = json.loads(vkpay("query", "20261121-0001", "--json").stdout)
    assert found["ok"] is False
    assert (found["order"]["status"], found["trade"]["state"]) == (0, "SUCCESS")
    assert found["difference"]["advice"]


def test_paid_in_the_way_in_which_it_was_begun_first(
    vkpay: Any, create: Any, vkpay_sim: RunningSimulator
) -> None:
    create("wxpay", "20261121_0001")
    create("alipay", "20261121_0001")
    vkpay_sim.fault(lose_notify=9)
    vkpay_sim.pay("20261121_0001", provider="wxpay").wait()
    result = vkpay("query", "20261121_0001")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["state", "unpaid", "SUCCESS"] in lines
    assert ["pay_type", "alipay_h5", "wxpay_h5"] in lines
    assert (result.exit_code, "paid at the provider, unpaid here" in result.stdout) == (1, True)


def test_without_a_config_it_says_how_to_get_one(vkpay: Any) -> None:
    result = vkpay("query", "A1")
    assert result.exit_code == 1
    assert "vkpay.toml: no such file" in result.stderr


@pytest.mark.parametrize(
    ("status", "state", "more", "detail"),
    [
        (1, TradeState.SUCCESS, {}, None),
        (3, TradeState.CLOSED, {"success_time": 1}, None),
        (0, TradeState.REFUND, {}, "paid and given back at the provider"),
        (2, TradeState.REFUND, {}, None),
        (0, TradeState.NOTPAY, {}, None),
        (-1, TradeState.CLOSED, {}, None),
        (-1, None, {}, None),
        (0, None, {}, None),
        (0, TradeState.SUCCESS, {}, "paid at the provider, unpaid here"),
        (-1, TradeState.SUCCESS, {}, "paid at the provider, closed here"),
        (1, TradeState.REFUND, {}, "refunded at the provider"),
        (1, TradeState.CLOSED, {"success_time": 1}, "refunded at the provider"),
        (1, TradeState.NOTPAY, {}, "paid here, and not at the provider"),
        (1, None, {}, "paid here, and not at the provider"),
        (0, TradeState.CLOSED, {}, "ended at the provider, unpaid here"),
        (-1, TradeState.NOTPAY, {}, "closed here, and still payable"),
        (0, TradeState.SUCCESS, {"total_fee": 1}, "does not fit"),
    ],
)
def test_what_the_two_sides_do_not_agree_on(
    order: Any, status: int, state: TradeState | None, more: dict[str, Any], detail: str | None
) -> None:
    known = {"total_fee": 19900, "appid": "wx1", "mch_id": "19"}
    trade = state and Trade(out_trade_no="A1", state=state, raw_state=state.value, **{**known, **more})
    provider: Any = SimpleNamespace(appid="wx1", mch_id="19")
    found = difference(order(status=status), trade or None, provider)
    assert (found is None) == (detail is None)
    if found is not None and detail is not None:
        assert detail in found.detail
        assert found.advice
