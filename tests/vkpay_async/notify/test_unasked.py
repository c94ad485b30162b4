"""Refunds that nobody asked for: a provider that is the shop gives money back, and takes that back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vkpay_async.fake import Shop
from tests.vkpay_async.notify.handling import accepted
from vkpay_async import NotificationMismatch, NotificationResult, RefundedOrder, RefundState
from vkpay_async.models import Notification, Refund
from vkpay_async.notify.routes import console_path

ADDRESS = console_path("wxpay_h5")
TX = "4200-order_0001"


@pytest.fixture
def told(shop: Shop) -> list[RefundedOrder]:
    told: list[RefundedOrder] = []

    @shop.pay.on_refunded("goods")
    async def refunded(order: RefundedOrder) -> None:
        told.append(order)

    return told


async def bought(shop: Shop) -> None:
    await shop.order()
    await shop.pay.orders.set_providers_number("order_0001", "P1")
    await shop.notify()


async def given_back(shop: Shop, at: int = 1, share: int = 100_000, **fields: Any) -> NotificationResult:
    return await heard(shop, f"{TX}-{at}", RefundState.SUCCESS, at, share, **fields)


async def reversed_(shop: Shop, at: int = 2, **fields: Any) -> NotificationResult:
    return await heard(shop, f"{TX}-{at}", RefundState.CLOSED, at, 100_000, **fields)


async def heard(
    shop: Shop, number: str, state: RefundState, at: int, share: int, **fields: Any
) -> NotificationResult:
    known: dict[str, Any] = {
        "out_trade_no": "",
        "provider_order_no": "P1",
        "transaction_id": TX,
        "refund_id": TX,
        "raw_state": "REFUND_FULL",
        "refund_fee": 0,
        "appid": "wx1",
    }
    refund = Refund(out_refund_no=number, state=state, share=share, success_time=at, **known | fields)
    event = Notification(kind="refund", id=number, event="REFUND", refund=refund)
    result = await shop.deliver(ADDRESS, event)
    await shop.pay.idle()
    return result


async def test_the_order_is_refunded_and_its_handler_told(shop: Shop, told: list[RefundedOrder]) -> None:
    await bought(shop)
    for _ in range(2):
        assert accepted(await given_back(shop))
    order = await shop.pay.orders.require("order_0001")
    assert (order.status, order.refund_fee, order.refund_num) == (3, 19900, 1)
    (entry,) = order.refund_list
    assert (entry.out_refund_no, entry.refund_fee, entry.state) == (f"{TX}-1", 19900, "SUCCESS")
    assert (entry.refund_desc, entry.refund_date, entry.refund_id) == ("REFUND_FULL", 1, TX)
    assert [(one.refund.refund_fee, one.refund.total_fee) for one in told] == [(19900, 19900)]


@pytest.mark.parametrize(
    ("share", "fee", "status"), [(50_000, 9950, 2), (33_333, 6633, 2), (99_999, 19899, 2)]
)
async def test_a_part(shop: Shop, told: list[RefundedOrder], share: int, fee: int, status: int) -> None:
    await bought(shop)
    await given_back(shop, share=share)
    order = await shop.pay.orders.require("order_0001")
    assert (order.refund_fee, order.status) == (fee, status)


async def test_taken_back_and_given_again(shop: Shop, told: list[RefundedOrder]) -> None:
    await bought(shop)
    await given_back(shop, 1, 50_000)
    for _ in range(2):
        assert accepted(await reversed_(shop, 2))
    order = await shop.pay.orders.require("order_0001")
    assert (order.status, order.refund_fee) == (1, 0)
    await given_back(shop, 3)
    order = await shop.pay.orders.require("order_0001")
    assert (order.status, order.refund_fee, order.refund_num) == (3, 19900, 2)
    assert [(one.refund.state.value, one.refund.refund_fee) for one in told] == [
        ("SUCCESS", 9950),
        ("CLOSED", 9950),
        ("SUCCESS", 19900),
    ]


async def test_a_late_copy_of_an_old_reversal_undoes_nothing_new(
    shop: Shop, told: list[RefundedOrder]
) -> None:
    await bought(shop)
    await given_back(shop, 1)
    await reversed_(shop, 2)
    await given_back(shop, 3)
    assert accepted(await reversed_(shop, 2))
    assert (await shop.pay.orders.require("order_0001")).status == 3
    assert len(told) == 3


async def test_a_reversal_of_what_was_never_heard(shop: Shop, told: list[RefundedOrder]) -> None:
    await bought(shop)
    assert accepted(await reversed_(shop))
    order = await shop.pay.orders.require("order_0001")
    assert (order.status, order.refund_fee) == (1, 0)


async def test_never_more_than_what_is_left(shop: Shop, told: list[RefundedOrder]) -> None:
    await bought(shop)
    await given_back(shop, 1, 60_000)
    await given_back(shop, 2, 60_000)
    assert accepted(await given_back(shop, 3, 60_000))
    order = await shop.pay.orders.require("order_0001")
    assert (order.refund_fee, order.status) == (19900, 3)
    assert [entry.refund_fee for entry in order.refund_list] == [7960, 11940]


async def test_an_order_that_was_never_known_to_be_paid(shop: Shop, told: list[RefundedOrder]) -> None:
    await shop.order()
    await shop.pay.orders.set_providers_number("order_0001", "P1")
    assert accepted(await given_back(shop))
    (event,) = await shop.events()
    assert (event.state, "before it was known" in str(event.error)) == ("unmatched", True)
    assert (await shop.pay.orders.require("order_0001")).status == 0
    assert told == []


async def test_where_it_is_paid_all_the_same_a_replay_takes_it_back(
    shop: Shop, told: list[RefundedOrder]
) -> None:
    """Late news of the payment, of which the provider could not be asked."""
    await shop.order()
    await shop.pay.orders.set_providers_number("order_0001", "P1")
    await given_back(shop)
    (event,) = await shop.events()
    assert "replay this" in str(event.error)
    await shop.notify()
    assert (await shop.pay.replay_notification(event.id)).state == "done"
    assert (await shop.pay.orders.require("order_0001")).status == 3
    assert [one.refund.refund_fee for one in told] == [19900]


async def test_a_refund_of_such_an_order_that_is_undone_is_for_a_person_to_see(
    shop: Shop, told: list[RefundedOrder]
) -> None:
    await shop.order()
    await shop.pay.orders.set_providers_number("order_0001", "P1")
    assert accepted(await reversed_(shop))
    (event,) = await shop.events()
    assert (event.state, "was undone" in str(event.error)) == ("unmatched", True)
    assert (await shop.pay.orders.require("order_0001")).status == 0


async def test_the_order_is_the_one_that_the_payment_paid(shop: Shop, told: list[RefundedOrder]) -> None:
    """Also where the number of ours in it is the first order's of a subscription."""
    await bought(shop)
    await shop.order("order_0002")
    await shop.notify("order_0002", transaction_id="tx2")
    assert accepted(await given_back(shop, transaction_id="tx2", refund_id="tx2"))
    assert (await shop.pay.orders.require("order_0002")).status == 3
    assert (await shop.pay.orders.require("order_0001")).status == 1


async def test_a_second_payments_refund_is_kept_and_acknowledged(
    shop: Shop, told: list[RefundedOrder]
) -> None:
    """Nothing that the provider could say again would change anything: it is not to come again for it."""
    await bought(shop)
    assert accepted(await shop.notify(transaction_id="tx9"))
    for _ in range(2):
        assert accepted(await given_back(shop, transaction_id="tx9", refund_id="tx9"))
    assert accepted(await reversed_(shop, transaction_id="tx9", refund_id="tx9"))
    order = await shop.pay.orders.require("order_0001")
    assert (order.status, order.transaction_id, order.refund_list) == (1, TX, ())
    errors = [str(event.error) for event in await shop.events() if event.state == "unmatched"]
    assert [text.split(" order_0001")[0] for text in errors] == [
        "order",
        "tx9, a second payment of order",
        "the refund of tx9, a second payment of order",
    ]
    assert told == []


async def test_another_apps_refund_is_refused_as_ever(shop: Shop, told: list[RefundedOrder]) -> None:
    await bought(shop)
    result = await given_back(shop, transaction_id="tx9", refund_id="tx9", appid="wx7")
    assert isinstance(result.error, NotificationMismatch)
    assert result.reply.body == b"again"
