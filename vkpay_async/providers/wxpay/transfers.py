"""Transfers that the user confirms (商家转账). https://pay.weixin.qq.com/doc/v3/merchant/4012716434"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import Transfer, TransferRef, TransferRequest, TransferState
from vkpay_async.money import is_fen
from vkpay_async.providers.wxpay.bodies import body_from, check_number
from vkpay_async.providers.wxpay.models import TransferBill

PATH = "/v3/fund-app/mch-transfer/transfer-bills"
SMALLEST_FEN = 10
NAME_ALLOWED_FROM_FEN = 30
NAME_NEEDED_FROM_FEN = 200_000
DEFAULT_REMARK = "转账"
_STATES: Mapping[str, TransferState] = {
    state.value: state for state in TransferState if state is not TransferState.UNKNOWN
}


def check_transfer(request: TransferRequest) -> None:
    """Raises :class:`InvalidArgument` for what WeChat Pay would refuse, before anything is sent."""
    _check_bill_no(request.out_bill_no)
    _check_amount(request.transfer_amount)
    if not request.openid:
        raise InvalidArgument(
            "openid of the receiver is missing: set openid, under the appid of the transfer", code=1012
        )
    _check_name(request.user_name, request.transfer_amount)
    for name in ("transfer_scene_id", "transfer_scene_report_infos"):
        if not getattr(request, name):
            raise InvalidArgument(
                f"{name} is missing: it is one of the scenes granted in the merchant platform, e.g. scene 1000 with "
                "活动名称 and 奖励说明"
            )


def transfer_body(request: TransferRequest, appid: str, user_name: str | None) -> dict[str, Any]:
    """The body of the transfer call; ``user_name`` is encrypted already."""
    fields = {
        "appid": appid,
        "out_bill_no": request.out_bill_no,
        "transfer_scene_id": request.transfer_scene_id,
        "openid": request.openid,
        "user_name": user_name,
        "transfer_amount": request.transfer_amount,
        "transfer_remark": request.transfer_remark or DEFAULT_REMARK,
        "notify_url": request.notify_url,
        "user_recv_perception": request.user_recv_perception,
        "transfer_scene_report_infos": request.transfer_scene_report_infos,
    }
    return body_from(fields, request.other)


def query_path(ref: TransferRef) -> str:
    """By WeChat Pay's number where it is known. Raises :class:`InvalidArgument` when there is none."""
    if ref.transfer_bill_no:
        return f"{PATH}/transfer-bill-no/{check_number('transfer_bill_no', ref.transfer_bill_no)}"
    return f"{PATH}/out-bill-no/{_out_bill_no(ref)}"


def cancel_path(ref: TransferRef) -> str:
    """Raises :class:`InvalidArgument` without ``out_bill_no``: only that one cancels."""
    return f"{PATH}/out-bill-no/{_out_bill_no(ref)}/cancel"


def transfer_from(
    bill: TransferBill, raw: Mapping[str, Any], options: Mapping[str, str] | None = None
) -> Transfer:
    return Transfer(
        out_bill_no=bill.out_bill_no,
        state=_STATES.get(bill.state, TransferState.UNKNOWN),
        raw_state=bill.state,
        transfer_bill_no=bill.transfer_bill_no,
        transfer_amount=bill.transfer_amount,
        fail_reason=bill.fail_reason,
        openid=bill.openid,
        mch_id=bill.mch_id,
        appid=bill.appid,
        options=options,
        raw=raw,
    )


def _out_bill_no(ref: TransferRef) -> str:
    if not ref.out_bill_no:
        raise InvalidArgument("out_bill_no is missing: name the transfer by the number it was made with")
    _check_bill_no(ref.out_bill_no)
    return ref.out_bill_no


def _check_bill_no(number: str) -> None:
    if not (number.isascii() and number.isalnum() and len(number) <= 32):
        raise InvalidArgument(
            f"out_bill_no {number[:40]!r} cannot be sent: use 1 to 32 letters and digits only"
        )


def _check_amount(amount: int) -> None:
    if not is_fen(amount):
        raise InvalidArgument("transfer_amount must be a positive whole number of fen", code=1008)
    if amount < SMALLEST_FEN:
        raise InvalidArgument(
            f"transfer_amount is {amount} fen: WeChat Pay transfers {SMALLEST_FEN} fen or more"
        )


def _check_name(user_name: str | None, amount: int) -> None:
    if user_name and amount < NAME_ALLOWED_FROM_FEN:
        raise InvalidArgument(f"user_name cannot be checked below {NAME_ALLOWED_FROM_FEN} fen: leave it out")
    if not user_name and amount >= NAME_NEEDED_FROM_FEN:
        raise InvalidArgument(
            f"user_name is missing: from {NAME_NEEDED_FROM_FEN} fen on WeChat Pay checks the receiver's real name",
            code=1010,
        )
