"""The error codes of server calls and of the client, with their texts."""

from __future__ import annotations

from collections.abc import Mapping

CATALOGUE: Mapping[int, str] = {
    -1: "system error detail:[系统错误,请稍后重试]",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40125: "invalid appsecret",
    40164: "invalid ip, not in whitelist",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    42001: "access_token expired",
    45011: "api minute-quota reach limit",
    268490001: "openid错误",
    268490002: "请求参数字段错误",
    268490003: "签名错误",
    268490004: "重复操作",
    268490005: "订单已经通过cancel_currency_pay接口退款，不支持再退款",
    268490006: "代币的退款/支付操作金额不足",
    268490007: "图片或文字存在敏感内容，禁止使用",
    268490008: "代币未发布，不允许进行代币操作",
    268490009: "用户session_key不存在或已过期，请重新登录",
    268490011: "数据生成中，请稍后调用本接口获取",
    268490012: "批量任务运行中，请等待完成后才能再次运行",
    268490013: "禁止对核销状态的单进行退款",
    268490014: "退款操作进行中，稍后可以使用相同参数重试",
    268490015: "频率限制",
    268490016: "退款的left_fee字段与实际不符，请通过query_order接口查询确认",
    268490018: "广告金充值帐户行业id不匹配",
    268490019: "广告金充值帐户id已绑定其他appid",
    268490020: "广告金充值帐户主体名称错误",
    268490021: "账户未完成进件",
    268490022: "广告金充值账户无效",
    268490023: "广告金余额不足",
    268490024: "广告金充值金额必须大于0",
}

CLIENT_CODES: Mapping[int, str] = {
    -1: "",
    -2: "cancel",
    -4: "RISK_CONTROL",
    1001: "INVALID_PARAM",
    -15001: "INVALID_PARAM",
    -15002: "DUPLICATE_OUT_TRADE_NO",
    -15003: "SYSTEM_ERROR",
    -15004: "INVALID_CURRENCY_TYPE",
    -15005: "SIGNATURE_INVALID",
    -15006: "PAY_SIG_INVALID",
    -15007: "SESSION_KEY_EXPIRED",
    -15008: "MERCHANT_NOT_READY",
    -15009: "COIN_NOT_PUBLISHED",
    -15010: "GOODS_NOT_PUBLISHED",
    -15011: "ENV_INVALID",
    -15012: "MIDAS_FAILED",
    -15013: "GOODS_PRICE_INVALID",
    -15014: "PUBLISH_NOT_EFFECTIVE",
    -15016: "SIGN_DATA_INVALID",
    -15017: "MERCHANT_RESTRICTED",
    -15018: "REVIEW_FAILED",
    -15019: "MERCHANT_RESTRICTED",
    -15020: "TOO_FAST",
    -15021: "RATE_LIMITED",
}
"""What ``wx.requestVirtualPayment`` fails with. Only the words of −2, −15005 and −15006 were ever seen."""


class XpayError(Exception):
    """A refusal of a server call. ``advice`` is for the journal: what is wrong with this request, and what to do."""

    def __init__(self, code: int, message: str = "", *, advice: str = "") -> None:
        super().__init__(message or CATALOGUE[code])
        self.code = code
        self.advice = advice


class ClientError(Exception):
    """What the client's ``fail`` is called with."""

    def __init__(self, code: int, advice: str = "") -> None:
        super().__init__(CLIENT_CODES[code])
        self.code = code
        self.advice = advice


def field_error(text: str, advice: str = "") -> XpayError:
    """A field of the request is missing, or not what it has to be."""
    return XpayError(268490002, text, advice=advice)


def no_such(what: str, advice: str) -> XpayError:
    """There is no such order for this user in this environment."""
    return XpayError(268490002, "数据不存在", advice=f"There is no {what} here: {advice}.")
