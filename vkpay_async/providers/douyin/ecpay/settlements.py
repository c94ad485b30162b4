"""Settlements: https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/ecpay/settlements/settlement"""

from __future__ import annotations

from vkpay_async.models import JsonObject
from vkpay_async.providers.balance import AccountBalance
from vkpay_async.providers.douyin.models import (
    BalanceAnswer,
    QuerySettleAnswer,
    SettleAnswer,
    UnsettledAnswer,
)
from vkpay_async.providers.douyin.results import (
    Settlement,
    SettlementState,
    UnsettledAmount,
    settlement_state,
)
from vkpay_async.providers.douyin.times import ms_from_seconds


def accepted(answer: SettleAnswer, raw: JsonObject, out_settle_no: str, out_trade_no: str) -> Settlement:
    return Settlement(
        out_settle_no=out_settle_no,
        out_trade_no=out_trade_no,
        state=SettlementState.PROCESSING,
        raw_state="ACCEPTED",
        settle_id=answer.settle_no,
        raw=raw,
    )


def settlement_from(answer: QuerySettleAnswer, raw: JsonObject, out_settle_no: str) -> Settlement:
    info = answer.settle_info
    return Settlement(
        out_settle_no=out_settle_no,
        state=settlement_state(info.settle_status),
        raw_state=info.settle_status,
        settle_id=info.settle_no,
        settle_amount=info.settle_amount,
        rake=info.rake,
        commission=info.commission,
        detail=info.settle_detail or "",
        settled_time=ms_from_seconds(info.settled_at),
        raw=raw,
    )


def unsettled_from(answer: UnsettledAnswer, raw: JsonObject, out_trade_no: str) -> UnsettledAmount:
    detail = answer.data.detail
    return UnsettledAmount(
        out_trade_no=out_trade_no,
        amount=answer.data.unsettle_amount,
        payment_rake=detail.payment_rake,
        life_rake=detail.life_rake,
        commission=detail.commission,
        raw=raw,
    )


def balance_from(answer: BalanceAnswer) -> AccountBalance:
    info = answer.account_info
    return AccountBalance(
        online_amount=info.online_balance,
        withdrawable_amount=info.withdrawable,
        freeze_amount=info.freeze_balance,
    )
