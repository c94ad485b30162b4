"""``micropay``: the merchant scans the buyer's payment code (付款码).

A WeChat code has 18 digits and begins with 10 to 15, an Alipay code 16 to 24 and begins with 25 to 30. A code works
once. The first four digits choose what happens, as :attr:`Rules.codes` says:

==========  =======  ==========================================================================
1000, 2500  paying   ``PAYING``; the buyer types the password and pays ``Rules.pay_delay_s`` later
1001, 2501  waiting  ``PAYING``, until the control API pays or gives up
1002, 2502  fail     ``FAIL``, and the order is closed
1003, 2503  lost     ``SYSTEMERROR``, and yet the payment went through
1004, 2504  error    ``SYSTEMERROR``, and nothing happened
==========  =======  ==========================================================================

Every other code pays at once. Observed are the request's fields, and that ``SUCCESS`` means paid; the rest is designed.
"""

from __future__ import annotations

import re

from vkpay_simulator.providers.vkspay import states
from vkpay_simulator.providers.vkspay.errors import REFUSED_BY_WALLET, Refusal, parameter
from vkpay_simulator.providers.vkspay.fields import Fields
from vkpay_simulator.providers.vkspay.models import WALLETS, Call, Order
from vkpay_simulator.providers.vkspay.orders import Book, Content, success
from vkpay_simulator.providers.vkspay.rules import Rules

_WXPAY = re.compile(r"1[0-5]\d{16}", re.ASCII)
_ALIPAY = re.compile(r"(?:2[5-9]|30)\d{14,22}", re.ASCII)


class Micropay:
    """Code payments, and the codes used up so far."""

    def __init__(self, book: Book, rules: Rules) -> None:
        self._book = book
        self._rules = rules
        self._used: set[str] = set()

    def clear(self) -> None:
        self._used.clear()

    def pay(self, call: Call) -> Content:
        code = _auth_code(call.fields)
        number = call.fields.number("out_trade_no")
        if number and self._book.find(call.account, number):
            raise parameter("out_trade_no重复", f"Order {number} exists: a code payment takes a new number.")
        if code in self._used:
            raise parameter("auth_code已使用", "A payment code works once: ask the buyer for the next one.")
        outcome = next((kind for head, kind in self._rules.codes.items() if code.startswith(head)), None)
        if outcome == "error":
            raise Refusal("SYSTEMERROR", why="This code makes the gateway fail before anything happens.")
        order = self._book.add(call, "micropay")
        self._used.add(code)
        return self._charge(order, "wxpay" if _WXPAY.fullmatch(code) else "alipay", outcome)

    def _charge(self, order: Order, wallet: str, outcome: str | None) -> Content:
        if outcome in ("paying", "waiting"):
            order.state = states.PAYING
            if outcome == "paying":
                self._book.pay_later(order, wallet)
            return {"return_code": "PAYING", "return_msg": "用户支付中", "data": _data(order, wallet)}
        if outcome == "fail":
            order.move(states.CLOSED)
            raise Refusal("FAIL", REFUSED_BY_WALLET, why="This code's wallet refuses the payment.")
        self._book.pay(order, wallet)
        if outcome == "lost":
            raise Refusal("SYSTEMERROR", why="This code's payment went through, and its answer is lost.")
        return success(data=_data(order, wallet))


def _auth_code(fields: Fields) -> str:
    """The code, once everything the observed request holds is there."""
    if fields.one_of("pay_chnl", WALLETS) is None:
        raise parameter("缺少pay_chnl")
    if fields.one_of("pay_cate", ("pay",)) is None:
        raise parameter("缺少pay_cate")
    for name in ("client_ip", "cashier", "kuantai", "source"):
        fields.require(name, 64)
    code = fields.require("auth_code", 64)
    if not (_WXPAY.fullmatch(code) or _ALIPAY.fullmatch(code)):
        raise parameter(
            "auth_code格式错误",
            "A WeChat code has 18 digits from 10 to 15 on, an Alipay code 16 to 24 from 25 to 30 on.",
        )
    return code


def _data(order: Order, wallet: str) -> dict[str, str]:
    return {"out_trade_no": order.number, "pay_chnl": wallet}
