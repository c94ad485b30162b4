"""Orders: kept once, moved once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.vkpay_async.ledger.conftest import order, paid, trade
from vkpay_async import OrderConflict, OrderNotFound
from vkpay_async.ledger import Ledger


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


async def test_a_number_that_is_paid_or_closed_is_used_up(ledger: Ledger) -> None:
    await paid(ledger, "A1")
    with pytest.raises(OrderConflict, match="'A1' is paid; use a new out_trade_no"):
        await ledger.add(order("A1"))
    await ledger.add(order("A2"))
    await ledger.mark_closed("A2", now=5)
    with pytest.raises(OrderConflict, match="'A2' is closed; use a new out_trade_no"):
        await ledger.add(order("A2"))


async def test_an_order_paid_while_it_is_taken_over_is_not_taken(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ledger.add(order())
    unpaid = await ledger.require("A1")
    await ledger.mark_paid(unpaid, trade(), now=5, notify_mode=1)
    seen = iter([unpaid])
    require = ledger.require

    async def stale(out_trade_no: str) -> Any:
        return next(seen, None) or await require(out_trade_no)

    monkeypatch.setattr(ledger, "require", stale)
    with pytest.raises(OrderConflict, match="is paid"):
        await ledger.add(order(pay_type="alipay_h5"))
    assert (await require("A1")).pay_type == "wxpay_h5"


async def test_fifty_at_once_create_one_order(ledger: Ledger) -> None:
    kept = await asyncio.gather(*(ledger.add(order()) for _ in range(50)))
    assert set(map(repr, kept)) == {repr(order())}
    assert (await ledger.list()).total == 1


async def test_of_fifty_payments_one_moves_the_order(ledger: Ledger) -> None:
    await ledger.add(order())
    moved = await asyncio.gather(
        *(ledger.mark_paid(order(), trade(), now=n, notify_mode=1) for n in range(50))
    )
    assert sorted(moved) == [False] * 49 + [True]
    row = await ledger.require("A1")
    assert (row.status, row.paid, row.notify_date) == (1, True, moved.index(True))


async def test_a_payment_leaves_its_traces(ledger: Ledger) -> None:
    await ledger.add(order(openid="before"))
    assert await ledger.mark_paid(
        order(),
        trade(openid="payer", success_time=3, raw={"trade_state": "SUCCESS"}),
        now=5,
        notify_mode=0,
    )
    row = await ledger.require("A1")
    assert (row.transaction_id, row.openid, row.pay_date, row.notify_date) == ("4200", "payer", 3, 5)
    assert (row.notify_mode, row.notify_info) == (0, {"trade_state": "SUCCESS"})
    assert await ledger.get_by_transaction("4200") == row


async def test_a_payment_without_time_or_payer_uses_what_is_known(ledger: Ledger) -> None:
    await ledger.add(order(openid="before"))
    await ledger.mark_paid(order(), trade(), now=5, notify_mode=1)
    row = await ledger.require("A1")
    assert (row.pay_date, row.openid) == (5, "before")


async def test_the_way_it_was_paid_is_the_orders(ledger: Ledger) -> None:
    await ledger.add(order(pay_type="alipay_h5", mch_id="2088", provider_appid="2021"))
    used = order(pay_type="wxpay_h5", mch_id="1900000001", provider_appid="wx1")
    await ledger.mark_paid(used, trade(), now=5, notify_mode=1)
    row = await ledger.require("A1")
    assert (row.pay_type, row.mch_id, row.provider_appid) == ("wxpay_h5", "1900000001", "wx1")


@pytest.mark.parametrize(
    ("before", "pays", "closes"),
    [(-1, True, False), (0, True, True), (1, False, False), (2, False, False), (3, False, False)],
)
async def test_which_status_may_become_which(ledger: Ledger, before: int, pays: bool, closes: bool) -> None:
    for number in ("A1", "A2"):
        await ledger.add(order(number, status=before))
    assert await ledger.mark_paid(order("A1"), trade("A1"), now=5, notify_mode=1) is pays
    assert (await ledger.require("A1")).status == (1 if pays else before)
    assert await ledger.mark_closed("A2", now=7) is closes
    row = await ledger.require("A2")
    assert (row.status, row.cancel_date) == ((-1, 7) if closes else (before, None))


async def test_what_is_not_there_cannot_be_moved(ledger: Ledger) -> None:
    assert not await ledger.mark_paid(order("none"), trade("none"), now=5, notify_mode=1)
    assert not await ledger.mark_closed("none", now=5)
    assert not await ledger.claim_handler("none", now=5, lease_ms=10)


async def test_paying_and_closing_at_once_ends_paid(ledger: Ledger) -> None:
    await ledger.add(order())
    await asyncio.gather(
        *(ledger.mark_closed("A1", now=5) for _ in range(10)),
        *(ledger.mark_paid(order(), trade(), now=5, notify_mode=1) for _ in range(10)),
    )
    assert (await ledger.require("A1")).status == 1


class TestTheHandlersClaim:
    async def test_of_fifty_one_gets_it(self, ledger: Ledger) -> None:
        await paid(ledger)
        got = await asyncio.gather(*(ledger.claim_handler("A1", now=100, lease_ms=10) for _ in range(50)))
        assert sum(got) == 1

    async def test_an_unpaid_order_has_none(self, ledger: Ledger) -> None:
        await ledger.add(order())
        assert not await ledger.claim_handler("A1", now=100, lease_ms=10)

    async def test_it_lapses(self, ledger: Ledger) -> None:
        await paid(ledger)
        assert await ledger.claim_handler("A1", now=100, lease_ms=10)
        assert not await ledger.claim_handler("A1", now=109, lease_ms=10)
        assert await ledger.claim_handler("A1", now=110, lease_ms=10)

    @pytest.mark.parametrize("success", [True, False])
    async def test_an_answer_ends_it_for_good(self, ledger: Ledger, success: bool) -> None:
        await paid(ledger)
        await ledger.claim_handler("A1", now=100, lease_ms=10)
        await ledger.finish_handler("A1", success=success, error=None)
        row = await ledger.require("A1")
        assert (row.user_order_success, row.handler_error) == (success, None)
        assert not await ledger.claim_handler("A1", now=10_000, lease_ms=10)

    async def test_a_failure_gives_it_back_at_once(self, ledger: Ledger) -> None:
        await paid(ledger)
        await ledger.claim_handler("A1", now=100, lease_ms=10_000)
        await ledger.finish_handler("A1", success=False, error="KeyError: 'g1'")
        row = await ledger.require("A1")
        assert (row.user_order_success, row.handler_error) == (False, "KeyError: 'g1'")
        assert await ledger.claim_handler("A1", now=101, lease_ms=10)
        await ledger.finish_handler("A1", success=True, error=None)
        row = await ledger.require("A1")
        assert (row.user_order_success, row.handler_error) == (True, None)
