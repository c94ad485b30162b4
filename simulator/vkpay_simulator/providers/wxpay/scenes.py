"""Transfer scenes with what each makes the merchant report, and why transfers fail and authorisations end."""

from __future__ import annotations

from typing import NamedTuple


class Scene(NamedTuple):
    """No ``report_infos`` means that any are taken."""

    name: str
    report_infos: tuple[str, ...]
    perceptions: tuple[str, ...]


SCENES = {
    "1000": Scene("现金营销", ("活动名称", "奖励说明"), ("活动奖励", "现金奖励")),
    "1002": Scene("行政补贴", ("补贴类型",), ("行政补贴", "行政奖励")),
    "1004": Scene("保险理赔", ("保险产品备案编号", "保险名称", "保险操作单号"), ("保险理赔款",)),
    "1005": Scene("佣金报酬", ("岗位类型", "报酬说明"), ("劳务报酬", "报销款", "企业补贴", "开工利是")),
    "1006": Scene("企业报销", (), ()),
    "1009": Scene("采购货款", ("采购商品名称",), ("货款",)),
    "1010": Scene("二手回收", ("回收商品名称",), ("二手回收货款",)),
    "1011": Scene("企业赔付", ("赔付原因",), ("退款", "商家赔付")),
    "1013": Scene("公益补助", ("公益活动名称", "公益活动备案编号"), ("公益补助金",)),
}

FAIL_REASONS = frozenset(
    {
        "ACCOUNT_FROZEN",
        "ACCOUNT_NOT_EXIST",
        "BANK_CARD_ACCOUNT_ABNORMAL",
        "BANK_CARD_BANK_INFO_WRONG",
        "BANK_CARD_CARD_INFO_WRONG",
        "BANK_CARD_COLLECTIONS_ABOVE_QUOTA",
        "BANK_CARD_PARAM_ERROR",
        "BANK_CARD_STATUS_ABNORMAL",
        "BLOCK_B2C_USERLIMITAMOUNT_BSRULE_MONTH",
        "BLOCK_B2C_USERLIMITAMOUNT_MONTH",
        "BUDGET_NOT_ENOUGH",
        "DAY_RECEIVED_COUNT_EXCEED",
        "DAY_RECEIVED_QUOTA_EXCEED",
        "EXCEEDED_ESTIMATED_AMOUNT",
        "ID_CARD_NOT_CORRECT",
        "MCH_CANCEL",
        "MERCHANT_NOT_CONFIRM",
        "MERCHANT_REJECT",
        "NAME_NOT_CORRECT",
        "OPENID_INVALID",
        "OTHER_FAIL_REASON_TYPE",
        "OVERDUE_CLOSE",
        "PAYEE_ACCOUNT_ABNORMAL",
        "PAYER_ACCOUNT_ABNORMAL",
        "PRODUCT_AUTH_CHECK_FAIL",
        "REALNAME_ACCOUNT_RECEIVED_QUOTA_EXCEED",
        "REAL_NAME_CHECK_FAIL",
        "RECEIVE_ACCOUNT_NOT_CONFIGURE",
        "RELATED_ORDER_TRANSFER_AMOUNT_EXCEED",
        "RELATED_ORDER_TRANSFER_COUNT_EXCEED",
        "RESERVATION_INFO_NOT_MATCH",
        "RESERVATION_SCENE_NOT_MATCH",
        "RESERVATION_STATE_INVALID",
        "TRANSFER_QUOTA_EXCEED",
        "TRANSFER_REMARK_SET_FAIL",
        "TRANSFER_RISK",
        "TRANSFER_SCENE_INVALID",
        "TRANSFER_SCENE_UNAVAILABLE",
    }
)

CLOSE_REASONS = frozenset(
    {"USER_CLOSE", "USER_OVERDUE_UNCONFIRMED", "TRANSFER_RISK", "USER_ACCOUNT_ABNORMAL"}
)
"""Why an authorisation ends, but for the merchant's own ``CLOSE_VIA_MCH_API``."""
