"""The answer's codes: every subCode with its resultCode and texts."""

from __future__ import annotations

from typing import NamedTuple

SUCCESS = "000000"
OK = {"resultCode": SUCCESS, "resultDesc": "Success."}
UNAVAILABLE = "服务暂不可用，请稍后重试"
FAILED = "业务处理失败"

DESCRIPTIONS = {
    "100000": "权限不足",
    "200000": "缺少必选参数",
    "200001": "非法的参数",
    "200002": "签名错误",
    "300000": "调用频率受限",
    "400000": FAILED,
    "500000": "服务不可用",
}


class Entry(NamedTuple):
    result_code: str
    text: str


def _gateway(result_code: str, *codes: str) -> dict[str, Entry]:
    """Codes that are published without a text of their own."""
    return {code: Entry(result_code, DESCRIPTIONS[result_code]) for code in codes}


_BUSINESS = {
    "UNKNOW_ERROR": UNAVAILABLE,  # the provider's own spelling
    "INVALID_ARGUMENTS": "参数不合法",
    "PAY_ORDER_NOT_EXIST": "支付订单号不存在",
    "MERC_ORDER_NOT_EXIST": "商户订单号不存在",
    "INVALID_MERCNO": "无效商户号",
    "INVALID_MERC_NO": "无效商户号",
    "REJECTED_BY_RISK_CONTROL": "风控拒绝",
    "NO_MATCH_MATCHING_PRODUCT": "未匹配到商户产品",
    "CHECK_ORDER_STATUS": "订单状态异常",
    "CHECK_TRANSACTION_ORDER_STATUS": "交易订单状态异常",
    "BANK_CARD_NOT_SUPPORT": "银行卡不支持",
    "CHECK_ACCOUNT_STATUS": "支付账号异常",
    "CHECK_MERC_STATUS": "商户状态异常",
    "MERC_NOT_SUPPORT_REFUND": "商户不支持退款",
    "MERC_NOT_SUPPORT_ALLOCATION": "商户不支持分账",
    "CHECK_AMOUNT_INVALID": "金额校验失败",
    "CHECK_ACCOUNT_BALANCE": "账户余额不足",
    "RETRY_TOO_MANY": "重试次数超限，请换单重试",
    "NEED_CHANGE_ORDER": "请换单重试",
    "NOT_SETTLEMENT_DATE": "非结算日，账单未生成",
    "INVALID_APPID": "appId不匹配",
    "BILL_SWITCH_NOT_TURN_ON": "账单开关没有打开",
    "INVALID_SUB_MERCNO": "权限异常",
    "ORDER_CONCURRENT_ERROR": "订单并发错误",
    "NOT_SUPPORTED_OPERATION": "不支持的操作",
    "RESTRICTED_USER_ACCOUNT": "用户账户受限",
    "RESTRICTED_USER_TRANSACTION": "用户交易受限",
    "RESTRICTED_MERCHANT_TRANSACTION": "商户交易受限",
    "RESTRICTED_TRANSACTION": "交易受限",
    "CHECK_CONTRACT_STATUS": "签约号无效",
    "NOT_IN_VALIDITY_PERIOD": "不在有效期内",
    "PAYMENT_ACCOUNT_NOT_ENABLE": "支付账户未开通",
    "CUST_NOT_EXIST": "用户不存在或已销户",
    "OPERATION_NOT_AUTHORIZED": "操作未授权",
    "WITHHOLD_OVER_TIMES": "代扣次数超限",
    "INVALID_PAYMENT_TYPE": "用户无有效支付方式",
    "ORDER_NOT_SUPPORT": "订单不支持",
}

CATALOGUE: dict[str, Entry] = {
    **_gateway("100000", "INSUFFICIENT_PERMISSION"),
    **_gateway(
        "200000",
        "MISSING_AUTH_HEADER",
        "MISSING_TRACER_ID",
        "MISSING_HEADER_SIGN",
        "MISSING_CALLER_ID",
        "MISSING_BODY_SIGN",
        "MISSING_AUTH_ID",
        "MISSING_TIME",
        "MISS_ACCESS_TOKEN",
        "MISS_PETAL_PAY_SIGN_KEY_ID",
        "MISS_PETAL_PAY_ENC_KEY_ID",
        "MISS_DEVELOPER_SIGN_KEY_ID",
    ),
    **_gateway(
        "200001",
        "INVALID_AUTH_HEADER",
        "INVALID_TRACER_ID",
        "INVALID_AUTH_ID",
        "INVALID_TIME",
        "INVALID_SESSION_KEY",
        "INVALID_PUB_KEY",
        "INVALID_DUPLICATE_REQUEST",
        "INVALID_PARAMETER",
        "INVALID_CALLER_ID",
        "INVALID_PAY_DEV_AUTH",
        "UNSUPPORTED_PETAL_PAY_ENC_KEY_ID",
        "UNSUPPORTED_PETAL_PAY_SIGN_KEY_ID",
        "UNSUPPORTED_DEVELOPER_SIGN_KEY_ID",
    ),
    "INVALID_SIGNATURE": Entry("200002", "无效签名"),
    "CALL_FREQUENCY_LIMITED": Entry("300000", "API调用次数超限"),
    **{code: Entry("400000", text) for code, text in _BUSINESS.items()},
}

SERVICE_UNAVAILABLE = "500000"
"""For faults: 500000, whose subCode UNKNOW_ERROR is that of a business failure as well."""

CODES = frozenset(CATALOGUE) | {SERVICE_UNAVAILABLE}


class HuaweiError(Exception):
    """A refusal. ``advice`` is for the journal, not for the wire: what is wrong with this very request and what to do."""

    def __init__(self, code: str, advice: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.advice = advice

    def body(self) -> dict[str, str]:
        if self.code == SERVICE_UNAVAILABLE:
            sub_code, entry = "UNKNOW_ERROR", Entry(SERVICE_UNAVAILABLE, UNAVAILABLE)
        else:
            sub_code, entry = self.code, CATALOGUE[self.code]
        return {
            "resultCode": entry.result_code,
            "resultDesc": DESCRIPTIONS[entry.result_code],
            "subCode": sub_code,
            "subDesc": entry.text,
        }

    @property
    def explanation(self) -> str:
        """One line for the journal."""
        return f"{self.code}: {self.advice or self.body()['subDesc']}"


def printable(text: str) -> str:
    """What a request holds, short, and without what is no text."""
    text = text.encode(errors="replace").decode()
    return text if len(text) <= 80 else f"{text[:80]}…"
