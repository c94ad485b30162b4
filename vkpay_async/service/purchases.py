"""Purchases that a customer has made at a provider that is the shop: what the device brings becomes the order's payment."""

from __future__ import annotations

import asyncio

from vkpay_async.errors import InvalidArgument, OrderConflict
from vkpay_async.models import PurchaseProof, Trade
from vkpay_async.notify import Settled, Source
from vkpay_async.notify.matching import check_trade
from vkpay_async.order import Order
from vkpay_async.pay_type import split_pay_type
from vkpay_async.providers.base import Provider, SellsItself
from vkpay_async.service.arguments import required_text
from vkpay_async.service.context import Context
from vkpay_async.service.payments import unpaid_text
from vkpay_async.service.results import PurchaseStatus


class Purchases:
    """Takes proofs in, over one application's parts."""

    def __init__(self, context: Context) -> None:
        self._c = context

    async def verify(self, order: Order, proof: PurchaseProof, *, await_max_time: int) -> PurchaseStatus:
        """Goes the way of a notification, once for each transaction, and waits until the handler has answered."""
        # The customer may have tried another way since.
        for way in order.ways:
            provider = self._c.providers.get(way.pid, way.pay_type)
            if isinstance(provider, SellsItself):
                break
        else:
            raise InvalidArgument(_no_shop(order))
        trade = await self._c.transport.run(provider.purchase(way.ref(), proof))
        credited = await self._credited(order, trade)
        if credited is not None:
            return _status(credited, trade, finish=True, repeat=True)
        if not trade.state.paid:
            return _status(order, trade, finish=True)
        if trade.provider_order_no is None and not await self._bound(way, trade, provider):
            raise OrderConflict(
                f"transaction {trade.transaction_id} was taken for another order before: it pays no second one"
            )
        settled, number = await self._settled(way, trade, provider)
        if settled.running is not None:
            await asyncio.wait([settled.running.task], timeout=await_max_time)
        return _status(await self._c.ledger.require(number), trade, finish=True, repeat=not settled.first)

    async def _credited(self, order: Order, trade: Trade) -> Order | None:
        """Another order that this very transaction has paid."""
        if trade.transaction_id is None:
            return None
        paid = await self._c.ledger.get_by_transaction(trade.transaction_id)
        return None if paid is None or paid.out_trade_no == order.out_trade_no else paid

    async def _bound(self, order: Order, trade: Trade, provider: Provider) -> bool:
        """Whether a purchase that names no order is this one's: whoever asks first has it."""
        check_trade(order, trade, provider)
        source = Source(pay_type=order.pay_type, pid=order.pid or "default")
        return await self._c.pipeline.bound(order, trade, provider, source) == order.out_trade_no

    async def _settled(self, order: Order, trade: Trade, provider: Provider) -> tuple[Settled, str]:
        source = Source(pay_type=order.pay_type, pid=order.pid or "default")
        pipeline = self._c.pipeline
        way = pipeline.renewed if trade.recurring else pipeline.paid
        settled = await way(order.out_trade_no, trade, provider, source)
        if settled.error is not None:
            raise settled.error
        return settled, settled.number or order.out_trade_no


def checked_proof(
    signed_transaction: str | None,
    transaction_id: str | None,
    transaction_receipt: str | None,
    transaction_identifier: str | None,
) -> PurchaseProof:
    """Exactly one of the three, checked. Raises :class:`InvalidArgument` (1014, 1015)."""
    given = [one is not None for one in (signed_transaction, transaction_id, transaction_receipt)]
    if sum(given) > 1:
        raise InvalidArgument("give one of signed_transaction, transaction_id and transaction_receipt")
    if signed_transaction is not None:
        return PurchaseProof(signed_transaction=required_text(signed_transaction, "signed_transaction", -1))
    if transaction_id is not None:
        return PurchaseProof(transaction_id=required_text(transaction_id, "transaction_id", -1))
    return PurchaseProof(
        transaction_receipt=required_text(transaction_receipt, "transaction_receipt", 1014),
        transaction_identifier=required_text(transaction_identifier, "transaction_identifier", 1015),
    )


def _no_shop(order: Order) -> str:
    name = split_pay_type(order.pay_type)[0]
    return (
        f"order {order.out_trade_no!r} is of {name}, where nothing is bought on a device: use query_payment"
    )


def _status(order: Order, trade: Trade, *, finish: bool, repeat: bool = False) -> PurchaseStatus:
    paid = trade.state.paid and order.paid
    return PurchaseStatus(
        out_trade_no=order.out_trade_no,
        order_paid=paid,
        status=order.status,
        trade_state=trade.state,
        msg="ok" if paid else unpaid_text(trade),
        transaction_id=trade.transaction_id,
        user_order_success=order.user_order_success,
        environment=trade.environment,
        finish=finish,
        repeat=repeat,
    )
