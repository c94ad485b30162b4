"""The optional arguments of the front door, typed for editors and checkers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from vkpay_async.models import AuthorizationInfo, PayeeInfo


class PaymentOptions(TypedDict, total=False):
    """Optional arguments of ``create_payment``. Times in ms since the epoch."""

    body: str | None
    openid: str | None
    need_qrcode: bool | Literal["image"]
    alipay_app_pay_to_h5_pay: bool | None
    product: str | None
    auth_code: str | None
    store_id: str | None
    custom: Mapping[str, Any] | None
    other: Mapping[str, Any] | None
    pid: str | None
    user_id: str | None
    nickname: str | None
    time_expire: int | None
    return_url: str | None
    profit_sharing: bool | None
    sub_appid: str | None
    sub_mchid: str | None
    app_auth_token: str | None
    provider_pay_method: str | None
    wxpay_virtual: Mapping[str, Any] | None
    biz_type: str | None
    appleiap: Mapping[str, Any] | None
    productid: str | None


class TransferOptions(TypedDict, total=False):
    """Optional arguments of ``transfer``; below the line the spellings of older versions. Amounts in fen."""

    transfer_remark: str | None
    order_title: str | None
    appid: str | None
    openid: str | None
    user_name: str | None
    transfer_scene_id: str | None
    transfer_scene_name: str | None
    transfer_scene_report_infos: list[dict[str, str]]
    user_recv_perception: str | None
    payee_info: PayeeInfo | Mapping[str, Any] | None
    payer_use_alias: bool | None
    biz_scene: str
    app_auth_token: str | None
    notify_url: str | None
    out_authorization_no: str | None
    authorization_id: str | None
    authorization_info: AuthorizationInfo | Mapping[str, Any] | None
    sponsor_mchid: str | None
    other: Mapping[str, Any]

    pay_type: str | None
    out_biz_no: str | None
    out_trade_no: str | None
    amount: int | None
    money: int | None
    remark: str | None
    desc: str | None
    title: str | None
    account: str | None
    payee_account: str | None
    real_name: str | None
    re_user_name: str | None
    payee_real_name: str | None
    check_name: bool
    version: int


class AuthorizationOptions(TypedDict, total=False):
    """Optional arguments of ``create_user_confirm_authorization``."""

    user_recv_perception: str | None
    scene_info: Mapping[str, str] | None
    appid: str | None
    authorization_notify_url: str | None
    other: Mapping[str, Any] | None
