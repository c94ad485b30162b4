"""Asking how an order stands, in each way in which it was begun: a payer may have kept what was shown first."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from vkpay_async.errors import ConfigError, NotificationMismatch, ResourceNotFound, VKPayError
from vkpay_async.models import Trade, TradeState
from vkpay_async.notify import Source
from vkpay_async.notify.matching import check_trade
from vkpay_async.notify.running import Run
from vkpay_async.order import Order
from vkpay_async.pay_type import split_pay_type
from vkpay_async.providers.base import Provider
from vkpay_async.providers.registry import Providers
from vkpay_async.service.context import Context
from vkpay_async.transport import Transport

ENDED = frozenset({TradeState.CLOSED, TradeState.REVOKED, TradeState.PAYERROR})
"""How an order ends that nobody pays."""


class Answer(NamedTuple):
    """What a provider says of an order that was begun there; ``way`` is the order as it was. ``known``: it knows one."""

    way: Order
    provider: Provider
    trade: Trade
    known: bool = True


class Asking:
    """Puts the questions; what comes of the answers is the caller's."""

    def __init__(self, providers: Providers, transport: Transport) -> None:
        self._providers = providers
        self._transport = transport

    async def paid_or_latest(self, order: Order) -> Answer:
        """The payment, in whichever way it was made, else how the latest stands.

        Raises what kept it from asking: an order is not known to be unpaid while one of its ways is not.
        """
        answers, failures = await self._asked(order, until_paid=True)
        if answers and answers[-1].trade.state.paid:
            return answers[-1]
        if failures:
            raise failures[0]
        return answers[0]

    async def every(self, order: Order) -> tuple[list[Answer], list[VKPayError]]:
        """What is said of each way, and why others could not be asked after."""
        return await self._asked(order, until_paid=False)

    async def ask(self, way: Order) -> Answer:
        """Of one way. One that the provider does not know is unpaid: Alipay creates an order when the payer opens it."""
        provider = self._providers.get(way.pid, way.pay_type)
        try:
            return Answer(way, provider, await self._transport.run(provider.query(way.ref())))
        except ResourceNotFound as error:
            if way.paid:
                raise
            state = TradeState.CLOSED if way.status < 0 else TradeState.NOTPAY
            unpaid = Trade(
                out_trade_no=way.out_trade_no, state=state, raw_state=str(error.code), description="未支付"
            )
            return Answer(way, provider, unpaid, known=False)

    async def _asked(self, order: Order, *, until_paid: bool) -> tuple[list[Answer], list[VKPayError]]:
        answers: list[Answer] = []
        failures: list[VKPayError] = []
        for way in order.ways_to_ask:
            try:
                answers.append(self._as_begun(order, await self.ask(way)))
            except VKPayError as error:
                failures.append(error)
            else:
                if until_paid and answers[-1].trade.state.paid:
                    break
        return answers, failures

    def _as_begun(self, order: Order, answer: Answer) -> Answer:
        """A provider may answer with the order of our number that another app of the merchant's began: as that way's answer."""
        ways = order.ways_to_ask
        if len(ways) == 1 or not answer.trade.state.paid:
            return answer
        name = split_pay_type(answer.way.pay_type)[0]
        for way in (answer.way, *(one for one in ways if split_pay_type(one.pay_type)[0] == name)):
            with suppress(NotificationMismatch, ConfigError):
                provider = self._providers.get(way.pid, way.pay_type)
                check_trade(way, answer.trade, provider)
                return Answer(way, provider, answer.trade)
        return answer


async def take_in(context: Context, answer: Answer) -> Run | None:
    """A payment that was heard of by asking, under the way that was asked. The handler, where this process runs it.

    Raises :class:`NotificationMismatch` when what was paid is not the order; a second payment of an order is kept for a person.
    """
    way = answer.way
    source = Source(pay_type=way.pay_type, pid=way.pid or "default")
    settled = await context.pipeline.paid(way.out_trade_no, answer.trade, answer.provider, source)
    if settled.error is not None:
        raise settled.error
    return settled.running
