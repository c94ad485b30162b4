"""Orders paid through a prepay_id or a link: create, query, close."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec import UNSET, structs

from vkpay_simulator.clock import china_text
from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error
from vkpay_simulator.providers.wxpay.fields import read_body, read_query
from vkpay_simulator.providers.wxpay.gate import Reply, Work
from vkpay_simulator.providers.wxpay.models import (
    DirectClose,
    DirectJsapi,
    DirectOrder,
    PartnerClose,
    PartnerJsapi,
    PartnerOrder,
)
from vkpay_simulator.providers.wxpay.orders import DAY_MS, Order, OrderBook, OrderRequest, party_of
from vkpay_simulator.providers.wxpay.reentry import already_paid, reentered
from vkpay_simulator.providers.wxpay.relations import (
    check_mchid,
    check_mode,
    check_party,
    check_product,
    is_openid,
    is_partner,
    reveal,
)

if TYPE_CHECKING:
    from vkpay_simulator.world import World

LIFE_MS = 7 * DAY_MS
EXPIRY_BOUNDS_MS = (60_000, 15 * DAY_MS)
DETAIL_BYTES = 6144

Wanted: TypeAlias = DirectOrder | PartnerOrder


class Payments:
    """The endpoints below ``/v3/pay/`` but for code payments."""

    def __init__(self, world: World, book: OrderBook) -> None:
        self._world = world
        self._book = book

    def create(self, product: str, model: type[Wanted]) -> Work:
        """The endpoint of one product for direct merchants or for partners."""

        def work(account: Account, request: Request) -> Reply:
            wanted = _decrypted(account, request, read_body(request, model, account.mchid))
            _check(wanted)
            payer = _payer(wanted)
            party = party_of(wanted)
            check_party(account, party)
            check_product(account, party, product)
            order = reentered(self._book, account, wanted, product, self._world.clock.now())
            return Reply(self._link(order or self._place(account, wanted, product, payer)))

        return work

    def query(self, account: Account, request: Request) -> Reply:
        order = self._book.find(account.mchid, request.params["out_trade_no"])
        return Reply(self._asked(account, request, order).transaction())

    def query_by_id(self, account: Account, request: Request) -> Reply:
        order = self._book.by_transaction(request.params["transaction_id"])
        return Reply(self._asked(account, request, order).transaction())

    def close(self, account: Account, request: Request) -> Reply:
        sub_mchid = _closing(account, request)
        check_mode(account, is_partner(request))
        order = owned(account, self._book.find(account.mchid, request.params["out_trade_no"]), sub_mchid)
        if order.product == "codepay":
            message, advice = "当前交易不允许进行普通关单，只能撤销", "Call …/reverse instead of …/close."
            raise WxpayError("INVALID_REQUEST", message, number=268449641, advice=advice)
        if order.transaction_id is not None:
            raise already_paid(order)
        if order.state == "NOTPAY":
            order.move("CLOSED")
        return Reply(None, 204)

    def _asked(self, account: Account, request: Request, order: Order | None) -> Order:
        partner = is_partner(request)
        check_mchid(account, read_query(request, "sp_mchid" if partner else "mchid"))
        check_mode(account, partner)
        return owned(account, order, read_query(request, "sub_mchid") if partner else None)

    def _place(self, account: Account, wanted: OrderRequest, product: str, payer: dict[str, str]) -> Order:
        now = self._world.clock.now()
        order = Order(
            account=account,
            request=wanted,
            product=product,
            created_ms=now,
            expires_ms=_expiry(wanted, now),
            payer=payer,
        )
        self._book.add(order)
        self._world.agenda.at(max(now + LIFE_MS, order.expires_ms), lambda: _overdue(order))
        return order

    def _link(self, order: Order) -> dict[str, str]:
        """A fresh prepay_id or link; the one before no longer counts."""
        ids, now = self._world.ids, self._world.clock.now()
        order.link_ms, order.opened = now, False
        stamp = "".join(char for char in china_text(now) if char.isdigit())
        prepay_id = f"wx{stamp}{ids.hex(16)}0000"
        if order.product == "native":
            return {"code_url": "weixin://wxpay/bizpayurl?pr=" + ids.alnum(9)}
        if order.product == "h5":
            page = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb"
            return {"h5_url": f"{page}?prepay_id={prepay_id}&package={ids.digits(10)}"}
        return {"prepay_id": prepay_id}


def owned(account: Account, order: Order | None, sub_mchid: str | None) -> Order:
    """The order, if it is there and belongs to these merchants."""
    if order is None:
        advice = f"{account.mchid} has no such order: GET /_sim/orders lists those there are."
        raise WxpayError("ORDER_NOT_EXIST", advice=advice)
    if order.account is not account:
        advice = (
            f"The order belongs to {order.account.mchid}, not to {account.mchid}, which signed the request."
        )
        raise WxpayError("ORDER_NOT_EXIST", "商户号和订单不匹配", number=268447843, advice=advice)
    if order.party.sub_mchid != sub_mchid:
        advice = f"The order belongs to sub-merchant {order.party.sub_mchid}, not to {sub_mchid}."
        raise WxpayError("ORDER_NOT_EXIST", number=268447845, advice=advice)
    return order


def _overdue(order: Order) -> None:
    if order.state == "NOTPAY":
        order.move("CLOSED")


def _expiry(wanted: OrderRequest, now: int) -> int:
    if not isinstance(wanted, (DirectOrder, PartnerOrder)) or wanted.time_expire is UNSET:
        return now + LIFE_MS
    least, most = EXPIRY_BOUNDS_MS
    return max(now + least, min(int(wanted.time_expire.timestamp() * 1000), now + most))


def _closing(account: Account, request: Request) -> str | None:
    if is_partner(request):
        return read_body(request, PartnerClose, account.mchid).sub_mchid
    read_body(request, DirectClose, account.mchid)
    return None


def _decrypted(account: Account, request: Request, wanted: Wanted) -> Wanted:
    """The same with the payer's name and number in plain, for these decide whether two requests are alike."""
    if not wanted.payer or not wanted.payer.identity:
        return wanted
    identity = wanted.payer.identity
    plain = {
        name: reveal(account, request, f"/payer/identity/{name}", text)
        for name in ("number", "name")
        if (text := getattr(identity, name)) is not UNSET
    }
    payer = structs.replace(wanted.payer, identity=structs.replace(identity, **plain))
    return structs.replace(wanted, payer=payer)


def _check(wanted: Wanted) -> None:
    if wanted.detail and len(msgspec.json.encode(wanted.detail)) > DETAIL_BYTES:
        raise param_error("/detail", "length is greater than the maximum")
    if wanted.scene_info:
        check_ip("/scene_info/payer_client_ip", wanted.scene_info.payer_client_ip)


def check_ip(field: str, text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError as error:
        raise param_error(field, "value is not an IP address", value=text) from error


def _payer(wanted: Wanted) -> dict[str, str]:
    """The buyer a JSAPI order names; nobody for the other products."""
    if isinstance(wanted, DirectJsapi):
        return _openids({"openid": wanted.payer.openid})
    if isinstance(wanted, PartnerJsapi):
        return _partner_payer(wanted)
    return {}


def _partner_payer(wanted: PartnerJsapi) -> dict[str, str]:
    given = {
        name: openid
        for name in ("sp_openid", "sub_openid")
        if (openid := getattr(wanted.payer, name)) is not UNSET
    }
    if len(given) != 1:
        issue, message = "one of sp_openid and sub_openid is needed", "JSAPI支付必须传openid"
        raise param_error("/payer", issue, message=message, number=268501013)
    if "sub_openid" in given and not wanted.sub_appid:
        raise param_error("/sub_appid", "required field is missing", message="传入sub_openid时sub_appid必填")
    return _openids(given)


def _openids(payer: dict[str, str]) -> dict[str, Any]:
    for name, openid in payer.items():
        if not is_openid(openid):
            advice = f"{openid!r} is no openid: o and 20 to 40 letters, digits, _ or -."
            raise param_error(
                f"/payer/{name}", "openid is invalid", value=openid, message="无效的openid", advice=advice
            )
    return payer
