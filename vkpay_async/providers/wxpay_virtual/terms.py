"""What is bought: the arguments of an order, its price, and what the client signs for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import CreateOrder
from vkpay_async.money import Fen, is_fen
from vkpay_async.providers.wxpay_virtual.about import WxpayVirtualNode

COIN, GOODS = "short_series_coin", "short_series_goods"
_OPTIONS = frozenset({"mode", "buy_quantity", "product_id", "goods_price", "activity_selling_price"})
_PRODUCT_ID = re.compile(r"[A-Za-z0-9_\-]{1,64}", re.ASCII)
_ADDED = frozenset({"attach", "platform"})
"""What ``other`` may add to signData; the rest of it is the order's."""

_LONGEST_ATTACH = 1024


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What an order is for, as it is kept in ``expand_data``. ``rate`` is how many coins a yuan bought then.

    ``activity_selling_price`` is what an item costs instead of ``goods_price`` while an activity lasts.
    """

    mode: str
    buy_quantity: int
    sandbox: bool
    rate: int | None = None
    product_id: str | None = None
    goods_price: Fen | None = None
    activity_selling_price: Fen | None = None

    @property
    def total_fee(self) -> Fen:
        """Raises :class:`InvalidArgument` (1018) for coins that cost no whole fen."""
        price = self.activity_selling_price or self.goods_price
        if price is not None:
            return price * self.buy_quantity
        total, rest = divmod(self.buy_quantity * 100, self.rate or 1)
        if rest:
            raise InvalidArgument(
                f"buy_quantity {self.buy_quantity} costs no whole fen at {self.rate} coins a yuan: buy another number",
                code=1018,
            )
        return total

    def kept(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in fields.items() if value is not None}


def terms_of(options: Mapping[str, Any], node: WxpayVirtualNode) -> Terms:
    """The checked ``wxpay_virtual`` of an order. Raises :class:`InvalidArgument` (1017, 1018, 1019)."""
    given = options.get("wxpay_virtual")
    if not isinstance(given, Mapping) or not given:
        raise InvalidArgument(
            "wxpay_virtual is missing: give {'mode', 'buy_quantity'}, and for goods 'product_id' and 'goods_price'",
            code=1017,
        )
    if unknown := sorted(map(str, given.keys() - _OPTIONS)):
        raise InvalidArgument(
            f"wxpay_virtual has no {', '.join(unknown)}; it has {', '.join(sorted(_OPTIONS))}"
        )
    mode, quantity = given.get("mode"), _quantity(given.get("buy_quantity"))
    if mode not in (COIN, GOODS):
        raise InvalidArgument(f"wxpay_virtual.mode must be {COIN} or {GOODS}, not {mode!r}", code=1019)
    if mode == COIN:
        rate = node.require("rate", "it is how many coins a yuan buys, as the console has it")
        return Terms(mode=mode, buy_quantity=quantity, sandbox=node.sandbox, rate=rate)
    price = _price(given.get("goods_price"), "goods_price")
    return Terms(
        mode=mode,
        buy_quantity=quantity,
        sandbox=node.sandbox,
        rate=node.rate,
        product_id=_product_id(given.get("product_id")),
        goods_price=price,
        activity_selling_price=_activity_price(given.get("activity_selling_price"), price),
    )


def kept_terms(expand_data: Mapping[str, Any]) -> Terms:
    """What :meth:`Terms.kept` made. Raises :class:`InvalidArgument` for an order of something else."""
    try:
        return msgspec.convert(expand_data, Terms)
    except msgspec.ValidationError as error:
        raise InvalidArgument(
            f"expand_data is not that of a virtual payment ({error}): create the payment by create_payment"
        ) from error


def env_of(expand_data: Mapping[str, Any], node: WxpayVirtualNode) -> int:
    """The environment an order was made in: 0 is production, 1 the sandbox. That of the settings may have changed."""
    return int(bool(expand_data.get("sandbox", node.sandbox)))


def checked_total(given: Fen, terms: Terms) -> Fen:
    """The price that the terms have. Raises :class:`InvalidArgument` (1003) where another was given."""
    total = terms.total_fee
    if given not in (0, total):
        raise InvalidArgument(
            f"total_fee {given} is not what wxpay_virtual costs, {total} fen: leave it out", code=1003
        )
    return total


def sign_data(order: CreateOrder, terms: Terms, offer_id: str) -> bytes:
    """signData as the client passes it on: signed and shown as these bytes, and never written again."""
    goods = {
        "productId": terms.product_id,
        "goodsPrice": terms.goods_price,
        "activitySellingPrice": terms.activity_selling_price,
    }
    fields = {
        "offerId": offer_id,
        "buyQuantity": terms.buy_quantity,
        "env": int(terms.sandbox),
        "currencyType": "CNY",
        **{name: value for name, value in goods.items() if value is not None},
        "outTradeNo": order.out_trade_no,
        "attach": "",
        **_added(order.other),
    }
    return msgspec.json.encode(fields)


def _added(other: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(map(str, other.keys() - _ADDED)):
        raise InvalidArgument(
            f"other.{unknown[0]} has no place in a virtual payment: it may hold {', '.join(sorted(_ADDED))}"
        )
    attach = other.get("attach", "")
    if not isinstance(attach, str) or len(attach) > _LONGEST_ATTACH:
        raise InvalidArgument(f"other.attach must be a text of at most {_LONGEST_ATTACH} characters")
    return {name: value for name, value in other.items() if value is not None}


def _quantity(value: object) -> int:
    if not is_fen(value):
        raise InvalidArgument("wxpay_virtual.buy_quantity must be a positive integer", code=1018)
    assert isinstance(value, int)  # noqa: S101 - is_fen has just said so
    return value


def _product_id(value: object) -> str:
    if not isinstance(value, str) or not _PRODUCT_ID.fullmatch(value):
        raise InvalidArgument("wxpay_virtual.product_id must be an item's id: 1–64 letters, digits, _ or -")
    return value


def _price(value: object, name: str) -> Fen:
    if not is_fen(value):
        raise InvalidArgument(f"wxpay_virtual.{name} must be a positive integer in fen, as in the console")
    assert isinstance(value, int)  # noqa: S101 - is_fen has just said so
    return value


def _activity_price(value: object, goods_price: Fen) -> Fen | None:
    if value is None:
        return None
    price = _price(value, "activity_selling_price")
    if not goods_price * 2 <= price * 5 <= goods_price * 5:
        raise InvalidArgument(
            f"wxpay_virtual.activity_selling_price must be 40 to 100 % of goods_price, {goods_price} fen"
        )
    return price
