"""Money to a user who agrees once and confirms nothing after that: the steps from the question to its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from vkpay_async.cli.demo.report import DemoFlow, require
from vkpay_async.cli.demo.shop import Shop
from vkpay_async.cli.demo.transfers import AMOUNT
from vkpay_async.cli.demo.ways import WECHAT_OPENID
from vkpay_async.models import AuthorizationState, TransferState
from vkpay_async.money import yuan_from_fen

PAY_TYPE = "wxpay_transfer"
CASH_MARKETING = "1000"


@dataclass(frozen=True)
class Agreement:
    """One user's authorisation, and the transfer that uses it."""

    shop: Shop
    merchant: str

    @property
    def number(self) -> str:
        return f"{self.shop.prefix}{self.merchant}agreed"

    @property
    def told(self) -> list[AuthorizationState]:
        return [told.state for told in self.shop.authorized[self.number]]


def authorization_flows(shop: Shop, merchant: str) -> list[DemoFlow]:
    agreement = Agreement(shop, merchant)
    steps = [(name, partial(act, agreement)) for name, act in STEPS.items()]
    return [DemoFlow(pay_type=PAY_TYPE, merchant=merchant, steps=steps)]


async def authorize(agreement: Agreement) -> str:
    asked = await agreement.shop.pay.create_user_confirm_authorization(
        provider="wxpay",
        out_authorization_no=agreement.number,
        openid=WECHAT_OPENID,
        transfer_scene_id=CASH_MARKETING,
        user_display_name="tea_lover",
        pid=agreement.merchant,
    )
    require(asked.options, "the answer has nothing to ask the user with")
    return f"{asked.state}, asked of the user"


async def confirm(agreement: Agreement) -> str:
    await agreement.shop.simulator.confirm_authorization(agreement.number, pid=agreement.merchant)
    return "the user agreed"


async def notify(agreement: Agreement) -> str:
    """The signed notification has come and the handler was told, once."""
    result = await agreement.shop.pay.first_arrival(agreement.number)
    result.raise_for_error()
    require(agreement.told == [AuthorizationState.TAKING_EFFECT], f"the handler was told {agreement.told}")
    return "signed notification, TAKING_EFFECT; handler ran once"


async def transfer(agreement: Agreement) -> str:
    """Without an openid, and nobody confirms it."""
    made = await agreement.shop.pay.transfer(
        provider="wxpay",
        out_bill_no=agreement.number,
        transfer_amount=AMOUNT,
        transfer_scene_id=CASH_MARKETING,
        transfer_remark="Thank you",
        out_authorization_no=agreement.number,
        pid=agreement.merchant,
    )
    require(made.state is TransferState.SUCCESS, f"the transfer is {made.raw_state}")
    require(made.options is None, "the answer wants a confirmation")
    await agreement.shop.pay.idle()
    told = agreement.shop.transferred[agreement.number]
    require(len(told) == 1, f"the handler of transfers ran {len(told)} times")
    return f"{yuan_from_fen(AMOUNT)} yuan {made.state}, unconfirmed; handler ran once"


async def close(agreement: Agreement) -> str:
    closed = await agreement.shop.pay.close_user_confirm_authorization(
        provider="wxpay", out_authorization_no=agreement.number, pid=agreement.merchant
    )
    await agreement.shop.pay.idle()
    ends = [AuthorizationState.TAKING_EFFECT, AuthorizationState.CLOSED]
    require(agreement.told == ends, f"the handler was told {agreement.told}")
    return f"{closed.state} {closed.close_reason}"


STEPS: Mapping[str, Callable[[Agreement], Awaitable[str]]] = {
    "authorize": authorize,
    "confirm": confirm,
    "notify": notify,
    "transfer": transfer,
    "close": close,
}
