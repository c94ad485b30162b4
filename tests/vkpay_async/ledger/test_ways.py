"""The ways in which one order was begun, as the databases keep them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.vkpay_async.ledger.conftest import ON_SQLITE, gathered, order, paid_values, payment
from vkpay_async import OrderConflict
from vkpay_async.ledger import Claim, Decision, Found, Ledger
from vkpay_async.notify.decisions import _with_the_others
from vkpay_async.order import Order

WX: dict[str, Any] = {"pay_type": "wxpay_h5", "mch_id": "1900000001", "sub_mchid": "19", "openid": "mine"}
ALI: dict[str, Any] = {
    "pay_type": "alipay_wap",
    "mch_id": "2088",
    "app_auth_token": "theirs",
    "time_expire": 9,
}


async def begin(ledger: Ledger, *ways: dict[str, Any]) -> Order:
    for way in ways:
        await ledger.add(order(**way))
    return await ledger.require("A1")


def paid_by(way: dict[str, Any]) -> Claim:
    """A payment by one of the order's ways, as a decision has it."""
    claim = payment()

    def decide(found: Found) -> Decision:
        decision, kept = claim.decide(found), found.order
        if decision.paid is None or kept is None:
            return decision
        begun = next(one for one in kept.ways if one.pay_type == way["pay_type"])
        own = paid_values(pay_type=begun.pay_type, mch_id=begun.mch_id, expand_data=begun.expand_data)
        return Decision(event=decision.event, paid=_with_the_others(kept, begun, own))

    return Claim(event=claim.event, decide=decide)


async def test_each_is_kept_as_it_was(ledger: Ledger) -> None:
    expand = {"mode": "goods", "nested": {"a": [1, None, "é"]}}
    first = await begin(ledger, {**WX, "expand_data": expand})
    both = await begin(ledger, ALI)
    latest, former = both.ways
    assert (latest.pay_type, latest.app_auth_token, latest.expand_data) == ("alipay_wap", "theirs", {})
    assert former == first
    assert former.ref().expand_data == expand
    assert both.ref() == latest.ref()


async def test_one_way_alone_is_the_order_itself(ledger: Ledger) -> None:
    kept = await begin(ledger, WX, WX)
    assert kept.ways == (kept,)
    assert kept.expand_data == {}


async def test_coming_back_takes_its_numbers_up_again(ledger: Ledger) -> None:
    await begin(ledger, WX)
    await ledger.set_providers_number("A1", "P1")
    await ledger.set_providers_number("A1", "P2")
    there = await begin(ledger, ALI)
    assert (there.ways[0].provider_order_no, there.ways[0].former_order_nos) == (None, ())
    await ledger.set_providers_number("A1", "Q1")
    latest, former = (await begin(ledger, WX)).ways
    assert (latest.provider_order_no, latest.former_order_nos) == ("P2", ("P1",))
    assert (former.provider_order_no, former.former_order_nos) == ("Q1", ())


async def test_a_number_that_comes_late_is_that_of_the_way_it_was_asked_for(ledger: Ledger) -> None:
    first = await begin(ledger, WX)
    await begin(ledger, ALI)
    for number in ("P1", "P2"):
        await ledger.set_providers_number("A1", number, way=first)
        found = await ledger.get_by_providers_number("wxpay", number)
        assert found is not None
    latest, former = (await ledger.require("A1")).ways
    assert latest.provider_order_no is None
    assert (former.provider_order_no, former.former_order_nos) == ("P2", ("P1",))
    assert await ledger.get_by_providers_number("alipay", "P2") is None


async def test_the_number_of_another_way_does_not_take_its_place(ledger: Ledger) -> None:
    first = await begin(ledger, WX)
    await begin(ledger, ALI)
    await ledger.set_providers_number("A1", "Q1")
    await ledger.set_providers_number("A1", "P1", way=first)
    latest, former = (await ledger.require("A1")).ways
    assert (latest.provider_order_no, former.provider_order_no) == ("Q1", "P1")


@pytest.mark.parametrize("way", [WX, ALI], ids=["first", "latest"])
async def test_paid_in_one_it_is_that_ones_order_and_the_other_stays_known(
    ledger: Ledger, way: dict[str, Any]
) -> None:
    await begin(ledger, WX, ALI)
    claimed = await ledger.claim(paid_by(way))
    assert claimed.moved
    kept = await ledger.require("A1")
    assert kept == claimed.order
    assert (kept.status, kept.transaction_id) == (1, "4200")
    for name in ("pay_type", "mch_id", "sub_mchid", "app_auth_token", "time_expire"):
        assert getattr(kept, name) == way.get(name)
    assert {one.pay_type for one in kept.ways} == {"wxpay_h5", "alipay_wap"}
    assert kept.ways_to_ask == kept.ways[:1]


async def test_ordinary_payments_and_others_of_one_commit(ledger: Ledger) -> None:
    await begin(ledger, WX, ALI)
    await ledger.add(order("A2"))
    one, two = await asyncio.gather(ledger.claim(paid_by(WX)), ledger.claim(payment("A2")))
    assert (one.moved, two.moved) == (True, True)
    assert (await ledger.require("A1")).sub_mchid == "19"
    assert (await ledger.require("A2")).status == 1


async def test_begun_in_another_way_and_paid_at_once_no_way_is_lost(ledger: Ledger, other: Ledger) -> None:
    for n in range(10):
        await ledger.add(order(f"A{n}", **WX))
    answers = await gathered(
        *(other.add(order(f"A{n}", **ALI)) for n in range(10)),
        *(ledger.claim(payment(f"A{n}", mch_id="1900000001")) for n in range(10)),
    )
    assert {type(answer) for answer in answers[:10]} <= {Order, OrderConflict}
    assert all(claimed.moved for claimed in answers[10:])


async def test_it_is_closed_only_as_it_was_read(ledger: Ledger) -> None:
    read = await begin(ledger, WX)
    await begin(ledger, ALI)
    assert (await ledger.mark_closed("A1", now=5, as_read=read)).status == 0
    read = await ledger.require("A1")
    closed = await ledger.mark_closed("A1", now=5, as_read=read)
    assert (closed.status, closed.cancel_date) == (-1, 5)
    assert await ledger.require("A1") == closed


@ON_SQLITE
async def test_one_payers_order_stays_theirs_after_a_try_in_another_way(ledger: Ledger) -> None:
    await begin(ledger, WX, ALI)
    with pytest.raises(OrderConflict, match="begun by another payer"):
        await ledger.add(order(**{**WX, "openid": "yours"}), one_payer=True)
    assert (await ledger.add(order(**WX), one_payer=True)).openid == "mine"
