"""Money to users: a table of transfers, and the steps each of them takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from vkpay_async.cli.demo.report import DemoFlow, require
from vkpay_async.cli.demo.shop import Shop
from vkpay_async.cli.demo.ways import WECHAT_OPENID
from vkpay_async.models import PayeeInfo, TransferState
from vkpay_async.money import Fen, yuan_from_fen
from vkpay_async.pay_type import split_pay_type

AMOUNT: Fen = 880
CANCELLING_S = 2


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """A transfer: the arguments of the call, the state that answers it, the steps after it, and its end."""

    pay_type: str
    number: str
    call: Mapping[str, Any]
    begins: TransferState
    steps: tuple[str, ...]
    ends: TransferState


WECHAT = {
    "openid": WECHAT_OPENID,
    "user_name": "张三",
    "transfer_remark": "Thank you",
    "transfer_scene_id": "1000",
    "transfer_scene_report_infos": [
        {"info_type": "活动名称", "info_content": "新会员有礼"},
        {"info_type": "奖励说明", "info_content": "注册会员抽奖一等奖"},
    ],
}
ALIPAY = {
    "order_title": "Thank you",
    "transfer_remark": "first prize",
    "payee_info": PayeeInfo(identity="zhangsan@example.com", name="张三"),
}

TRANSFERS = (
    Transfer(
        pay_type="wxpay_transfer",
        number="confirmed",
        call=WECHAT,
        begins=TransferState.WAIT_USER_CONFIRM,
        steps=("confirm", "notify", "query"),
        ends=TransferState.SUCCESS,
    ),
    Transfer(
        pay_type="wxpay_transfer",
        number="cancelled",
        call=WECHAT,
        begins=TransferState.WAIT_USER_CONFIRM,
        steps=("cancel", "notify", "query"),
        ends=TransferState.CANCELLED,
    ),
    Transfer(
        pay_type="alipay_transfer",
        number="sent",
        call=ALIPAY,
        begins=TransferState.SUCCESS,
        steps=("query",),
        ends=TransferState.SUCCESS,
    ),
)


def transfer_flows(shop: Shop, merchant: str) -> list[DemoFlow]:
    """Every transfer of a merchant."""
    return [_flow(Payout(shop, transfer, merchant)) for transfer in TRANSFERS]


@dataclass(frozen=True)
class Payout:
    """One transfer on its way through the steps."""

    shop: Shop
    transfer: Transfer
    merchant: str

    @property
    def provider(self) -> str:
        return split_pay_type(self.transfer.pay_type)[0]

    @property
    def number(self) -> str:
        return f"{self.shop.prefix}{self.merchant}{self.provider}{self.transfer.number}"


async def transfer(payout: Payout) -> str:
    made = await payout.shop.pay.transfer(
        provider=payout.provider,
        out_bill_no=payout.number,
        transfer_amount=AMOUNT,
        pid=payout.merchant,
        **payout.transfer.call,
    )
    require(made.state is payout.transfer.begins, f"the transfer is {made.raw_state}")
    waits = made.state is TransferState.WAIT_USER_CONFIRM
    require(made.options or not waits, "the answer has nothing for the receiver to confirm with")
    return f"{yuan_from_fen(AMOUNT)} yuan {made.state}"


async def confirm(payout: Payout) -> str:
    await payout.shop.simulator.confirm_transfer(payout.number, provider=payout.provider, pid=payout.merchant)
    return "the receiver took the money"


async def cancel(payout: Payout) -> str:
    made = await payout.shop.pay.cancel_transfer(
        provider=payout.provider, out_bill_no=payout.number, pid=payout.merchant
    )
    await payout.shop.simulator.advance(CANCELLING_S)
    return f"{made.state}, taken back before it was confirmed"


async def notify(payout: Payout) -> str:
    """The signed notification has come and the transfer handler was told the end, once."""
    result = await payout.shop.pay.first_arrival(payout.number)
    result.raise_for_error()
    states = [told.state for told in payout.shop.transferred[payout.number]]
    require(states == [payout.transfer.ends], f"the handler was told {', '.join(states) or 'nothing'}")
    return f"signed notification, {states[0]}; handler ran once"


async def query(payout: Payout) -> str:
    found = await payout.shop.pay.query_transfer(
        provider=payout.provider, out_bill_no=payout.number, pid=payout.merchant
    )
    require(found.state is payout.transfer.ends, f"the transfer is {found.raw_state}")
    require(found.transfer_amount == AMOUNT, f"the transfer has {found.transfer_amount} fen")
    return f"{found.state} {found.transfer_bill_no}"


STEPS: Mapping[str, Callable[[Payout], Awaitable[str]]] = {
    "transfer": transfer,
    "confirm": confirm,
    "cancel": cancel,
    "notify": notify,
    "query": query,
}


def _flow(payout: Payout) -> DemoFlow:
    return DemoFlow(
        pay_type=payout.transfer.pay_type,
        merchant=payout.merchant,
        steps=[(name, partial(STEPS[name], payout)) for name in ("transfer", *payout.transfer.steps)],
    )
