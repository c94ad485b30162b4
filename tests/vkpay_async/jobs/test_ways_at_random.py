"""Whatever happens to an order that is begun in several ways, and in whatever order: paid once, closed only when nobody can pay."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vkpay_async.branches import NUMBER, PARTIES, Branch, Branches
from tests.vkpay_async.fake import Bank, Clock, FakeProvider, hasten, open_shop
from vkpay_async import OrderConflict, OrderStateConflict, TradeState, TransportError, registry
from vkpay_async.models import OrderRef, Trade
from vkpay_async.providers.base import Flow

MINUTE_MS = 60_000
WAYS = ("wxpay_h5", "alipay_wap", "wxpay_mweb")
MERCHANTS = {"wxpay_mweb": {"appid": "wx2", "mch_id": "1900000002"}}
HAPPENINGS = ("begin", "pay and tell", "pay", "end", "silent", "heard")
OURS = ("repair", "expire", "close", "query")
STEPS = st.one_of(
    st.tuples(st.sampled_from(HAPPENINGS), st.sampled_from(WAYS)),
    st.tuples(st.sampled_from(OURS), st.just("")),
)


class Life:
    """An order, and how it stands at each provider."""

    def __init__(self, shop: Branches) -> None:
        self.shop = shop
        self.silent: set[str] = set()
        self.there: dict[str, TradeState] = {}

    async def step(self, what: str, pay_type: str) -> None:
        order = await self.shop.pay.orders.get(NUMBER)
        if what == "begin":
            await self.begin(pay_type)
        elif what in OURS:
            with contextlib.suppress(OrderConflict, OrderStateConflict, TransportError):
                await self.ours(what, known=order is not None)
        elif what == "silent":
            self.silent.add(pay_type)
        elif what == "heard":
            self.silent.discard(pay_type)
        elif self.there.get(pay_type) is TradeState.NOTPAY:
            await self.happens(what, pay_type)
        await self.shop.pay.idle()
        await self.check()

    async def begin(self, pay_type: str) -> None:
        if self.there.get(pay_type, TradeState.NOTPAY) is not TradeState.NOTPAY:
            return  # the provider would refuse
        with contextlib.suppress(OrderConflict):
            await self.shop.begin(pay_type, time_expire=self.shop.clock.ms + 10 * MINUTE_MS)
            self.there[pay_type] = TradeState.NOTPAY

    async def happens(self, what: str, pay_type: str) -> None:
        ended = what == "end"
        self.there[pay_type] = TradeState.CLOSED if ended else TradeState.SUCCESS
        if what == "pay and tell":
            fields = {"transaction_id": f"tx-{pay_type}", **party(pay_type)}
            (await self.shop.notify(NUMBER, pay_type=pay_type, **fields)).raise_for_error()

    async def ours(self, what: str, *, known: bool) -> None:
        self.shop.clock.ms += MINUTE_MS if what == "repair" else 10 * MINUTE_MS if what == "expire" else 0
        if what in ("repair", "expire"):
            await self.shop.pay.run_jobs(what)
        elif what == "close" and known:
            await self.shop.pay.close_payment(out_trade_no=NUMBER)
        elif known:
            status = await self.shop.pay.query_payment(out_trade_no=NUMBER, await_notify=True)
            assert status.order_paid is (TradeState.SUCCESS in self.there.values())

    async def check(self) -> None:
        order = await self.shop.pay.orders.get(NUMBER)
        if order is None:
            return
        assert {way.pay_type for way in order.ways} == set(self.there)
        if order.status < 0:
            assert set(self.there.values()) == {TradeState.CLOSED}
        if order.paid:
            assert self.there[order.pay_type] is TradeState.SUCCESS
            assert order.transaction_id == f"tx-{order.pay_type}"
            assert order.mch_id == party(order.pay_type)["mch_id"]
        assert len(self.shop.runs) == int(order.paid)

    async def end(self) -> None:
        """Everybody answers again, and the jobs have their time."""
        self.silent.clear()
        for _ in range(4):
            self.shop.clock.ms += 31 * MINUTE_MS
            await self.shop.pay.run_jobs("repair")
        order = await self.shop.pay.orders.get(NUMBER)
        paid = [pay_type for pay_type, state in self.there.items() if state is TradeState.SUCCESS]
        if order is None or not paid:
            return
        assert order.status == 1
        kept = [one.pay_type for one in await self.shop.events() if one.state == "unmatched"]
        assert sorted([order.pay_type, *kept]) == sorted(paid)
        assert TradeState.NOTPAY not in self.there.values()


class Providers(Branch):
    """They say how the one order stands with them, unless they are silent."""

    life: Life

    def query(self, order: OrderRef) -> Flow[Trade]:
        self._hears(order)
        return (yield from super().query(order))

    def _close(self, order: OrderRef) -> Flow[None]:
        self._hears(order)
        yield from super()._close(order)
        if self.life.there[order.pay_type] is TradeState.SUCCESS:
            raise OrderStateConflict(provider="fake", code="PAID", message="paid")
        self.life.there[order.pay_type] = TradeState.CLOSED

    def _hears(self, order: OrderRef) -> None:
        if order.pay_type in self.life.silent:
            raise TransportError("no answer: try again")
        state = self.life.there[order.pay_type]
        number = f"tx-{order.pay_type}" if state.paid else None
        known = {"state": state, "raw_state": state.value, "transaction_id": number}
        self.says[order.pay_type] = self.life.shop.trade(NUMBER, **known, **party(order.pay_type))


def party(pay_type: str) -> dict[str, str]:
    return MERCHANTS.get(pay_type) or PARTIES[pay_type.partition("_")[0]]


async def live(steps: list[tuple[str, str]], patch: pytest.MonkeyPatch) -> None:
    bank, clock = Bank(), Clock()
    hasten(patch)
    patch.setattr(FakeProvider, "bank", bank, raising=False)
    patch.setattr(registry, "provider_class", lambda name: Providers)
    patch.setattr(Branch, "says", {}, raising=False)
    patch.setattr(Branch, "closes", {}, raising=False)
    shop = Branches(open_shop(bank, clock, "sqlite://").pay, bank, clock)
    mweb: Any = shop.pay.provider("wxpay_mweb").sans_io
    mweb.appid, mweb.mch_id = MERCHANTS["wxpay_mweb"].values()
    patch.setattr(Providers, "life", Life(shop), raising=False)
    shop.listen()
    async with shop.pay:
        for step in steps:
            await Providers.life.step(*step)
        await Providers.life.end()


@given(st.lists(STEPS, min_size=15, max_size=40))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_it_is_paid_once_and_closed_only_when_nobody_can_pay(steps: list[tuple[str, str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(live(steps, patch))
