"""Providers that each say something of their own of one order, which was begun at several of them."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.vkpay_async.fake import ASK, FakeProvider, Shop, not_found
from vkpay_async.errors import InvalidArgument
from vkpay_async.models import OrderRef, Trade, TradeState
from vkpay_async.order import Order
from vkpay_async.providers.base import Flow

NUMBER = "order_0001"
PARTIES = {
    "wxpay": {"appid": "wx1", "mch_id": "1900000001"},
    "alipay": {"appid": "2021", "mch_id": "2088"},
}


class Branch(FakeProvider):
    """``says`` has its answer by pay_type, ``closes`` what closing there leads to; an exception is raised."""

    says: ClassVar[dict[str, Trade | Exception]]
    closes: ClassVar[dict[str, Exception]]

    def query(self, order: OrderRef) -> Flow[Trade]:
        yield ASK
        self.bank.asked("query", order)
        said = self.says.get(order.pay_type, not_found())
        if isinstance(said, Exception):
            raise said
        return said

    def close(self, order: OrderRef) -> Flow[None]:
        if isinstance(self.closes.get(order.pay_type), InvalidArgument):
            raise self.closes[order.pay_type]
        return self._close(order)

    def _close(self, order: OrderRef) -> Flow[None]:
        yield ASK
        self.bank.asked("close", order)
        if order.pay_type in self.closes:
            raise self.closes[order.pay_type]


class Branches(Shop):
    """A shop whose order is begun in one way after the other."""

    async def begin(self, *pay_types: str, **more: Any) -> None:
        for pay_type in pay_types:
            provider, _, platform = pay_type.partition("_")
            known = {"provider": provider, "product": platform, "platform": "h5", "openid": "payer"}
            await self.order(NUMBER, **{**known, **more})

    def say(self, pay_type: str, state: TradeState = TradeState.SUCCESS, **fields: Any) -> None:
        provider = pay_type.partition("_")[0]
        known = {"raw_state": state.value, "transaction_id": f"tx-{provider}", **PARTIES[provider]}
        Branch.says[pay_type] = self.trade(NUMBER, state=state, **{**known, **fields})

    def asked(self, operation: str) -> list[str]:
        return [ref.pay_type for name, ref in self.bank.calls if name == operation]

    async def now(self) -> Order:
        return await self.pay.orders.require(NUMBER)
