"""Transfers (商家转账): the user confirms each of them, or has agreed beforehand.

https://pay.weixin.qq.com/doc/v3/merchant/4012716434, https://pay.weixin.qq.com/doc/v3/merchant/4014399371
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import Transfer, TransferRef, TransferRequest, TransferState
from vkpay_async.money import is_fen
from vkpay_async.providers.wxpay.authorizations import check_authorization_no, check_info
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
    _check_receiver(request)
    _check_name(request.user_name, request.transfer_amount)
    # The page of a transfer with an authorisation lists the reports as optional.
    for name in ("transfer_scene_id", *(() if request.authorized else ("transfer_scene_report_infos",))):
        if not getattr(request, name):
            raise InvalidArgument(
                f"{name} is missing: it is one of the scenes granted in the merchant platform, e.g. scene 1000 with "
                "活动名称 and 奖励说明"
            )


def transfer_path(request: TransferRequest) -> str:
    """Each way of agreeing has an address of its own."""
    if request.authorized:
        return f"{PATH}/transfer"
    return f"{PATH}/pre-transfer-with-authorization" if request.authorization_info else PATH


def transfer_body(request: TransferRequest, appid: str, user_name: str | None) -> dict[str, Any]:
    """The body of the transfer call; ``user_name`` is encrypted already."""
    info = request.authorization_info
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
        "authorization_id": request.authorization_id,
        "out_authorization_no": request.out_authorization_no,
        "sponsor_mchid": request.sponsor_mchid,
        "authorization_info": msgspec.to_builtins(info) if info else None,
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


def _check_receiver(request: TransferRequest) -> None:
    if request.authorized:
        _check_authorized(request)
    elif not request.openid:
        raise InvalidArgument(
            "openid of the receiver is missing: set openid, under the appid of the transfer; or "
            "out_authorization_no, where the user has agreed to receive without confirming",
            code=1012,
        )
    elif request.authorization_info is not None:
        check_info(request.authorization_info)
    elif request.sponsor_mchid:
        raise InvalidArgument(
            "sponsor_mchid goes with an authorisation only: leave it out, or give out_authorization_no or authorization_info"
        )


def _check_authorized(request: TransferRequest) -> None:
    if request.out_authorization_no is not None and request.authorization_id is not None:
        raise InvalidArgument(
            "out_authorization_no and authorization_id name the same thing: give one of them"
        )
    if request.out_authorization_no is not None:
        check_authorization_no(request.out_authorization_no)
    else:
        check_number("authorization_id", request.authorization_id or "")
    for name in ("openid", "authorization_info"):
        if getattr(request, name):
            raise InvalidArgument(
                f"{name} does not go with an authorisation that is there already, which names the receiver: leave {name} out"
            )


def _check_name(user_name: str | None, amount: int) -> None:
    if user_name and amount < NAME_ALLOWED_FROM_FEN:
        raise InvalidArgument(f"user_name cannot be checked below {NAME_ALLOWED_FROM_FEN} fen: leave it out")
    if not user_name and amount >= NAME_NEEDED_FROM_FEN:
        raise InvalidArgument(
            f"user_name is missing: from {NAME_NEEDED_FROM_FEN} fen on WeChat Pay checks the receiver's real name",
            code=1010,
        )
