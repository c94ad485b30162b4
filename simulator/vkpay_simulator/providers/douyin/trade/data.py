"""``data`` of a ``tt.requestOrder``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vkpay_simulator.providers.douyin.errors import Refusal
from vkpay_simulator.providers.douyin.fields import Fields, parse_object

LARGEST = 10_000_000_000
LIFE_S, LONGEST_S = 300, 172_800
MOST_PIECES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; a repeat has to say the same. Amounts in fen, ``life_s`` in seconds."""

    out_order_no: str
    total: int
    discount: int
    sku_id: str
    title: str
    quantity: int
    tag_group_id: str
    life_s: int
    notify_url: str | None
    merchant_uid: str | None
    hidden: frozenset[int]
    currency: str | None


def wanted_in(fields: Fields) -> Wanted:
    """Raises :class:`Refusal` for whatever the mini program would be told."""
    number = fields.number("outOrderNo")
    sku, price, quantity = _sku(fields)
    total = fields.required_integer("totalAmount", least=1, most=LARGEST)
    discount = fields.integer("discountAmount", least=0, most=LARGEST) or 0
    if price * quantity - discount != total:
        why = f"it is {total}, and price × quantity − discount is {price * quantity - discount}"
        raise fields.invalid("totalAmount", why)
    _check_entry(fields)
    return Wanted(
        out_order_no=number,
        total=total,
        discount=discount,
        sku_id=sku.required("skuId"),
        title=sku.required("title", most=256, in_bytes=True),
        quantity=quantity,
        tag_group_id=sku.required("tagGroupId", most=128),
        life_s=fields.integer("payExpireSeconds", least=1, most=LONGEST_S) or LIFE_S,
        notify_url=fields.notify_url("payNotifyUrl", most=512),
        merchant_uid=fields.text("merchantUid"),
        hidden=_hidden(fields),
        currency=fields.text("currency", most=16),
    )


def _sku(fields: Fields) -> tuple[Fields, int, int]:
    skus = fields.values.get("skuList")
    if not isinstance(skus, list) or len(skus) != 1 or not isinstance(skus[0], dict):
        raise fields.invalid("skuList", "it is a list of exactly one object")
    sku = Fields(skus[0], fields.refuse, fields.notify_hosts)
    images = sku.values.get("imageList")
    if not isinstance(images, list) or len(images) != 1 or not isinstance(images[0], str):
        raise sku.invalid("imageList", "it is a list of exactly one address")
    sku.required_integer("type", least=1, most=9999)
    price = sku.required_integer("price", least=0, most=LARGEST)
    return sku, price, sku.required_integer("quantity", least=1, most=MOST_PIECES)


def _check_entry(fields: Fields) -> None:
    entry = fields.values.get("orderEntrySchema")
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str) or not entry["path"]:
        raise fields.invalid("orderEntrySchema", "it is an object with the path of the order's page")
    params: Any = entry.get("params", "{}")
    if not isinstance(params, str) or parse_object(params.encode(errors="replace")) is None:
        raise _bad_params(fields)


def _bad_params(fields: Fields) -> Refusal:
    return fields.invalid("orderEntrySchema", "params is the text of a JSON object")


def _hidden(fields: Fields) -> frozenset[int]:
    ways = fields.values.get("limitPayWayList") or []
    if not isinstance(ways, list) or any(way not in (1, 2) for way in ways):
        raise fields.invalid("limitPayWayList", "it is a list of 1 (WeChat) and 2 (Alipay)")
    return frozenset(ways)
