"""Prepayments, queries and closing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vkpay_simulator.providers.huawei.accounts import Account
from vkpay_simulator.providers.huawei.errors import HuaweiError, printable
from vkpay_simulator.providers.huawei.fields import check_url, invalid, ms_of, read_body
from vkpay_simulator.providers.huawei.gate import Call, Work
from vkpay_simulator.providers.huawei.models import (
    Close,
    DirectPrepay,
    PartnerClose,
    PartnerPrepay,
)
from vkpay_simulator.providers.huawei.numbering import system_number
from vkpay_simulator.providers.huawei.orders import DAY_MS, Order, OrderBook, Party, party_of
from vkpay_simulator.providers.huawei.states import STATUS

if TYPE_CHECKING:
    from vkpay_simulator.world import World

LIFE_MS = 2 * 3_600_000
LONGEST_LIFE_MS = 180 * DAY_MS


class Payments:
    """The endpoints below ``preorder`` and ``transactions`` but for refunds."""

    def __init__(self, world: World, book: OrderBook) -> None:
        self._world = world
        self._book = book

    def prepay(self, product: str, model: type[DirectPrepay] | type[PartnerPrepay]) -> Work:
        """The endpoint of one product (``app``, ``fa``) for direct merchants or for partners."""

        def work(call: Call) -> dict[str, Any]:
            wanted = read_body(call.body, model)
            check_url(wanted.callbackUrl, self._world.settings.allow_notify_hosts)
            party = party_of(wanted)
            check_party(call.account, party)
            check_app(call.account, party, product)
            _check_allocation(wanted)
            order = self._place(call.account, wanted, product)
            return {"prepayId": order.prepay_id, "mercOrderNo": order.merc_order_no}

        return work

    def query(self, call: Call) -> dict[str, Any]:
        number = call.request.params["mercOrderNo"]
        order = self._book.find(call.account.merc_no, number)
        return _started(call.account, order, number, "MERC_ORDER_NOT_EXIST").transaction()

    def query_by_number(self, call: Call) -> dict[str, Any]:
        number = call.request.params["sysTransOrderNo"]
        order = self._book.by_number(number)
        return _started(call.account, order, number, "PAY_ORDER_NOT_EXIST").transaction()

    def close(self, model: type[Close] | type[PartnerClose]) -> Work:
        def work(call: Call) -> dict[str, Any]:
            wanted = read_body(call.body, model)
            order = self._book.find(call.account.merc_no, wanted.mercOrderNo)
            if order is None:
                raise unknown_order(call.account, wanted.mercOrderNo, "MERC_ORDER_NOT_EXIST")
            if order.state in ("PREPAID", "LAUNCHED"):
                order.move("CLOSED")
            elif order.state not in ("CLOSED", "EXPIRED"):
                advice = f"The order is {order.state}: only one that nobody has paid can be closed."
                raise HuaweiError("CHECK_ORDER_STATUS", advice)
            return {}

        return work

    def _place(self, account: Account, wanted: DirectPrepay | PartnerPrepay, product: str) -> Order:
        now = self._world.clock.now()
        if self._book.find(account.merc_no, wanted.mercOrderNo) is not None:
            advice = f"mercOrderNo {printable(wanted.mercOrderNo)} was used before, and a number is used once: take a new one."
            raise HuaweiError("CHECK_TRANSACTION_ORDER_STATUS", advice)
        order = Order(
            account=account,
            request=wanted,
            product=product,
            prepay_id=system_number(self._world.ids, now),
            created_ms=now,
            expires_ms=_expiry(wanted.expireTime, now),
        )
        self._book.add(order)
        self._world.agenda.at(order.expires_ms, lambda: _expire(order))
        return order


def check_party(account: Account, party: Party) -> None:
    """The merchant that signs is the one that is named, and a sub-merchant is its own."""
    if party.merc_no != account.merc_no:
        advice = f"{account.merc_no} signed the request, and its body names {printable(party.merc_no)}."
        raise HuaweiError("INVALID_MERCNO", advice)
    if party.sub_merc_no is not None and party.sub_merc_no not in account.subs:
        advice = f"{printable(party.sub_merc_no)} is no sub-merchant of {account.merc_no}: {', '.join(account.subs)} are."
        raise HuaweiError("INVALID_SUB_MERCNO", advice)


def check_app(account: Account, party: Party, product: str) -> None:
    """The app is the merchant's, and of the product's kind."""
    own = account.app_ids[product]
    if party.app_id != own:
        advice = f"{printable(party.app_id)} is not the app of {account.merc_no} for {product}: it is {own}."
        raise HuaweiError("INVALID_APPID", advice)
    if party.sub_app_id is not None:
        bound = account.subs[party.sub_merc_no or ""].app_id
        if party.sub_app_id != bound:
            is_ = f"it is {bound}" if bound else "it has none, leave subAppId out"
            advice = f"{printable(party.sub_app_id)} is not the app of {party.sub_merc_no}: {is_}."
            raise HuaweiError("INVALID_APPID", advice)


def unknown_order(account: Account, number: str, code: str) -> HuaweiError:
    return HuaweiError(
        code,
        f"{account.merc_no} has no order {printable(number)}: GET /_sim/orders lists those there are.",
    )


def _started(account: Account, order: Order | None, number: str, code: str) -> Order:
    """An order whose transaction exists: a prepayment that nobody has opened is not found."""
    if order is None or order.account is not account:
        raise unknown_order(account, number, code)
    if order.number is None or order.state not in STATUS:
        advice = f"Order {printable(number)} is {order.state}: nobody has opened its cashier, and a query does not find it before."
        raise HuaweiError(code, advice)
    return order


def _check_allocation(wanted: DirectPrepay | PartnerPrepay) -> None:
    if wanted.allocationType == "DELAY_ORDER_ALLOCATION":
        advice = "No merchant here has profit sharing: leave allocationType out."
        raise HuaweiError("MERC_NOT_SUPPORT_ALLOCATION", advice)


def _expiry(text: str | None, now: int) -> int:
    if text is None:
        return now + LIFE_MS
    expires = ms_of(text)
    if expires > now + LONGEST_LIFE_MS:
        raise invalid("expireTime is more than 180 days ahead.")
    return expires


def _expire(order: Order) -> None:
    if order.state in ("PREPAID", "LAUNCHED"):
        order.move("EXPIRED")
