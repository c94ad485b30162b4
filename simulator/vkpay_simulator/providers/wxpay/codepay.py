"""Code payments: the merchant scans a code that the buyer shows.

The last two digits of ``auth_code`` choose what happens, whatever stands before them:

==========  ================================================================================
``01``      USERPAYING, and paid 10 seconds later
``02``      USERPAYING, and PAYERROR 10 seconds later
``03``      USERPAYING until ``POST /_sim/pay`` or ``/_sim/cancel`` decides
``11``      403 NOT_ENOUGH
``12``      400 INVALID_REQUEST, the code has expired
``13``      403 TRADE_ERROR
``14``      500 BANK_ERROR
``15``      500 SYSTEM_ERROR although the money moves: only a query tells
otherwise   paid at once
==========  ================================================================================

A code has 18 digits and begins with 10 to 15; it pays for one order only. Seconds are of business time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vkpay_simulator.clock import china_rfc3339
from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.cashier import Cashier
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error
from vkpay_simulator.providers.wxpay.fields import read_body
from vkpay_simulator.providers.wxpay.gate import Reply
from vkpay_simulator.providers.wxpay.models import (
    DirectCodePay,
    DirectReverse,
    PartnerCodePay,
    PartnerReverse,
)
from vkpay_simulator.providers.wxpay.orders import DAY_MS, Order, OrderBook, party_of
from vkpay_simulator.providers.wxpay.payments import LIFE_MS, check_ip, owned
from vkpay_simulator.providers.wxpay.reentry import reentered
from vkpay_simulator.providers.wxpay.relations import check_party, check_product, is_partner

if TYPE_CHECKING:
    from vkpay_simulator.world import World

PASSWORD_S = 10
REVERSIBLE_AFTER_MS = 15_000
REVERSIBLE_MS = 7 * DAY_MS
REFUSALS = {
    "11": ("NOT_ENOUGH", "余额不足"),
    "12": ("INVALID_REQUEST", "101 付款码已过期，请退出重试"),
    "13": ("TRADE_ERROR", None),
    "14": ("BANK_ERROR", None),
}
_AUTH_CODE = re.compile(r"1[0-5]\d{16}", re.ASCII)


class CodePayments:
    """``codepay`` and ``reverse``."""

    def __init__(self, world: World, book: OrderBook, cashier: Cashier) -> None:
        self._world = world
        self._book = book
        self._cashier = cashier
        self._used: dict[str, Order] = {}

    def clear(self) -> None:
        self._used.clear()

    def create(self, account: Account, request: Request) -> Reply:
        model: type[DirectCodePay | PartnerCodePay] = PartnerCodePay if is_partner(request) else DirectCodePay
        wanted = read_body(request, model, account.mchid)
        _check(wanted)
        party = party_of(wanted)
        if not party.appid:
            raise WxpayError("SYSTEM_ERROR", advice="sp_appid is said to be optional, but needed: send it.")
        check_party(account, party)
        check_product(account, party, "codepay")
        order = reentered(self._book, account, wanted, "codepay", self._world.clock.now())
        return _told(order or self._charge(account, wanted))

    def reverse(self, account: Account, request: Request) -> Reply:
        model: type[DirectReverse | PartnerReverse] = PartnerReverse if is_partner(request) else DirectReverse
        party = party_of(read_body(request, model, account.mchid))
        check_party(account, party)
        check_product(account, party, "codepay")
        order = owned(
            account, self._book.find(account.mchid, request.params["out_trade_no"]), party.sub_mchid
        )
        if order.state != "REVOKED":
            self._revoke(order)
        return Reply(party.fields() | {"out_trade_no": order.out_trade_no})

    def _charge(self, account: Account, wanted: DirectCodePay | PartnerCodePay) -> Order:
        code = wanted.payer.auth_code
        if code in self._used:
            advice = f"The code has been used for {self._used[code].out_trade_no}: each pays for one order."
            raise WxpayError("INVALID_REQUEST", "101 每个二维码仅限使用一次，请刷新再试", advice=advice)
        if refusal := REFUSALS.get(code[-2:]):
            raise WxpayError(*refusal, advice=f"Codes that end in {code[-2:]} are refused on purpose.")
        now = self._world.clock.now()
        order = Order(
            account=account, request=wanted, product="codepay", created_ms=now, expires_ms=now + LIFE_MS
        )
        self._book.add(order)
        self._used[code] = order
        self._begin(order, code[-2:])
        return order

    def _begin(self, order: Order, ending: str) -> None:
        order.payer = self._cashier.new_payer(order)
        if ending not in ("01", "02", "03"):
            self._cashier.complete(order, order.payer, "OTHERS")
        else:
            order.move("USERPAYING")
        if ending in ("01", "02"):
            self._world.agenda.after(PASSWORD_S, lambda: self._decide(order, ending))
        if ending == "15":
            raise WxpayError("SYSTEM_ERROR")

    def _decide(self, order: Order, ending: str) -> None:
        if order.state != "USERPAYING":
            return
        if ending == "01":
            self._cashier.complete(order, order.payer, "OTHERS")
        else:
            order.move("PAYERROR")

    def _revoke(self, order: Order) -> None:
        now = self._world.clock.now()
        if order.product != "codepay" or order.state == "REFUND" or now > order.created_ms + REVERSIBLE_MS:
            advice = f"Only a code payment that was not refunded is reversed, for 7 days: this is a {order.product} order, {order.state}, of {china_rfc3339(order.created_ms)}."
            raise WxpayError("INVALID_REQUEST", "当前交易不允许撤销", advice=advice)
        if order.state == "USERPAYING" and now < order.created_ms + REVERSIBLE_AFTER_MS:
            advice = "The buyer may be entering the password: query, and reverse 15 s after the payment call."
            raise WxpayError("USERPAYING", advice=advice)
        if order.state == "SUCCESS":
            order.account.balances[order.payee] -= order.total
            order.reversed_ms = now
        order.move("REVOKED")


def _told(order: Order) -> Reply:
    return Reply(order.transaction(), 202 if order.state == "USERPAYING" else 200)


def _check(wanted: DirectCodePay | PartnerCodePay) -> None:
    store, ip = wanted.scene_info.store_info, wanted.scene_info.device_ip
    if not store.id and not store.out_id:
        raise param_error("/scene_info/store_info", "one of id and out_id is needed")
    if ip:
        check_ip("/scene_info/device_ip", ip)
    if not _AUTH_CODE.fullmatch(wanted.payer.auth_code):
        advice = "auth_code has 18 digits and begins with 10 to 15."
        raise WxpayError("INVALID_REQUEST", "101 付款码无效，请重新扫码", advice=advice)
