"""An order that was given a number of the provider's more than once: any of them may still be paid."""

from __future__ import annotations

import pytest

from tests.vkpay_async.fake import Shop
from tests.vkpay_async.notify.test_console_address import paid
from vkpay_async import NotificationMismatch
from vkpay_async.models import Notification
from vkpay_async.notify import NotificationResult
from vkpay_async.notify.routes import payment_path
from vkpay_async.order import Order

NUMBER = "order_0001"


async def attempts(shop: Shop, *numbers: str) -> None:
    for number in numbers:
        await shop.order(NUMBER)
        await shop.pay.orders.set_providers_number(NUMBER, number)


async def deliver(shop: Shop, event: Notification) -> NotificationResult:
    return await shop.deliver(payment_path("wxpay_h5", NUMBER), event)


async def order_of(shop: Shop) -> Order:
    return await shop.pay.orders.require(NUMBER)


async def test_the_latest_comes_first_and_each_is_kept_once(shop: Shop) -> None:
    await attempts(shop, "P1", "P2", "P2", "P3", "P1")
    order = await order_of(shop)
    assert (order.provider_order_no, order.former_order_nos) == ("P1", ("P3", "P2"))
    assert order.ref().former_order_nos == ("P3", "P2")


async def test_no_more_than_twenty_are_kept(shop: Shop) -> None:
    await attempts(shop, *(f"P{number}" for number in range(25)))
    assert (await order_of(shop)).former_order_nos == tuple(f"P{number}" for number in range(23, 3, -1))


@pytest.mark.parametrize("number", ["P1", "P2", "P3"])
async def test_whichever_is_paid_pays_the_order_and_is_its_number_then(shop: Shop, number: str) -> None:
    shop.listen()
    await attempts(shop, "P1", "P2", "P3")
    result = await deliver(shop, paid(shop, provider_order_no=number))
    assert result.first
    order = await order_of(shop)
    assert (order.status, order.provider_order_no) == (1, number)
    assert {number, *order.former_order_nos} == {"P1", "P2", "P3"}


async def test_a_second_payment_is_kept_for_a_person(shop: Shop) -> None:
    shop.listen()
    await attempts(shop, "P1", "P2")
    await deliver(shop, paid(shop, provider_order_no="P1", transaction_id="t1"))
    result = await deliver(shop, paid(shop, provider_order_no="P2", transaction_id="t2"))
    result.raise_for_error()
    assert len(shop.runs) == 1
    assert (await order_of(shop)).provider_order_no == "P1"
    (unmatched,) = (event for event in await shop.events() if event.state == "unmatched")
    assert "paid twice: by t1, and now by t2" in str(unmatched.error)


async def test_a_number_of_another_order_still_pays_nothing(shop: Shop) -> None:
    await attempts(shop, "P1", "P2")
    result = await deliver(shop, paid(shop, provider_order_no="P9"))
    assert isinstance(result.error, NotificationMismatch)


async def test_an_answer_that_comes_after_the_payment_does_not_take_its_number(shop: Shop) -> None:
    """The payer pays the old link while a new one is being made."""
    await attempts(shop, "P1")
    await deliver(shop, paid(shop, provider_order_no="P1"))
    await shop.pay.orders.set_providers_number(NUMBER, "P2")
    order = await order_of(shop)
    assert (order.provider_order_no, order.former_order_nos) == ("P1", ("P2",))


async def test_an_amount_may_be_left_out_by_whom_the_order_was_made_with(shop: Shop) -> None:
    await attempts(shop, "P1")
    unnumbered = await deliver(shop, paid(shop, total_fee=None))
    assert isinstance(unnumbered.error, NotificationMismatch)
    result = await deliver(shop, paid(shop, total_fee=None, provider_order_no="P1"))
    result.raise_for_error()
    assert (await order_of(shop)).status == 1
