"""Notifications as the providers send them, and the orders they are about: the n-th follows from n alone.

WeChat Pay and Alipay take turns, and every fifth is a refund's: its order is paid already, and the refund has been asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

from benchmarks import parties
from vkpay_async.order import Order

Row: TypeAlias = dict[str, Any]

TYPE = "goods"
PREFIX = "/pay"
PAY_TYPES = ("wxpay_h5", "alipay_h5")
A_REFUND_EVERY = 5
FEE, GIVEN_BACK = 100, 30
CREATED_MS = 1_767_196_800_000


def number(n: int) -> str:
    return f"T{n:013d}"


def refund_number(n: int) -> str:
    return f"R{n:013d}"


def transaction_id(n: int) -> str:
    return f"42000000032026010{n:011d}"


def is_refund(n: int) -> bool:
    return n % A_REFUND_EVERY == A_REFUND_EVERY - 1


def pay_type(n: int) -> str:
    return PAY_TYPES[n % len(PAY_TYPES)]


def path(n: int) -> str:
    return f"/vk-pay-notify/{pay_type(n)}/{number(n)}"


def request(n: int, host: str = "127.0.0.1", prefix: str = PREFIX) -> bytes:
    """A whole HTTP request, signed: WeChat Pay's is good for five minutes."""
    body, headers = _from_wechat(n) if pay_type(n).startswith("wxpay") else _from_alipay(n)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {prefix}{path(n)} HTTP/1.1\r\nHost: {host}\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def orders(those: range) -> Iterator[Row]:
    """Rows of the ledger's orders, as they stand before anything is heard."""
    made = Order(
        out_trade_no="",
        type=TYPE,
        pay_type="",
        total_fee=FEE,
        description="Tea, 500 g",
        platform="h5",
        user_id="u1",
        create_date=CREATED_MS,
        pid="default",
        notify_url="https://pay.example.com/pay",
    )
    row = {name: value for name, value in msgspec.structs.asdict(made).items() if name != "refund_list"}
    for n in those:
        own = {"out_trade_no": number(n), "pay_type": pay_type(n), "notify_path": path(n)}
        if not is_refund(n):
            yield {**row, **own}
            continue
        paid = {"status": 1, "transaction_id": transaction_id(n), "pay_date": CREATED_MS}
        yield {**row, **own, **paid, "refund_fee": GIVEN_BACK, "refund_num": 1, "user_order_success": True}


def refunds(those: range) -> Iterator[Row]:
    """Rows of the refunds that the merchant has asked for."""
    for n in filter(is_refund, those):
        yield {
            "out_trade_no": number(n),
            "out_refund_no": refund_number(n),
            "position": 1,
            "refund_fee": GIVEN_BACK,
            "refund_desc": "",
            "refund_date": CREATED_MS,
            "state": "PROCESSING",
            "checks": 0,
        }


def _from_wechat(n: int) -> tuple[bytes, dict[str, str]]:
    if is_refund(n):
        body = parties.sealed(_wechat_refund(n), "REFUND.SUCCESS", "refund")
    else:
        body = parties.sealed({**parties.transaction(number(n)), "transaction_id": transaction_id(n)})
    return body, {"Content-Type": "application/json", **parties.signed_headers(body)}


def _wechat_refund(n: int) -> Row:
    return {
        "mchid": parties.MCH_ID,
        "out_trade_no": number(n),
        "transaction_id": transaction_id(n),
        "out_refund_no": refund_number(n),
        "refund_id": f"5030000003202601010{n:09d}",
        "refund_status": "SUCCESS",
        "success_time": "2026-01-01T00:10:00+08:00",
        "user_received_account": "支付用户零钱",
        "amount": {"total": FEE, "refund": GIVEN_BACK, "payer_total": FEE, "payer_refund": GIVEN_BACK},
    }


def _from_alipay(n: int) -> tuple[bytes, dict[str, str]]:
    fields = {**parties.alipay_fields(number(n)), "trade_no": transaction_id(n)}
    if is_refund(n):
        back = f"0.{GIVEN_BACK}"
        about = {"out_biz_no": refund_number(n), "refund_fee": back, "send_back_fee": back}
        fields = {**fields, **about, "gmt_refund": "2026-01-01 00:10:00.000"}
    body = parties.form(parties.alipay_signed(fields))
    return body, {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
