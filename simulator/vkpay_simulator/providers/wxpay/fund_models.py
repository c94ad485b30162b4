"""Bodies of refunds, transfers, authorisations and the echo: every field that exists, its type and its bounds."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from vkpay_simulator.providers.wxpay.models import Model
from vkpay_simulator.providers.wxpay.scalars import (
    AuthorizationId,
    Currency,
    Fen,
    Figure,
    Ip,
    NotifyUrl256,
    OutAuthorizationNo,
    OutBillNo,
    OutRefundNo,
    Str15,
    Str16,
    Str32,
    Str36,
    Str64,
    Str80,
    Str256,
    Str1024,
)


class RefundFrom(Model, frozen=True, kw_only=True):
    account: Literal["AVAILABLE", "UNAVAILABLE"]
    amount: Fen


class RefundAmount(Model, rename={"from_": "from"}, frozen=True, kw_only=True):
    refund: Fen
    total: Fen
    currency: Currency
    from_: list[RefundFrom] | UnsetType = UNSET


class RefundGoods(Model, frozen=True, kw_only=True):
    merchant_goods_id: Str32
    wechatpay_goods_id: Str32 | UnsetType = UNSET
    goods_name: Str256 | UnsetType = UNSET
    unit_price: Figure
    refund_amount: Figure
    refund_quantity: Fen


class RefundRequest(Model, frozen=True, kw_only=True):
    sub_mchid: Str32 | UnsetType = UNSET
    transaction_id: Str32 | UnsetType = UNSET
    out_trade_no: Str32 | UnsetType = UNSET
    out_refund_no: OutRefundNo
    reason: Str80 | UnsetType = UNSET
    notify_url: NotifyUrl256 | UnsetType = UNSET
    funds_account: Literal["AVAILABLE", "UNSETTLED"] | UnsetType = UNSET
    amount: RefundAmount
    goods_detail: Annotated[list[RefundGoods], Meta(min_length=1)] | UnsetType = UNSET


class AbnormalRefundRequest(Model, frozen=True, kw_only=True):
    sub_mchid: Str32 | UnsetType = UNSET
    out_refund_no: OutRefundNo
    type: Literal["USER_BANK_CARD", "MERCHANT_BANK_CARD"]
    bank_type: Str16 | UnsetType = UNSET
    bank_account: Str1024 | UnsetType = UNSET
    real_name: Str1024 | UnsetType = UNSET


class ReportInfo(Model, frozen=True, kw_only=True):
    info_type: Str15
    info_content: Str32


class RecvStyle(Model, frozen=True, kw_only=True):
    type: Literal["CONFIRM_PAGE", "RED_PACKET"]


Reports: TypeAlias = Annotated[list[ReportInfo], Meta(min_length=1)]


class TransferFields(Model, frozen=True, kw_only=True):
    """What every transfer has, however the receiver agrees to it."""

    appid: Str32
    out_bill_no: OutBillNo
    transfer_scene_id: Str36
    user_name: Str1024 | UnsetType = UNSET
    transfer_amount: Fen
    transfer_remark: Str32
    notify_url: NotifyUrl256 | UnsetType = UNSET
    user_recv_perception: Str32 | UnsetType = UNSET
    transfer_scene_report_infos: Reports | UnsetType = UNSET


class ConfirmedTransfer(TransferFields, frozen=True, kw_only=True):
    """The receiver confirms it."""

    openid: Str64
    transfer_scene_report_infos: Reports


class TransferRequest(ConfirmedTransfer, frozen=True, kw_only=True):
    user_recv_style: RecvStyle | UnsetType = UNSET


class AuthorizationInfo(Model, frozen=True, kw_only=True):
    user_display_name: Str32
    out_authorization_no: OutAuthorizationNo
    authorization_notify_url: NotifyUrl256


class TransferAndAuthorize(ConfirmedTransfer, frozen=True, kw_only=True):
    """The receiver confirms it, and is asked to authorise the following ones."""

    authorization_info: AuthorizationInfo | UnsetType = UNSET
    sponsor_mchid: Str32 | UnsetType = UNSET


class AuthorizedTransfer(TransferFields, frozen=True, kw_only=True):
    """The receiver has authorised it before."""

    authorization_id: AuthorizationId | UnsetType = UNSET
    out_authorization_no: OutAuthorizationNo | UnsetType = UNSET
    sponsor_mchid: Str32 | UnsetType = UNSET


class AuthorizationScene(Model, frozen=True, kw_only=True):
    client_ip: Ip | UnsetType = UNSET
    device_id: Str64 | UnsetType = UNSET
    device_type: Literal["IOS", "ANDROID", "HARMONY", "OTHER"] | UnsetType = UNSET


class AuthorizationRequest(Model, frozen=True, kw_only=True):
    out_authorization_no: OutAuthorizationNo
    appid: Str32
    openid: Str64
    transfer_scene_id: Str36
    user_display_name: Str32
    user_recv_perception: Str256 | UnsetType = UNSET
    authorization_notify_url: NotifyUrl256
    scene_info: AuthorizationScene | UnsetType = UNSET


class EchoRequest(Model, frozen=True, kw_only=True):
    echo_message: Str1024
    encrypted_echo_message: Str1024 | UnsetType = UNSET
    notify_url: NotifyUrl256 | UnsetType = UNSET
