"""The v3 error bodies: every code with its HTTP status, text and internal number."""

from __future__ import annotations

from typing import Any, NamedTuple

UNSUPPLIED: Any = object()


class Entry(NamedTuple):
    """``number`` is what follows the dash in ``Request-ID``. Only some are known; the others get one whose meaning
    was never published."""

    status: int
    message: str
    number: int = 268578704


CATALOGUE: dict[str, Entry] = {
    "USERPAYING": Entry(202, "用户支付中，需要输入密码"),
    "USER_PAYING": Entry(202, "用户支付中，需要输入密码"),
    "PARAM_ERROR": Entry(400, "参数错误", 268435461),
    "INVALID_REQUEST": Entry(400, "无效请求"),
    "APPID_MCHID_NOT_MATCH": Entry(400, "appid和mch_id不匹配，请检查后再试", 268445527),
    "MCH_NOT_EXISTS": Entry(400, "商户号不存在", 268443715),
    "ORDER_CLOSED": Entry(400, "订单已关闭", 268447914),
    "ORDERCLOSED": Entry(400, "订单已关闭", 268447914),
    "ORDERPAID": Entry(400, "该订单已支付", 268449538),
    "ORDER_PAID": Entry(400, "该订单已支付", 268449538),
    "NO_STATEMENT_EXIST": Entry(400, "账单文件不存在"),
    "STATEMENT_CREATING": Entry(400, "账单生成中"),
    "ALREADY_EXISTS": Entry(400, "单号已存在但信息不一致，请查单后比较确认", 268498688),
    "SIGN_ERROR": Entry(401, "错误的签名，验签失败", 268443699),
    "NO_AUTH": Entry(403, "商户号该产品权限未开通，请前往商户平台>产品中心检查后重试"),
    "NOAUTH": Entry(403, "商户号该产品权限未开通，请前往商户平台>产品中心检查后重试"),
    "OUT_TRADE_NO_USED": Entry(403, "商户订单号重复", 268498688),
    "RULE_LIMIT": Entry(403, "业务规则限制"),
    "RULELIMIT": Entry(403, "业务规则限制"),
    "TRADE_ERROR": Entry(403, "交易错误", 268448010),
    "ACCOUNT_ERROR": Entry(403, "账号异常"),
    "ACCOUNTERROR": Entry(403, "账号异常"),
    "NOT_ENOUGH": Entry(403, "基本账户余额不足，请充值后重新发起"),
    "NOTENOUGH": Entry(403, "基本账户余额不足，请充值后重新发起"),
    "USER_ACCOUNT_ABNORMAL": Entry(403, "用户账户异常或已注销"),
    "REQUEST_BLOCKED": Entry(403, "退款请求被拒绝"),
    "ORDER_NOT_EXIST": Entry(404, "订单不存在", 268512771),
    "ORDERNOTEXIST": Entry(404, "订单不存在", 268512771),
    "RESOURCE_NOT_EXISTS": Entry(404, "查询的资源不存在", 268512771),
    "NOT_FOUND": Entry(404, "记录不存在", 268512771),
    "FREQUENCY_LIMITED": Entry(429, "频率限制，请降低请求频率后重试", 268447840),
    "FREQUENCY_LIMIT": Entry(429, "频率限制，请降低请求频率后重试", 268447840),
    "FREQUENCY_LIMIT_EXCEED": Entry(429, "频率限制，请降低请求频率后重试", 268447840),
    "RATELIMIT_EXCEEDED": Entry(429, "频率限制，请降低请求频率后重试", 268447840),
    "RATELIMIT_EXCEED": Entry(429, "频率限制，请降低请求频率后重试", 268447840),
    "QUOTA_EXCEED": Entry(429, "超出当日限额", 268447840),
    "SYSTEM_ERROR": Entry(500, "系统异常，请使用相同参数稍后重新调用"),
    "SYSTEMERROR": Entry(500, "系统异常，请使用相同参数稍后重新调用"),
    "BANK_ERROR": Entry(500, "银行系统异常，请稍后重试"),
    "BANKERROR": Entry(500, "银行系统异常，请稍后重试"),
    "INVALID_TRANSACTIONID": Entry(500, "无效的微信支付订单号"),
    "OPENID_MISMATCH": Entry(500, "appid与openid不匹配"),
    "SERVICE_UNAVAILABLE": Entry(503, "服务不可用"),
}


class WxpayError(Exception):
    """A refusal as WeChat Pay words it. Whatever is left out comes from the catalogue.

    ``advice`` is for the journal, not for the wire: what is wrong with this very request and what to do.
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        status: int | None = None,
        number: int | None = None,
        detail: dict[str, Any] | None = None,
        advice: str = "",
    ) -> None:
        entry = CATALOGUE[code]
        super().__init__(message or entry.message)
        self.code = code
        self.status = status or entry.status
        self.number = number or entry.number
        self.detail = detail
        self.advice = advice

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"code": self.code, "message": str(self)}
        return body | {"detail": self.detail} if self.detail else body


def printable(text: str) -> str:
    """The text with a replacement character for what came in as bytes that are no UTF-8."""
    return text.encode(errors="surrogateescape").decode(errors="replace")


def param_error(
    field: str,
    issue: str,
    *,
    value: Any = UNSUPPLIED,
    location: str = "body",
    message: str | None = None,
    number: int = 268435461,
    advice: str = "",
) -> WxpayError:
    """``PARAM_ERROR`` with its detail; ``field`` is a JSON pointer for a body, a name elsewhere."""
    detail: dict[str, Any] = {"field": field}
    if value is not UNSUPPLIED:
        detail["value"] = printable(value) if isinstance(value, str) else value
    detail |= {"issue": issue, "location": location}
    text = message or f"输入源“/{location}/{field.lstrip('/')}”映射到字段校验失败：{issue}"
    return WxpayError("PARAM_ERROR", text, number=number, detail=detail, advice=advice)


def sign_error(message: str, field: str, issue: str, advice: str = "") -> WxpayError:
    """A 401 for anything in the Authorization header but the signature itself."""
    detail = {"detail": {"issue": issue}, "field": field, "location": "authorization"}
    return WxpayError("SIGN_ERROR", message, detail=detail, advice=advice)
