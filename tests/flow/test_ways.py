"""A payer goes back and takes another way to pay: whichever was paid is found, and closing closes all of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract import cases
from tests.contract.cases import case_of
from tests.flow.conftest import Shop
from tests.flow.lives import LIVES, PAYABLE
from vkpay_async import InvalidArgument, OrderStateConflict, Payment
from vkpay_async.service import payments
from vkpay_simulator.providers.base import OrderView

NUMBER = "T20261121_0001"
NAMES = sorted(LIVES)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payments, "REPAIR_AFTER_MS", 0)


async def begin(shop: Shop, first: str, **more: Any) -> tuple[Payment, Payment]:
    """In the first way, whose cashier the payer opens and leaves, and then by the other wallet."""
    before = await cases.order(shop, first, NUMBER)
    await case_of(first).opens(shop, before)
    after = await shop.pay.create_payment(
        provider=other_than(first),
        platform="h5",
        need_qrcode=True,
        out_trade_no=NUMBER,
        total_fee=before.total_fee,
        subject="Tea 500 g",
        type="goods",
        pid=case_of(first).pid,
        **more,
    )
    return before, after


def other_than(first: str) -> str:
    return "wxpay" if first == "alipay" else "alipay"


async def pays(shop: Shop, name: str, payment: Payment) -> None:
    await case_of(name).pays(shop, payment)
    await shop.pay.idle()


def there(shop: Shop, provider: str) -> OrderView:
    return next(one for one in shop.sim.orders() if one.provider == provider)


@pytest.mark.parametrize("name", [name for name in NAMES if case_of(name).can_ask])
async def test_a_payment_in_the_first_way_of_which_nothing_is_heard(shop: Shop, name: str) -> None:
    before, _ = await begin(shop, name)
    shop.sim.fault("lose_notify", times=None)
    await pays(shop, name, before)
    assert await shop.status(NUMBER) == 0

    await shop.pay.run_jobs("repair")
    order = await shop.pay.orders.require(NUMBER)
    theirs = there(shop, before.provider)
    assert (order.status, order.pay_type, order.transaction_id) == (1, before.pay_type, theirs.transaction_id)
    assert shop.shipped == [NUMBER]

    await shop.pay.refund(out_trade_no=NUMBER, refund_fee=before.total_fee)
    await shop.sim.advance(60)
    assert there(shop, before.provider).refunded_fee == before.total_fee


@pytest.mark.parametrize("name", NAMES)
async def test_its_notification_pays_the_order_though_another_was_begun_since(shop: Shop, name: str) -> None:
    before, _ = await begin(shop, name)
    await pays(shop, name, before)
    order = await shop.pay.orders.require(NUMBER)
    assert (order.status, order.pay_type, shop.shipped) == (1, before.pay_type, [NUMBER])


@pytest.mark.parametrize("name", [name for name in NAMES if case_of(name).can_ask])
async def test_paid_in_both_the_second_is_kept_for_a_person(shop: Shop, name: str) -> None:
    before, after = await begin(shop, name)
    await pays(shop, after.provider, after)
    await pays(shop, name, before)
    assert (shop.shipped, (await shop.pay.orders.require(NUMBER)).pay_type) == ([NUMBER], after.pay_type)
    (second,) = [one for one in await shop.pay.orders.events(NUMBER) if one.state == "unmatched"]
    assert "was paid twice" in str(second.error)
    assert second.pay_type == before.pay_type


@pytest.mark.parametrize("name", NAMES)
async def test_closing_closes_both_or_says_why_not(shop: Shop, name: str) -> None:
    _, after = await begin(shop, name)
    await shop.sim.scan(NUMBER, provider=after.provider)
    if LIVES[name].closes in ("never", "ended"):
        with pytest.raises(InvalidArgument):
            await shop.pay.close_payment(out_trade_no=NUMBER)
        assert await shop.status(NUMBER) == 0
        return
    assert (await shop.pay.close_payment(out_trade_no=NUMBER)).status == -1
    assert {one.provider for one in shop.sim.orders() if one.state in PAYABLE} == set()


async def test_what_wechat_pay_will_not_begin_in_another_way_is_still_paid_in_the_first(shop: Shop) -> None:
    """It takes a number once with the same data: the payer goes on with what is there."""
    before, _ = await begin(shop, "wxpay")
    with pytest.raises(OrderStateConflict):
        await shop.pay.create_payment(
            provider="wxpay",
            platform="h5",
            product="mweb",
            out_trade_no=NUMBER,
            total_fee=before.total_fee,
            subject="Tea 500 g",
            type="goods",
            client_ip="203.0.113.7",
            pid="default",
        )
    shop.sim.fault("lose_notify", times=None)
    await pays(shop, "wxpay", before)
    await shop.pay.run_jobs("repair")
    order = await shop.pay.orders.require(NUMBER)
    assert (order.status, shop.shipped) == (1, [NUMBER])
    await shop.pay.refund(out_trade_no=NUMBER)
    assert there(shop, "wxpay").refunded_fee == before.total_fee


@pytest.mark.parametrize("name", ["wxpay", "alipay"])
async def test_an_order_whose_time_is_over_is_closed_in_both(
    shop: Shop, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = await begin(shop, name, time_expire=shop.pay.context.env.now_ms() + 6 * 60_000)
    await shop.sim.scan(NUMBER, provider=before.provider)
    await shop.sim.scan(NUMBER, provider=after.provider)
    ledger = shop.pay.orders
    await ledger.write(lambda c: c.exec_driver_sql("UPDATE vk_pay_orders SET expire_due = 1"))
    shop.sim.fault("drop", provider=before.provider, operation="*close*")
    await shop.pay.run_jobs("expire")
    assert await shop.status(NUMBER) == 0

    await ledger.write(lambda c: c.exec_driver_sql("UPDATE vk_pay_orders SET expire_due = 1"))
    await shop.pay.run_jobs("expire")
    assert await shop.status(NUMBER) == -1
    assert {one.provider for one in shop.sim.orders() if one.state in PAYABLE} == set()


@pytest.mark.parametrize("name", ["wxpay", "alipay"])
async def test_paid_in_one_it_is_closed_in_the_other(shop: Shop, name: str) -> None:
    before, after = await begin(shop, name)
    await shop.sim.scan(NUMBER, provider=after.provider)
    await pays(shop, name, before)
    await shop.pay.run_jobs("repair")
    assert there(shop, after.provider).state == {"wxpay": "CLOSED", "alipay": "TRADE_CLOSED"}[after.provider]
    order = await shop.pay.orders.require(NUMBER)
    assert (order.status, order.pay_type, shop.shipped) == (1, before.pay_type, [NUMBER])
    assert (await shop.pay.run_jobs("repair")).repair == 0


@pytest.mark.parametrize("name", [name for name in NAMES if LIVES[name].store is not None])
async def test_the_app_brings_what_was_bought_though_another_way_was_begun_since(
    shop: Shop, name: str
) -> None:
    before, _ = await begin(shop, name)
    shop.sim.fault("lose_notify", times=None)
    await pays(shop, name, before)
    bought, store = there(shop, before.provider), LIVES[name].store
    assert store is not None
    signed = await store.device(shop, bought.out_trade_no)
    for _ in range(2):
        status = await shop.pay.verify_purchase(out_trade_no=NUMBER, signed_transaction=signed)
        assert (status.order_paid, status.finish) == (True, True)
    assert (shop.shipped, (await shop.pay.orders.require(NUMBER)).pay_type) == ([NUMBER], before.pay_type)
