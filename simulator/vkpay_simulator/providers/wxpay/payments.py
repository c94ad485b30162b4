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
            wanted = _decrypted(account, request, read_body(request, model))
            _check(wanted)
            party = party_of(wanted)
            check_party(account, party)
            check_product(account, party.appid, product)
            payer = _payer(wanted)
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
        order = find_addressed(self._book, account, request, *_closing(request))
        if order.product == "codepay":
            raise WxpayError("INVALID_REQUEST", "当前交易不允许进行普通关单，只能撤销", number=268449641)
        if order.transaction_id is not None:
            raise WxpayError("ORDERPAID")
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
    if order is None or order.account is not account:
        raise WxpayError("ORDER_NOT_EXIST")
    if order.party.sub_mchid != sub_mchid:
        raise WxpayError("ORDER_NOT_EXIST", number=268447845)
    return order


def find_addressed(
    book: OrderBook, account: Account, request: Request, mchid: str, sub_mchid: str | None
) -> Order:
    """The order of the path, for the merchants of the body."""
    check_mchid(account, mchid)
    check_mode(account, is_partner(request))
    return owned(account, book.find(account.mchid, request.params["out_trade_no"]), sub_mchid)


def reentered(
    book: OrderBook, account: Account, wanted: OrderRequest, product: str, now: int
) -> Order | None:
    """The order a repeated request is about. Raises :class:`WxpayError` if it cannot be gone on with."""
    order = book.find(account.mchid, wanted.out_trade_no)
    if order is None:
        return None
    if order.party.sub_mchid != party_of(wanted).sub_mchid or order.state == "REVOKED":
        raise WxpayError("OUT_TRADE_NO_USED")
    if order.transaction_id is not None:
        raise WxpayError("ORDERPAID")
    if order.state in ("CLOSED", "PAYERROR"):
        raise WxpayError("ORDER_CLOSED")
    if order.product != product or order.request != wanted:
        raise WxpayError("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致", number=268498688)
    if now > order.expires_ms:
        raise WxpayError("ORDER_CLOSED", "该订单已失效")
    return order


def _overdue(order: Order) -> None:
    if order.state == "NOTPAY":
        order.move("CLOSED")


def _expiry(wanted: OrderRequest, now: int) -> int:
    if not isinstance(wanted, (DirectOrder, PartnerOrder)) or wanted.time_expire is UNSET:
        return now + LIFE_MS
    least, most = EXPIRY_BOUNDS_MS
    return max(now + least, min(int(wanted.time_expire.timestamp() * 1000), now + most))


def _closing(request: Request) -> tuple[str, str | None]:
    if is_partner(request):
        partner = read_body(request, PartnerClose)
        return partner.sp_mchid, partner.sub_mchid
    return read_body(request, DirectClose).mchid, None


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
            raise param_error(f"/payer/{name}", "openid is invalid", value=openid, message="无效的openid")
    return payer
