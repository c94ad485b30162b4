"""Orders: kept once, moved once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from tests.vkpay_async.ledger.conftest import (
    ON_SQLITE,
    closing_of,
    gathered,
    order,
    paid,
    paid_values,
    payment,
)
from vkpay_async import OrderConflict, OrderNotFound
from vkpay_async.ledger import Ledger, orders


async def test_an_order_comes_back_as_it_was_kept(ledger: Ledger) -> None:
    whole = order(
        description="茶 500 g",
        platform="h5",
        uni_platform="web",
        user_id="u1",
        nickname="阿明",
        device_id="d",
        client_ip="2001:db8::1",
        openid="o",
        appid="__UNI__1",
        custom={"goods_id": "g1", "nested": {"a": [1, None, "é"]}},
        stat_data={"ua": "x"},
        pid="shop7",
        app_auth_token="t",
        sub_mchid="s",
        sub_appid="sa",
        notify_url="https://a.example",
        notify_path="/x",
        mch_id="m",
        provider_appid="wx1",
        expand_data={"mode": "coin"},
    )
    assert await ledger.add(whole) == whole
    assert await ledger.get("A1") == whole
    assert await ledger.require("A1") == whole


async def test_an_order_that_is_not_there(ledger: Ledger) -> None:
    assert await ledger.get("none") is None
    assert await ledger.get_by_transaction("none") is None
    with pytest.raises(OrderNotFound, match="no order 'none'") as caught:
        await ledger.require("none")
    assert caught.value.code == 2001


async def test_paying_again_takes_the_new_way_over_and_nothing_else(ledger: Ledger) -> None:
    await ledger.add(order(create_date=1, description="Tea", custom={"a": 1}, user_id="u1"))
    again = await ledger.add(
        order(
            pay_type="alipay_h5",
            platform="mp-alipay",
            client_ip="203.0.113.7",
            mch_id="2088",
            provider_appid="2021",
            notify_path="/vk-pay-notify/alipay_h5/A1",
            create_date=9,
            description="Coffee",
            custom={"b": 2},
            user_id="u2",
        )
    )
    assert (again.pay_type, again.platform, again.client_ip) == ("alipay_h5", "mp-alipay", "203.0.113.7")
    assert (again.mch_id, again.provider_appid) == ("2088", "2021")
    assert again.notify_path == "/vk-pay-notify/alipay_h5/A1"
    assert (again.create_date, again.description, again.custom, again.user_id) == (1, "Tea", {"a": 1}, "u1")
    assert await ledger.require("A1") == again


@ON_SQLITE
@pytest.mark.parametrize(
    ("other", "text"),
    [
        ({"total_fee": 999}, "was created with total_fee 1000, not 999; use a new out_trade_no"),
        ({"type": "vip"}, "was created with type 'goods', not 'vip'"),
        ({"pid": "shop7"}, "was created with pid None, not 'shop7'"),
    ],
)
async def test_a_number_stands_for_one_purchase(ledger: Ledger, other: dict[str, Any], text: str) -> None:
    kept = await ledger.add(order())
    with pytest.raises(OrderConflict, match=text):
        await ledger.add(order(**other))
    assert await ledger.get("A1") == kept


async def test_an_order_that_is_one_payers_is_not_anothers(ledger: Ledger) -> None:
    await ledger.add(order(openid=None), one_payer=True)
    kept = await ledger.add(order(openid="mine"), one_payer=True)
    for openid in ("yours", None):
        with pytest.raises(OrderConflict, match="begun by another payer"):
            await ledger.add(order(openid=openid), one_payer=True)
    assert await ledger.get("A1") == await ledger.add(order(openid="mine"), one_payer=True) == kept


async def test_elsewhere_another_may_pay_and_the_same_payer_by_another_name(ledger: Ledger) -> None:
    await ledger.add(order(openid="mine"))
    assert (await ledger.add(order(openid="yours"))).openid == "yours"
    another_way = order(openid="yours in that app", pay_type="wxpay-virtual_mp-weixin")
    assert (await ledger.add(another_way, one_payer=True)).openid == "yours in that app"


async def test_a_number_that_is_paid_or_closed_is_used_up(ledger: Ledger) -> None:
    await paid(ledger, "A1")
    with pytest.raises(OrderConflict, match="'A1' is paid; use a new out_trade_no"):
        await ledger.add(order("A1"))
    await ledger.add(order("A2"))
    await ledger.mark_closed("A2", now=5)
    with pytest.raises(OrderConflict, match="'A2' is closed; use a new out_trade_no"):
        await ledger.add(order("A2"))


async def test_an_order_paid_while_it_is_taken_over_is_not_taken(ledger: Ledger, other: Ledger) -> None:
    for n in range(10):
        await ledger.add(order(f"A{n}"))
    answers = await asyncio.gather(
        gathered(*(other.add(order(f"A{n}", pay_type="alipay_h5")) for n in range(10))),
        gathered(*(ledger.claim(payment(f"A{n}")) for n in range(10))),
    )
    assert {type(answer) for answer in answers[0]} <= {type(order()), OrderConflict}
    assert all(claimed.moved for claimed in answers[1])
    for row in (await ledger.list()).rows:
        assert (row.status, row.pay_type, row.mch_id) == (1, "wxpay_h5", "m1")


async def test_fifty_at_once_create_one_order(ledger: Ledger, other: Ledger) -> None:
    kept = await asyncio.gather(*(one.add(order()) for _ in range(25) for one in (ledger, other)))
    assert set(map(repr, kept)) == {repr(order())}
    assert (await ledger.list()).total == 1


@pytest.mark.parametrize("wrong", [{"total_fee": 0}, {"total_fee": -1}, {"status": 4}, {"refund_fee": 1001}])
async def test_an_order_that_cannot_be_is_refused(ledger: Ledger, wrong: dict[str, int]) -> None:
    with pytest.raises(IntegrityError):
        await ledger.add(order(**wrong))
    assert await ledger.get("A1") is None
    assert await ledger.add(order()) == order()


async def test_a_payment_leaves_its_traces(ledger: Ledger) -> None:
    await ledger.add(order(openid="before"), repair_due=50)
    claimed = await ledger.claim(
        payment(openid="payer", notify_mode=0, notify_path="/x", pay_type="wxpay_mp")
    )
    row = await ledger.require("A1")
    assert (row.transaction_id, row.openid, row.pay_date, row.notify_date) == ("4200", "payer", 3, 5)
    assert (row.notify_mode, row.notify_info, row.notify_path) == (0, {"trade_state": "SUCCESS"}, "/x")
    assert (row.pay_type, row.mch_id, row.provider_appid) == ("wxpay_mp", "m1", "wx1")
    assert await ledger.get_by_transaction("4200") == row == claimed.order


@pytest.mark.parametrize(
    ("before", "pays", "closes"),
    [(-1, True, False), (0, True, True), (1, False, False), (2, False, False), (3, False, False)],
)
async def test_which_status_may_become_which(ledger: Ledger, before: int, pays: bool, closes: bool) -> None:
    for number in ("A1", "A2", "A3"):
        await ledger.add(order(number, status=before))
    assert (await ledger.claim(payment("A1"))).moved is pays
    assert (await ledger.require("A1")).status == (1 if pays else before)
    row = await ledger.mark_closed("A2", now=7)
    assert (row.status, row.cancel_date) == ((-1, 7) if closes else (before, None))
    assert await ledger.require("A2") == row
    assert (await ledger.claim(closing_of("A3", now=7))).moved is closes
    row = await ledger.require("A3")
    assert (row.status, row.cancel_date) == ((-1, 7) if closes else (before, None))


@pytest.mark.parametrize("before", [1, 2, 3])
async def test_the_database_moves_no_paid_order_even_when_told_to(ledger: Ledger, before: int) -> None:
    """Whoever decides may have read too early; the condition is in the statement itself."""
    await ledger.add(order(status=before))
    values = dict.fromkeys(paid_values()) | {
        "number": "A1",
        "notify_info": {},
        "expand_data": {},
        "pay_type": "x",
    }
    await ledger.write(lambda c: orders.mark_paid(c, [values]))
    await ledger.write(lambda c: orders.mark_closed(c, {"A1": 5}))
    assert await ledger.require("A1") == order(status=before)


async def test_what_is_not_there_cannot_be_moved(ledger: Ledger) -> None:
    assert not (await ledger.claim(payment("none"))).moved
    with pytest.raises(OrderNotFound, match="no order 'none'"):
        await ledger.mark_closed("none", now=5)


async def test_paying_and_closing_at_once_ends_paid(ledger: Ledger, other: Ledger) -> None:
    await ledger.add(order())
    await asyncio.gather(
        *(one.mark_closed("A1", now=5) for _ in range(5) for one in (ledger, other)),
        *(one.claim(payment()) for _ in range(5) for one in (ledger, other)),
    )
    row = await ledger.require("A1")
    assert (row.status, row.transaction_id) == (1, "4200")


async def test_an_unpaid_order_has_no_answer(ledger: Ledger) -> None:
    await ledger.add(order())
    await ledger.write(lambda c: orders.mark_answered(c, [{"number": "A1", "success": True, "error": None}]))
    assert (await ledger.require("A1")).user_order_success is None


async def test_numbers_and_texts_differ_in_every_byte(ledger: Ledger) -> None:
    for number in ("a1", "A1", "Ä1", "ä1"):
        await ledger.add(order(number, description=f"🍵 {number}"))
    assert (await ledger.list()).total == 4
    for number in ("a1", "A1", "Ä1", "ä1"):
        assert (await ledger.require(number)).description == f"🍵 {number}"
