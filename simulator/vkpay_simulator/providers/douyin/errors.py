"""The codes of both systems, with the texts that go with them."""

from __future__ import annotations

INTERNAL, BUSY = 1000, 1001
NO_PAYMENT, BAD_SIGN, BAD_PARAMETER = 2000, 2008, 2010
FOREIGN_APP, UNKNOWN_APP, UNKNOWN_PARTNER, NOT_AUTHORISED = 2020, 2042, 2047, 2048
BAD_RETURN_NO, NO_REFUND, NOT_THE_APPS_MERCHANT, NO_RETURN = 2102, 3101, 4000, 4408

ECPAY = {
    1: "参数错误",
    -1: "系统错误",
    INTERNAL: "内部异常",
    BUSY: "业务繁忙，请稍后重试",
    NO_PAYMENT: "支付记录不存在",
    BAD_SIGN: "签名校验异常，请使用正确的签名",
    BAD_PARAMETER: "业务参数处理异常",
    FOREIGN_APP: "非法app_id",
    UNKNOWN_APP: "小程序appid无效，请检查app_id字段",
    UNKNOWN_PARTNER: "服务商id无效，请检查thirdparty_id字段",
    NOT_AUTHORISED: "未查询到服务商与小程序的授权关系",
    BAD_RETURN_NO: "回退单号长度必须在0-64之间",
    NO_REFUND: "退款记录不存在",
    NOT_THE_APPS_MERCHANT: "商户号与小程序不匹配",
    NO_RETURN: "退分账记录不存在",
}

PARAM_ERROR, TOO_OFTEN, SYSTEM_ERROR = 10000, 12001, 13000
NO_ORDER = 20000
TOKEN_INVALID, TOKEN_EXPIRED = 28001003, 28001008

TRADE = {
    PARAM_ERROR: "参数错误",
    TOO_OFTEN: "操作过于频繁，请稍后再试",
    SYSTEM_ERROR: "系统错误",
    NO_ORDER: "订单不存在",
    22000: "订单不可退款",
    22001: "商品单不可退款",
    22002: "无可退款的商品单",
    22004: "开发者退款单号重复",
    22006: "退款单审核状态不正确",
    22007: "商品单数量超过100",
    22008: "退款数量错误",
    22013: "商品单已退款或退款中",
    23000: "system error",
    23001: "bad app_id",
    23002: "订单id，分账单id至少指定一个",
    23003: "out_order_no不能为空",
    23004: "out_settle_no不能为空",
    23005: "settle_desc不能为空",
    23006: "cp_extra too long",
    23007: "settle_param too long",
    23008: "分账方商户号不能为空",
    23009: "分账方金额不能小于1",
    23010: "settle_desc too long",
    23024: "item_order_id not exist",
    23025: "item_order_id not match out_order_no",
    23101: "order does not exist",
    23102: "order not pay",
    23107: "order not finish",
    23111: "out_settle_no has existed",
    23112: "no money to settle",
    23113: "order not allow settle",
    23117: "this appID is configured with automatic settlement",
    23118: "not allow entire settle",
    TOKEN_INVALID: "access_token无效",
    TOKEN_EXPIRED: "access_token过期,请刷新或重新授权",
}
SETTLING = frozenset(code for code in TRADE if 23000 <= code < 24000)

CLIENT = {
    10000: "参数错误或商品不符合行业要求",
    10401: "内部错误",
    11004: "签名参数错误",
}
"""Those that ``tt.requestOrder`` gives to the mini program."""


class Refusal(Exception):
    """An answer other than success: the code, Douyin's text, and for the journal why, in plain English."""

    def __init__(self, code: int, tips: str, *, why: str = "") -> None:
        super().__init__(tips)
        self.code = code
        self.tips = tips
        self.why = why or f"Douyin refuses with {code}: {tips}"


def ecpay_refusal(code: int, tips: str | None = None, *, why: str = "") -> Refusal:
    return Refusal(code, ECPAY[code] if tips is None else tips, why=why)


def refused(tips: str, why: str) -> Refusal:
    """Guaranteed payment has one code for every "no" of the business."""
    return Refusal(BAD_PARAMETER, tips, why=why)


def trade_refusal(code: int, tips: str | None = None, *, why: str = "") -> Refusal:
    return Refusal(code, TRADE[code] if tips is None else tips, why=why)
