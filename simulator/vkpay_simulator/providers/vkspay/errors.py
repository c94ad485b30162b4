"""What the gateway says instead of ``SUCCESS``. Designed: of the real one only ``SUCCESS`` is known."""

from __future__ import annotations

TEXTS = {
    "FAIL": "业务失败",
    "NOTPAY": "订单未支付",
    "PAYING": "用户支付中",
    "CLOSED": "订单已关闭",
    "ORDERNOTEXIST": "订单不存在",
    "PROCESSING": "退款处理中",
    "REFUNDNOTEXIST": "退款单不存在",
    "REFUNDOVER": "退款金额超过可退金额",
    "SYSTEMERROR": "系统繁忙，请稍后重试",
}

BAD_SIGNATURE = "签名错误"
BAD_PARAMETER = "参数错误"
EXPIRED = "请求已过期"
BANNED = "商户已被封禁"
NONCE_USED = "请求重复"
REFUSED_BY_WALLET = "支付失败"
REFUND_FAILED = "退款失败"


class Refusal(Exception):
    """An answer other than success. ``why`` is for the journal, in plain English."""

    def __init__(self, code: str, text: str | None = None, *, why: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.text = TEXTS[code] if text is None else text
        self.why = why or f"VksPay answers {self.code}: {self.text}"


def parameter(detail: str, why: str = "") -> Refusal:
    """A field that is missing or wrong; ``detail`` follows the gateway's own words."""
    return Refusal("FAIL", f"{BAD_PARAMETER}:{detail}", why=why)
