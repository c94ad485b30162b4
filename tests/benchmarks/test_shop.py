"""A shop that is filled in bulk looks as if the SDK had taken its orders and heard of its payments."""

from __future__ import annotations

from pathlib import Path

from benchmarks.shop import Shop, created, fill, is_paid, number, transaction_id
from benchmarks.works import provider_of
from vkpay_async.ledger import Ledger

SIZE = 100


async def test_what_is_filled_in_is_what_the_ledger_would_have_kept(tmp_path: Path) -> None:
    shop = Shop(SIZE, provider_of("wxpay_h5"))
    filled = Ledger(f"sqlite:///{tmp_path}/filled.db")
    await fill(filled, shop)
    by_hand = Ledger(f"sqlite:///{tmp_path}/hand.db")
    await by_hand.open()
    await filled.open()
    for n in range(20):
        await by_hand.add(shop.order(n), repair_due=shop.repair_due(n))
        if is_paid(n):
            claimed = await by_hand.claim(shop.payment(n, created(n) + 20_000))
            assert claimed.moved
            ours = await filled.get(number(n))
            assert ours is not None
            assert (ours.status, ours.transaction_id, ours.pay_date) == (
                1,
                transaction_id(n),
                created(n) + 20_000,
            )
            assert ours.notify_path == shop.order(n).notify_path
        else:
            assert await filled.get(number(n)) == await by_hand.get(number(n))
    await by_hand.close()
    await filled.close()


async def test_a_payment_that_is_filled_in_is_not_heard_again(tmp_path: Path) -> None:
    shop = Shop(SIZE, provider_of("wxpay_h5"))
    ledger = Ledger(f"sqlite:///{tmp_path}/filled.db")
    await fill(ledger, shop)
    await ledger.open()
    paid = next(n for n in range(SIZE) if is_paid(n))
    unpaid = next(n for n in range(SIZE) if not is_paid(n))
    assert not (await ledger.claim(shop.payment(paid, shop.now))).moved
    assert (await ledger.claim(shop.payment(unpaid, shop.now))).moved
    await ledger.close()


async def test_every_order_is_there_once(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/filled.db")
    await fill(ledger, Shop(SIZE, provider_of("wxpay_h5")))
    await ledger.open()
    page = await ledger.page(page_size=SIZE)
    assert [order.out_trade_no for order in page] == [number(n) for n in reversed(range(SIZE))]
    await ledger.close()
