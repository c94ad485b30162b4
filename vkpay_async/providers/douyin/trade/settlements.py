"""Settlements: https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/trade-system/general/trade_settle/settle-create"""

from __future__ import annotations

from collections.abc import Sequence

from vkpay_async.errors import ResourceNotFound
from vkpay_async.models import JsonObject
from vkpay_async.providers.douyin.models import TradeSettleAnswer, TradeSettlement
from vkpay_async.providers.douyin.results import Settlement, SettlementState, settlement_state
from vkpay_async.providers.douyin.times import ms_or_none


def accepted(answer: TradeSettleAnswer, raw: JsonObject, out_settle_no: str, out_trade_no: str) -> Settlement:
    return Settlement(
        out_settle_no=out_settle_no,
        out_trade_no=out_trade_no,
        state=SettlementState.PROCESSING,
        raw_state="ACCEPTED",
        settle_id=answer.data.settle_id,
        raw=raw,
    )


def settlement_from(found: Sequence[TradeSettlement], raw: JsonObject, out_settle_no: str) -> Settlement:
    """Raises :class:`ResourceNotFound`: Douyin answers with an empty list."""
    if not found:
        raise ResourceNotFound(
            provider="douyin",
            code="SETTLE_NOT_EXIST",
            message=f"no settlement {out_settle_no}",
            http_status=200,
            advice="check out_settle_no; a settlement that was refused does not exist",
        )
    one = found[0]
    return Settlement(
        out_settle_no=one.out_settle_no or out_settle_no,
        out_trade_no=one.out_order_no,
        state=settlement_state(one.settle_status),
        raw_state=one.settle_status,
        settle_id=one.settle_id,
        settle_amount=one.settle_amount,
        rake=one.rake,
        commission=one.commission,
        detail=one.settle_detail or "",
        settled_time=ms_or_none(one.settle_at),
        raw=raw,
    )
