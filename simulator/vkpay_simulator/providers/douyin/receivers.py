"""Who besides the seller gets a share: ``settle_params``, a JSON text in both systems."""

from __future__ import annotations

from typing import Any

from vkpay_simulator.providers.douyin.errors import Refusal
from vkpay_simulator.providers.douyin.fields import Fields, parse_list

LONGEST = 2048
MOST = 4
MOST_PER_CENT = 30


def receivers_in(fields: Fields, seller: str) -> dict[str, int]:
    """Amounts by merchant number. Raises :class:`Refusal`."""
    text = fields.text("settle_params", most=LONGEST)
    if text is None:
        return {}
    shares = parse_list(text)
    if shares is None:
        raise _invalid(fields, 'send the text of a JSON list, such as [{"merchant_uid":"7…","amount":60}]')
    if len(shares) > MOST:
        raise _invalid(fields, f"{len(shares)} receivers, and {MOST} are allowed")
    receivers: dict[str, int] = {}
    for share in shares:
        uid, amount = _share(fields, share)
        if uid == seller:
            raise _invalid(fields, "the seller is no receiver: what is left goes there by itself")
        receivers[uid] = receivers.get(uid, 0) + amount
    return receivers


def _share(fields: Fields, share: Any) -> tuple[str, int]:
    uid = share.get("merchant_uid") if isinstance(share, dict) else None
    amount = share.get("amount") if isinstance(share, dict) else None
    if not isinstance(uid, str) or not 1 <= len(uid) <= 32:
        raise _invalid(fields, "each receiver has a merchant_uid of 1 to 32 characters")
    if isinstance(amount, bool) or not isinstance(amount, int) or amount < 1:
        raise _invalid(fields, "each receiver has an amount, an integer from 1")
    return uid, amount


def _invalid(fields: Fields, why: str) -> Refusal:
    return fields.invalid("settle_params", why)
