"""What an order may ask for: the shared fields of section "trade" and the product codes of each method."""

from __future__ import annotations

import re
from typing import Any

from vkpay_simulator.providers.alipay import hints
from vkpay_simulator.providers.alipay.errors import Refusal
from vkpay_simulator.providers.alipay.fields import LARGEST_FEN, Fields
from vkpay_simulator.providers.alipay.models import Call, Terms

# The documents allow letters, digits and underscores; real numbers in production have hyphens as well.
OUT_TRADE_NO = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
FORBIDDEN_IN_SUBJECT = "/=&"

# The first one stands in when a client leaves it out, except where the document wants it told.
PRODUCT_CODES = {
    "alipay.trade.app.pay": ("QUICK_MSECURITY_PAY",),
    "alipay.trade.create": ("FACE_TO_FACE_PAYMENT", "JSAPI_PAY"),
    "alipay.trade.page.pay": ("FAST_INSTANT_TRADE_PAY",),
    "alipay.trade.pay": ("FACE_TO_FACE_PAYMENT",),
    "alipay.trade.precreate": ("FACE_TO_FACE_PAYMENT",),
    # python-alipay-sdk says QUICK_WAP_PAY.
    "alipay.trade.wap.pay": ("QUICK_WAP_WAY", "QUICK_WAP_PAY"),
}
MUST_BE_TOLD = frozenset({"alipay.trade.page.pay"})
# Contracts of their own, which nobody here has.
OTHER_CONTRACTS = frozenset(
    {"CYCLE_PAY_AUTH", "GENERAL_WITHHOLDING", "PREAUTH_PAY", "PRE_AUTH", "PRE_AUTH_ONLINE"}
)

TEXT_LIMITS = {
    "alipay_store_id": 32,
    "disable_pay_channels": 128,
    "enable_pay_channels": 128,
    "merchant_order_no": 32,
    "op_app_id": 32,
    "operator_id": 28,
    "qrcode_width": 10,
    "request_from_url": 256,
}
MAPPINGS = (
    "bkagent_req_info",
    "business_params",
    "ext_user_info",
    "extend_params",
    "promo_params",
    "royalty_info",
    "settle_info",
    "sub_merchant",
)
EXTEND_LIMITS = {"card_type": 32, "specified_seller_name": 32, "sys_service_provider_id": 64}
CHOICES = {
    "goods_type": ("0", "1"),
    "integration_type": ("PCWEB", "ALIAPP"),
    "qr_pay_mode": ("0", "1", "2", "3", "4"),
}
GOODS_LIMITS = {"goods_id": 64, "goods_name": 256, "quantity": 10, "price": 9}
MORE_GOODS_LIMITS = {"body": 400, "categories_tree": 128, "goods_category": 24, "show_url": 400}


def parse_terms(call: Call, now_ms: int) -> Terms:
    """Raises :class:`Refusal` for whatever the real services would not take."""
    fields = Fields(call.biz)
    _check_rest(fields)
    _check_seller(call, fields)
    return Terms(
        out_trade_no=_out_trade_no(fields),
        total=_total(fields),
        subject=_subject(fields),
        product_code=_product_code(call, fields),
        body=fields.text("body", 128),
        passback_params=fields.text("passback_params", 512),
        store_id=fields.text("store_id", 32),
        terminal_id=fields.text("terminal_id", 32),
        time_expire=_time_expire(fields, now_ms),
        timeout_express=fields.duration("timeout_express", or_day=True),
        qr_code_timeout=fields.duration("qr_code_timeout_express"),
        quit_url=fields.text("quit_url", 400),
    )


def _out_trade_no(fields: Fields) -> str:
    value = fields.required("out_trade_no", 64)
    if not OUT_TRADE_NO.fullmatch(value):
        raise fields.invalid("out_trade_no 只能由字母、数字、下划线组成")
    return value


def _subject(fields: Fields) -> str:
    value = fields.required("subject", 256)
    if any(mark in value for mark in FORBIDDEN_IN_SUBJECT):
        raise fields.invalid("subject 不能包含 / = &")
    return value


def _total(fields: Fields) -> int:
    total = fields.fen("total_amount", required=True) or 0
    if not 1 <= total <= LARGEST_FEN:
        raise Refusal("ACQ.TOTAL_FEE_EXCEED")
    _check_discount(fields, total)
    return total


def _check_discount(fields: Fields, total: int) -> None:
    parts = fields.fen("discountable_amount"), fields.fen("undiscountable_amount")
    if None not in parts and sum(part or 0 for part in parts) != total:
        raise fields.invalid("discountable_amount 与 undiscountable_amount 之和应等于 total_amount")


def _product_code(call: Call, fields: Fields) -> str:
    allowed = PRODUCT_CODES[call.method]
    asked = fields.text("product_code", 64) or ""
    if asked in OTHER_CONTRACTS:
        raise Refusal("ACQ.ACCESS_FORBIDDEN", why=hints.no_contract(asked))
    default = None if call.method in MUST_BE_TOLD else allowed[0]
    code = fields.one_of("product_code", allowed, default).replace("QUICK_WAP_PAY", "QUICK_WAP_WAY")
    if code not in call.app.products:
        why = hints.missing_product(call.app.app_id, call.method, (code,), call.app.products)
        raise Refusal("ACQ.ACCESS_FORBIDDEN", why=why)
    return code


def _check_seller(call: Call, fields: Fields) -> None:
    if fields.text("seller_id", 28) not in (None, call.seller.pid):
        raise Refusal("ACQ.SELLER_NOT_EXIST")


def _time_expire(fields: Fields, now_ms: int) -> int | None:
    moment = fields.moment("time_expire")
    if moment is not None and moment <= now_ms:
        raise Refusal("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR")
    return moment


def _check_rest(fields: Fields) -> None:
    for name, limit in TEXT_LIMITS.items():
        fields.text(name, limit)
    for name in MAPPINGS:
        fields.mapping(name)
    for name, allowed in CHOICES.items():
        fields.one_of(name, allowed, default=allowed[0])
    extended = Fields(fields.mapping("extend_params"))
    for name, limit in EXTEND_LIMITS.items():
        extended.text(name, limit)
    if "enable_pay_channels" in fields.values and "disable_pay_channels" in fields.values:
        raise fields.invalid("enable_pay_channels 与 disable_pay_channels 不能同时使用")
    for goods in fields.array("goods_detail"):
        _check_goods(fields, goods)


def _check_goods(fields: Fields, goods: Any) -> None:
    if not isinstance(goods, dict):
        raise fields.invalid("goods_detail 结构错误")
    item = Fields(goods)
    for name, limit in GOODS_LIMITS.items():
        item.required(name, limit)
    for name, limit in MORE_GOODS_LIMITS.items():
        item.text(name, limit)
    item.fen("price")
