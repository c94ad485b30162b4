"""Bodies of payment requests in WeChat Pay's own spelling: every field that exists, its type and its bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from vkpay_simulator.providers.wxpay.scalars import (
    Attach,
    Currency,
    Fen,
    Figure,
    GoodsId,
    Ip,
    NotifyUrl,
    OutTradeNo,
    Str32,
    Str64,
    Str127,
    Str128,
    Str256,
    Str512,
    Str1024,
    Time,
)

NO_OPENID = (268501013, "JSAPI支付必须传openid")
NO_SUB_MCHID = (268443704, "服务商模式下，sub_mchid必填")


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request object: a key that is not defined is an error, and so is ``null``.

    ``missing`` holds, by pointer, the internal number and text of required fields that have their own.
    """

    missing: ClassVar[Mapping[str, tuple[int, str]]] = {}


class Amount(Model, frozen=True, kw_only=True):
    total: Fen
    currency: Currency | UnsetType = UNSET


class GoodsDetail(Model, frozen=True, kw_only=True):
    merchant_goods_id: GoodsId
    wechatpay_goods_id: Str32 | UnsetType = UNSET
    goods_name: Str256 | UnsetType = UNSET
    quantity: Fen
    unit_price: Figure


class Detail(Model, frozen=True, kw_only=True):
    cost_price: Figure | UnsetType = UNSET
    invoice_id: Str32 | UnsetType = UNSET
    goods_detail: Annotated[list[GoodsDetail], Meta(min_length=1)] | UnsetType = UNSET


class StoreInfo(Model, frozen=True, kw_only=True):
    id: Str32
    name: Str256 | UnsetType = UNSET
    area_code: Str32 | UnsetType = UNSET
    address: Str512 | UnsetType = UNSET


class SceneInfo(Model, frozen=True, kw_only=True):
    payer_client_ip: Ip
    device_id: Str32 | UnsetType = UNSET
    store_info: StoreInfo | UnsetType = UNSET


class H5Info(Model, frozen=True, kw_only=True):
    type: Str32
    app_name: Str64 | UnsetType = UNSET
    app_url: Str128 | UnsetType = UNSET
    bundle_id: Str128 | UnsetType = UNSET
    package_name: Str128 | UnsetType = UNSET


class H5SceneInfo(SceneInfo, frozen=True, kw_only=True):
    h5_info: H5Info | UnsetType = UNSET


class SettleInfo(Model, frozen=True, kw_only=True):
    profit_sharing: bool | UnsetType = UNSET


class PartnerSettleInfo(SettleInfo, frozen=True, kw_only=True):
    subsidy_amount: Figure | UnsetType = UNSET


class SubsidyPlan(Model, frozen=True, kw_only=True):
    subsidy_installment_num: Literal[3, 6, 12]
    subsidy_percent: Literal[0, 100]


class SubsidyDetail(Model, frozen=True, kw_only=True):
    subsidy_period_type: Literal["DAILY", "PERIOD"]
    subsidy_plan: Annotated[list[SubsidyPlan], Meta(min_length=1)] | UnsetType = UNSET


class SubsidyInfo(Model, frozen=True, kw_only=True):
    subsidy_detail: Annotated[list[SubsidyDetail], Meta(min_length=1)]


class Identity(Model, frozen=True, kw_only=True):
    """Real-name payment; number and name are encrypted."""

    type: Literal[
        "IDCARD", "HONGKONG_MACAO", "HONGKONG_MACAO_RESIDENT", "TAIWAN_RESIDENT",
        "FOREIGN_RESIDENT", "OVERSEA_PASSPORT", "PHONE_NUMBER",
    ]  # fmt: skip
    number: Str1024
    name: Str1024 | UnsetType = UNSET


class Payer(Model, frozen=True, kw_only=True):
    """What every payer object may hold; alone it is the payer of APP, Native and H5."""

    identity: Identity | UnsetType = UNSET


class DirectPayer(Payer, frozen=True, kw_only=True):
    openid: Str128


class PartnerPayer(Payer, frozen=True, kw_only=True):
    sp_openid: Str128 | UnsetType = UNSET
    sub_openid: Str128 | UnsetType = UNSET


class OrderFields(Model, frozen=True, kw_only=True):
    """What direct and partner orders share."""

    description: Str127
    out_trade_no: OutTradeNo
    time_expire: Time | UnsetType = UNSET
    attach: Attach | UnsetType = UNSET
    notify_url: NotifyUrl
    goods_tag: Str32 | UnsetType = UNSET
    support_fapiao: bool | UnsetType = UNSET
    limit_pay: list[Literal["no_balance", "no_credit", "no_debit", "balance_only"]] | UnsetType = UNSET
    amount: Amount
    payer: Payer | UnsetType = UNSET
    detail: Detail | UnsetType = UNSET
    scene_info: SceneInfo | UnsetType = UNSET
    settle_info: SettleInfo | UnsetType = UNSET


class DirectOrder(OrderFields, frozen=True, kw_only=True):
    appid: Str32
    mchid: Str32


class DirectJsapi(DirectOrder, frozen=True, kw_only=True):
    missing = {"/payer": NO_OPENID, "/payer/openid": NO_OPENID}
    payer: DirectPayer
    subsidy_info: SubsidyInfo | UnsetType = UNSET


class DirectApp(DirectOrder, frozen=True, kw_only=True):
    subsidy_info: SubsidyInfo | UnsetType = UNSET


class DirectH5(DirectOrder, frozen=True, kw_only=True):
    scene_info: H5SceneInfo


class PartnerOrder(OrderFields, frozen=True, kw_only=True):
    missing = {"/sub_mchid": NO_SUB_MCHID}
    sp_appid: Str32
    sp_mchid: Str32
    sub_appid: Str32 | UnsetType = UNSET
    sub_mchid: Str32
    settle_info: PartnerSettleInfo | UnsetType = UNSET


class PartnerJsapi(PartnerOrder, frozen=True, kw_only=True):
    missing = {"/payer": NO_OPENID, **PartnerOrder.missing}
    payer: PartnerPayer
    subsidy_info: SubsidyInfo | UnsetType = UNSET


class PartnerApp(PartnerOrder, frozen=True, kw_only=True):
    subsidy_info: SubsidyInfo | UnsetType = UNSET


class PartnerH5(PartnerOrder, frozen=True, kw_only=True):
    scene_info: H5SceneInfo


class CodeGoodsDetail(Model, frozen=True, kw_only=True):
    """The goods of a code payment: here the field is called ``wxpay_goods_id``."""

    merchant_goods_id: GoodsId
    wxpay_goods_id: Str32 | UnsetType = UNSET
    goods_name: Str256 | UnsetType = UNSET
    quantity: Fen
    unit_price: Figure


class CodeDetail(Model, frozen=True, kw_only=True):
    cost_price: Figure | UnsetType = UNSET
    invoice_id: Str32 | UnsetType = UNSET
    goods_detail: Annotated[list[CodeGoodsDetail], Meta(min_length=1)]


class CodeStoreInfo(Model, frozen=True, kw_only=True):
    id: Str32 | UnsetType = UNSET
    out_id: Str32 | UnsetType = UNSET


class CodeSceneInfo(Model, frozen=True, kw_only=True):
    store_info: CodeStoreInfo
    device_id: Str32 | UnsetType = UNSET
    device_ip: Ip | UnsetType = UNSET


class CodePayer(Model, frozen=True, kw_only=True):
    auth_code: Str32


class CodePayFields(Model, frozen=True, kw_only=True):
    """What direct and partner code payments share."""

    description: Str127
    out_trade_no: OutTradeNo
    attach: Attach | UnsetType = UNSET
    goods_tag: Str32 | UnsetType = UNSET
    support_fapiao: bool | UnsetType = UNSET
    amount: Amount
    payer: CodePayer
    detail: CodeDetail | UnsetType = UNSET
    scene_info: CodeSceneInfo
    settle_info: SettleInfo | UnsetType = UNSET


class DirectCodePay(CodePayFields, frozen=True, kw_only=True):
    appid: Str32
    mchid: Str32


class PartnerCodePay(CodePayFields, frozen=True, kw_only=True):
    missing = {"/sub_mchid": NO_SUB_MCHID}
    sp_appid: Str32 | UnsetType = UNSET
    sp_mchid: Str32
    sub_appid: Str32 | UnsetType = UNSET
    sub_mchid: Str32
    settle_info: PartnerSettleInfo | UnsetType = UNSET


class DirectReverse(Model, frozen=True, kw_only=True):
    appid: Str32
    mchid: Str32


class PartnerReverse(Model, frozen=True, kw_only=True):
    sp_appid: Str32
    sp_mchid: Str32
    sub_appid: Str32 | UnsetType = UNSET
    sub_mchid: Str32


class DirectClose(Model, frozen=True, kw_only=True):
    mchid: Str32


class PartnerClose(Model, frozen=True, kw_only=True):
    sp_mchid: Str32
    sub_mchid: Str32
