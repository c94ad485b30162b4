"""The parts of a ``refund_create``: why, of which pieces, and where the user sees the order."""

from __future__ import annotations

from vkpay_simulator.providers.douyin.errors import trade_refusal
from vkpay_simulator.providers.douyin.fields import Fields
from vkpay_simulator.providers.douyin.trade.gate import Call
from vkpay_simulator.providers.douyin.trade.orders import TradeOrder

MOST_ITEMS, MOST_REASONS = 100, 10
CODES = frozenset({101, 102, 103, 999})
LONGEST_TEXT = 50


def check_rest(fields: Fields) -> tuple[str, str]:
    """The reason's text and ``cp_extra``. Raises :class:`Refusal`."""
    reasons = fields.values.get("refund_reason")
    if not isinstance(reasons, list) or not 1 <= len(reasons) <= MOST_REASONS:
        raise fields.invalid(
            "refund_reason", f"it is a list of 1 to {MOST_REASONS} objects with code and text"
        )
    texts = [_reason(fields, reason) for reason in reasons]
    entry = fields.values.get("order_entry_schema")
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        raise fields.invalid("order_entry_schema", "it is an object with the path of the order's page")
    return "；".join(texts), fields.required("cp_extra", most=2048)


def _reason(fields: Fields, reason: object) -> str:
    code = reason.get("code") if isinstance(reason, dict) else None
    text = reason.get("text") if isinstance(reason, dict) else None
    if isinstance(code, bool) or code not in CODES:
        raise fields.invalid("refund_reason", f"code is one of {', '.join(map(str, sorted(CODES)))}")
    if not isinstance(text, str) or not 1 <= len(text) <= LONGEST_TEXT:
        raise fields.invalid("refund_reason", f"text has 1 to {LONGEST_TEXT} characters")
    return text


def items_in(call: Call, order: TradeOrder, amount: int) -> dict[str, int]:
    """Amounts by piece, together the refund's. Raises :class:`Refusal`."""
    items = call.values.get("item_order_detail")
    if not isinstance(items, list) or not items:
        raise call.fields.invalid("item_order_detail", "name the pieces, or send refund_all true")
    if len(items) >= MOST_ITEMS:
        raise trade_refusal(22007, why=f"{len(items)} pieces are named, fewer than {MOST_ITEMS} are allowed.")
    left = {item.item_order_id: item.amount for item in order.items}
    found: dict[str, int] = {}
    for one in items:
        number, part = _item(call.fields, one)
        if number not in left:
            raise trade_refusal(22002, why=f"The order has no piece {number}: it has {', '.join(left)}.")
        found[number] = found.get(number, 0) + part
        if found[number] > left[number]:
            raise trade_refusal(22001, why=f"Piece {number} cost {left[number]} fen.")
    if sum(found.values()) != amount:
        why = f"the pieces make {sum(found.values())} fen, and it is {amount}"
        raise call.fields.invalid("refund_total_amount", why)
    return found


def _item(fields: Fields, item: object) -> tuple[str, int]:
    number = item.get("item_order_id") if isinstance(item, dict) else None
    part = item.get("refund_amount") if isinstance(item, dict) else None
    if not isinstance(number, str) or isinstance(part, bool) or not isinstance(part, int) or part < 1:
        raise fields.invalid("item_order_detail", "each has an item_order_id and a refund_amount from 1 on")
    return number, part
