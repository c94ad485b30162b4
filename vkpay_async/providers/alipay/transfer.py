"""Transfers to a user's account: https://opendocs.alipay.com/open/62987723_alipay.fund.trans.uni.transfer"""

from __future__ import annotations

from typing import Any

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import PayeeInfo, Transfer, TransferRef, TransferRequest, TransferState
from vkpay_async.money import Fen, fen_from_yuan, is_fen, yuan_from_fen
from vkpay_async.providers.alipay.about import AlipayNode
from vkpay_async.providers.alipay.models import BalanceAnswer, TransferAnswer
from vkpay_async.providers.alipay.trade import is_user_id, merged, optional_fen
from vkpay_async.providers.balance import AccountBalance

NOBODY_CONFIRMS = "it needs none, as nobody confirms its transfers; call transfer with payee_info"

_PRODUCT = "TRANS_ACCOUNT_NO_PWD"
_MINIMUM: Fen = 10
_STATES: dict[str, TransferState] = {
    "SUCCESS": TransferState.SUCCESS,
    "DEALING": TransferState.PROCESSING,
    "WAIT_PAY": TransferState.ACCEPTED,
    "FAIL": TransferState.FAIL,
    "REFUND": TransferState.FAIL,
    "CLOSED": TransferState.CANCELLED,
}


def transfer_content(request: TransferRequest) -> dict[str, Any]:
    """Raises :class:`InvalidArgument`."""
    if request.authorized or request.authorization_info:
        raise InvalidArgument(f"Alipay has no authorisations: {NOBODY_CONFIRMS}")
    _check(request)
    content = {
        "out_biz_no": request.out_bill_no,
        "trans_amount": yuan_from_fen(request.transfer_amount),
        "product_code": _PRODUCT,
        "biz_scene": request.biz_scene,
        "order_title": request.order_title,
        "payee_info": _payee(request.payee_info),
        "remark": request.transfer_remark,
        "business_params": '{"payer_show_name_use_alias":"true"}' if request.payer_use_alias else None,
        "transfer_scene_name": request.transfer_scene_name,
        "transfer_scene_report_infos": request.transfer_scene_report_infos or None,
    }
    return merged(content, request.other, keep=("out_biz_no", "trans_amount", "payee_info"))


def transfer_query_content(ref: TransferRef) -> dict[str, Any]:
    """Raises :class:`InvalidArgument` when the transfer is not named."""
    if ref.transfer_bill_no:
        return {"order_id": ref.transfer_bill_no}
    if not ref.out_bill_no:
        raise InvalidArgument("pass out_bill_no or transfer_bill_no: they name the transfer")
    return {"out_biz_no": ref.out_bill_no, "product_code": _PRODUCT, "biz_scene": "DIRECT_TRANSFER"}


def parse_transfer(
    content: dict[str, Any], node: AlipayNode, *, out_bill_no: str, amount: Fen | None
) -> Transfer:
    """``out_bill_no`` and ``amount`` stand in where the answer leaves them out."""
    answer = msgspec.convert(content, TransferAnswer)
    return Transfer(
        out_bill_no=answer.out_biz_no or out_bill_no,
        state=_STATES.get(answer.status, TransferState.UNKNOWN),
        raw_state=answer.status,
        transfer_bill_no=answer.order_id,
        transfer_amount=amount if answer.trans_amount is None else fen_from_yuan(answer.trans_amount),
        fail_reason=answer.fail_reason or answer.error_code,
        openid=answer.receiver_open_id or answer.receiver_user_id,
        mch_id=node.mch_id,
        appid=node.app_id,
        raw=content,
    )


def balance_content(account: str | None, node: AlipayNode) -> dict[str, Any]:
    """Raises :class:`ConfigError` where neither says whose account it is."""
    account = account or node.require("mch_id", "it is the 2088… number whose balance is asked for")
    key = "alipay_user_id" if is_user_id(account) else "alipay_open_id"
    return {key: account, "account_type": "ACCTRANS_ACCOUNT"}


def parse_balance(content: dict[str, Any]) -> AccountBalance:
    answer = msgspec.convert(content, BalanceAnswer)
    return AccountBalance(
        available_amount=fen_from_yuan(answer.available_amount),
        freeze_amount=optional_fen(answer.freeze_amount),
        total_amount=optional_fen(answer.total_amount),
    )


def _payee(payee: PayeeInfo | None) -> dict[str, str]:
    """Raises :class:`InvalidArgument`: 1009 without an identity, 1010 without the name that a logon id needs."""
    if payee is None or not payee.identity:
        raise InvalidArgument("payee_info.identity is missing: pass the receiver's account", code=1009)
    if payee.identity_type == "ALIPAY_LOGON_ID" and not payee.name:
        raise InvalidArgument(
            "payee_info.name is missing: a phone number or e-mail needs the name", code=1010
        )
    if bool(payee.cert_type) != bool(payee.cert_no):
        raise InvalidArgument("payee_info.cert_type and cert_no go together: pass both or neither")
    return {name: value for name, value in msgspec.to_builtins(payee).items() if value}


def _check(request: TransferRequest) -> None:
    if not is_fen(request.transfer_amount) or request.transfer_amount < _MINIMUM:
        raise InvalidArgument(f"transfer_amount must be a whole number of fen from {_MINIMUM} on", code=1008)
    if not request.order_title:
        raise InvalidArgument("order_title is missing: the receiver's bill shows it")
