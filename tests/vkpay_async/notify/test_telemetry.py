"""What telemetry is told of notifications and their handlers."""

from __future__ import annotations

import pytest

from tests.vkpay_async.fake import Clock, Shop
from tests.vkpay_async.observed import Observed
from vkpay_async import LedgerUnavailable, PaidOrder


async def test_a_payment_goes_on_in_its_orders_trace(shop: Shop, clock: Clock, observed: Observed) -> None:
    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        clock.ms += 2_000

    with observed.tracer.start_as_current_span("checkout") as checkout:
        await shop.order()
    await shop.notify()
    await shop.pay.idle()

    [span] = [one for one in observed.spans if one.name == "wxpay.notification"]
    assert span.context.trace_id == checkout.get_span_context().trace_id
    assert dict(span.attributes or {}) == {
        "vkpay.provider": "wxpay",
        "vkpay.out_trade_no": "order_0001",
        "vkpay.kind": "payment",
        "vkpay.outcome": "accepted",
    }
    labels = {"vkpay.provider": "wxpay", "vkpay.kind": "payment", "vkpay.outcome": "accepted"}
    assert observed.points("vkpay.notifications") == [(labels, 1)]
    assert observed.points("vkpay.handler.lag") == [({"vkpay.provider": "wxpay"}, 2.0)]


async def test_what_is_refused_or_not_stored_is_counted_apart(
    shop: Shop, observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.order()
    await shop.notify(total_fee=1)
    await shop.deliver("/no/address", b"{}")

    async def gone(*_: object, **__: object) -> None:
        raise LedgerUnavailable("gone")

    monkeypatch.setattr(shop.pay.orders, "get", gone)
    monkeypatch.setattr(shop.pay.orders, "claim", gone)
    await shop.notify()
    counted = {
        (labels["vkpay.provider"], labels["vkpay.outcome"]): value
        for labels, value in observed.points("vkpay.notifications")
    }
    assert counted == {("wxpay", "refused"): 1, ("unknown", "refused"): 1, ("wxpay", "not_stored"): 1}


async def test_what_is_parked_is_counted_until_it_is_run_again(shop: Shop, observed: Observed) -> None:
    fails = True

    @shop.pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        if fails:
            raise RuntimeError("the warehouse is closed")

    await shop.order()
    await shop.notify()
    await shop.pay.idle()
    for _ in range(shop.pay.config.handler_attempts):
        shop.clock.ms += 24 * 3_600_000
        await shop.pay.run_jobs("redeliver")
    assert observed.points("vkpay.parked") == [({"vkpay.provider": "wxpay"}, 1)]

    fails = False
    [event] = await shop.pay.orders.newest_events(states=["parked"])
    await shop.pay.replay_notification(event.id)
    assert observed.points("vkpay.parked") == [({"vkpay.provider": "wxpay"}, 0)]
