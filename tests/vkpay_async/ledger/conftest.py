from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from vkpay_async.ledger import Ledger
from vkpay_async.models import Trade, TradeState
from vkpay_async.order import Order, RefundEntry


def order(out_trade_no: str = "A1", **more: Any) -> Order:
    known: dict[str, Any] = {"type": "goods", "pay_type": "wxpay_h5", "total_fee": 1000, "create_date": 1}
    return Order(out_trade_no=out_trade_no, **{**known, **more})


def trade(out_trade_no: str = "A1", **more: Any) -> Trade:
    known: dict[str, Any] = {"state": TradeState.SUCCESS, "raw_state": "SUCCESS", "transaction_id": "4200"}
    return Trade(out_trade_no=out_trade_no, **{**known, **more})


def entry(number: str = "A1-1", fee: int = 1000, **more: Any) -> RefundEntry:
    return RefundEntry(out_refund_no=number, refund_fee=fee, **more)


async def paid(ledger: Ledger, out_trade_no: str = "A1", **more: Any) -> Order:
    await ledger.add(order(out_trade_no, **more))
    assert await ledger.mark_paid(order(out_trade_no, **more), trade(out_trade_no), now=5, notify_mode=1)
    return await ledger.require(out_trade_no)


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(database)
    yield ledger
    await ledger.close()
