"""What a merchant's account holds, the same for every provider that tells it."""

from __future__ import annotations

from typing import Any

from vkpay_async.models import Value
from vkpay_async.money import Fen, yuan_number


class AccountBalance(Value, frozen=True, kw_only=True):
    """Amounts in fen, ``None`` where the provider has no such thing.

    ``available_amount`` and ``total_amount`` are Alipay's, ``online_amount`` (on its way) and ``withdrawable_amount`` Douyin's.
    """

    available_amount: Fen | None = None
    freeze_amount: Fen | None = None
    total_amount: Fen | None = None
    online_amount: Fen | None = None
    withdrawable_amount: Fen | None = None

    def to_client(self) -> dict[str, Any]:
        """vk-uni-pay's keys; the amounts are numbers in yuan there."""
        amounts = {name: getattr(self, field) for field, name in _CLIENT_NAMES.items()}
        told = {name: yuan_number(amount) for name, amount in amounts.items() if amount is not None}
        return {"code": 0, "msg": "ok", **told}


_CLIENT_NAMES = {
    "available_amount": "availableAmount",
    "freeze_amount": "freezeAmount",
    "online_amount": "onlineAmount",
    "withdrawable_amount": "withdrawableAmount",
}
