"""refund and query_refund: no fen is promised twice, and nothing is forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.vkpay_async.fake import START_MS, Shop, not_found
from tests.vkpay_async.service.failures import NEVER_SENT, OPEN, REFUSALS
from vkpay_async import (
    InvalidArgument,
    OrderConflict,
    OrderNotFound,
    OrderNotPaid,
    OrderNotRefunded,
    Refund,
    RefundState,
    TransportOutcomeUnknown,
    VKPayError,
)


async def refund(shop: Shop, **more: Any) -> Refund:
    return await shop.pay.refund(**{"out_trade_no": "order_0001", **more})


async def row(shop: Shop) -> tuple[int, int, list[str]]:
    order = await shop.pay.orders.require("order_0001")
    return order.status, order.refund_fee, [entry.state for entry in order.refund_list]


async def fails(shop: Shop, error: VKPayError, **more: Any) -> None:
    shop.bank.fail("refund", error)
    with pytest.raises(type(error)):
        await refund(shop, **more)


async def test_all_that_is_left_when_no_amount_is_given(shop: Shop) -> None:
    await shop.paid()
    await refund(shop, refund_fee=5000)
    result = await refund(shop)
    assert (result.refund_fee, result.out_refund_no) == (14900, "order_0001-2")
    assert await row(shop) == (3, 19900, ["PROCESSING", "PROCESSING"])


async def test_what_the_front_end_gets(shop: Shop) -> None:
    await shop.paid()
    result = {
        "outTradeNo": "order_0001",
        "transactionId": "4200",
        "outRefundNo": "order_0001-1",
        "refundId": "id-order_0001-1",
        "refundFee": 5000,
        "cashRefundFee": None,
    }
    assert (await refund(shop, refund_fee=5000)).to_client() == {
        "code": 0,
        "msg": "ok",
        **result,
        "result": result,
    }


async def test_what_the_provider_gets(shop: Shop) -> None:
    await shop.paid()
    await refund(shop, refund_fee=5000, refund_desc="one box broken", out_refund_no="R*1@a")
    request = shop.bank.last("refund")
    assert (request.out_refund_no, request.refund_fee, request.total_fee) == ("R*1@a", 5000, 19900)
    assert request.reason == "one box broken"
    assert request.order.transaction_id == "4200-order_0001"
    assert request.notify_url == "https://shop.example/pay/vk-pay-notify/wxpay_h5/order_0001"
    await refund(shop)
    assert shop.bank.last("refund").reason == "用户申请退款"


async def test_it_is_kept(shop: Shop) -> None:
    await shop.paid()
    await refund(shop, refund_fee=5000, refund_desc="broken")
    order = await shop.pay.orders.require("order_0001")
    (entry,) = order.refund_list
    assert (order.status, order.refund_fee, order.refund_num) == (2, 5000, 1)
    assert (entry.out_refund_no, entry.refund_fee, entry.refund_desc) == ("order_0001-1", 5000, "broken")
    assert (entry.refund_date, entry.refund_id, entry.state) == (START_MS, "id-order_0001-1", "PROCESSING")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        *(
            ({"refund_fee": value}, "refund_fee must be a positive integer")
            for value in (0, -1, "", "1", 1.0, True, False)
        ),
        ({"refund_fee": 19901}, "more than the 19900 fen left"),
        ({"total_fee": 1}, "total_fee 1 is not the order's 19900"),
        ({"provider": "alipay"}, "is paid through wxpay_h5, not alipay"),
        *(({"out_refund_no": value}, "out_refund_no") for value in ("x" * 65, "a b", "订单")),
    ],
)
async def test_what_is_refused_before_anything_is_sent(shop: Shop, wrong: dict[str, Any], text: str) -> None:
    await shop.paid()
    with pytest.raises(InvalidArgument, match=text):
        await refund(shop, **wrong)
    assert await row(shop) == (1, 0, [])
    assert "refund" not in shop.bank.count()


async def test_an_unpaid_a_closed_and_a_missing_order(shop: Shop) -> None:
    await shop.order()
    with pytest.raises(OrderNotPaid) as unpaid:
        await refund(shop)
    await shop.pay.close_payment(out_trade_no="order_0001")
    with pytest.raises(OrderNotPaid):
        await refund(shop)
    with pytest.raises(OrderNotFound) as missing:
        await refund(shop, out_trade_no="order_0002")
    with pytest.raises(InvalidArgument) as unnamed:
        await refund(shop, out_trade_no=None)
    assert [caught.value.code for caught in (unpaid, missing, unnamed)] == [2002, 2001, 1001]


async def test_the_older_spellings_are_taken(shop: Shop) -> None:
    await shop.paid()
    result = await shop.pay.refund(
        transaction_id="4200-order_0001", provider="wxpay", total_fee=19900, refund_fee=100
    )
    assert result.refund_fee == 100


async def test_nothing_is_left(shop: Shop) -> None:
    await shop.paid()
    await refund(shop)
    with pytest.raises(InvalidArgument, match="has been refunded in full"):
        await refund(shop)
    with pytest.raises(InvalidArgument, match="more than the 0 fen left"):
        await refund(shop, refund_fee=1)


@pytest.mark.parametrize("error", [*REFUSALS, *NEVER_SENT], ids=lambda e: type(e).__name__)
async def test_a_refusal_gives_the_amount_back(shop: Shop, error: VKPayError) -> None:
    await shop.paid()
    await fails(shop, error)
    assert await row(shop) == (1, 0, ["REFUSED"])
    result = await refund(shop)
    assert (result.refund_fee, result.out_refund_no) == (19900, "order_0001-2")


@pytest.mark.parametrize("error", OPEN, ids=lambda e: type(e).__name__)
async def test_an_open_outcome_keeps_the_amount_until_it_is_settled(shop: Shop, error: VKPayError) -> None:
    await shop.paid()
    await fails(shop, error)
    assert await row(shop) == (1, 19900, ["UNKNOWN"])
    with pytest.raises(
        InvalidArgument, match=r"refund 'order_0001-1' is unknown: call query_refund, or repeat"
    ):
        await refund(shop)
    result = await refund(shop, out_refund_no="order_0001-1")
    assert result.refund_fee == 19900
    assert await row(shop) == (3, 19900, ["PROCESSING"])
    assert shop.bank.count()["refund"] == 2


@pytest.mark.parametrize("error", NEVER_SENT, ids=lambda e: type(e).__name__)
async def test_a_repeat_that_nobody_looked_at_settles_nothing(shop: Shop, error: VKPayError) -> None:
    await shop.paid()
    await fails(shop, TransportOutcomeUnknown("no answer"))
    await fails(shop, error, out_refund_no="order_0001-1")
    assert await row(shop) == (1, 19900, ["UNKNOWN"])


@pytest.mark.parametrize("error", REFUSALS, ids=lambda e: type(e).__name__)
async def test_a_repeat_that_is_refused_settles_it(shop: Shop, error: VKPayError) -> None:
    await shop.paid()
    await fails(shop, TransportOutcomeUnknown("no answer"))
    await fails(shop, error, out_refund_no="order_0001-1")
    assert await row(shop) == (1, 0, ["REFUSED"])


@pytest.mark.parametrize("error", [*REFUSALS, *NEVER_SENT, *OPEN], ids=lambda e: type(e).__name__)
async def test_a_failed_repeat_does_not_undo_a_refund(shop: Shop, error: VKPayError) -> None:
    await shop.paid()
    await refund(shop, refund_fee=100)
    await fails(shop, error, refund_fee=100, out_refund_no="order_0001-1")
    assert await row(shop) == (2, 100, ["PROCESSING"])


async def test_a_repeat_keeps_the_amount(shop: Shop) -> None:
    await shop.paid()
    await refund(shop, refund_fee=100)
    assert (await refund(shop, out_refund_no="order_0001-1")).refund_fee == 100
    with pytest.raises(OrderConflict, match="a repeat must keep the amount"):
        await refund(shop, out_refund_no="order_0001-1", refund_fee=101)
    assert await row(shop) == (2, 100, ["PROCESSING"])


async def test_a_caller_who_went_away_leaves_the_amount_reserved(shop: Shop) -> None:
    await shop.paid()
    shop.bank.fail("refund", asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await refund(shop)
    assert await row(shop) == (1, 19900, ["PENDING"])
    await refund(shop, out_refund_no="order_0001-1")
    assert await row(shop) == (3, 19900, ["PROCESSING"])


async def test_fifty_at_once_never_give_back_more_than_was_paid(shop_on_disk: Shop) -> None:
    shop = shop_on_disk
    await shop.paid()
    results = await asyncio.gather(
        *(refund(shop, refund_fee=1000, out_refund_no=f"R{n}") for n in range(50)), return_exceptions=True
    )
    assert sum(isinstance(result, Refund) for result in results) == 19
    assert shop.bank.count()["refund"] == 19
    status, refunded, _ = await row(shop)
    assert (status, refunded) == (2, 19000)


class TestQuery:
    async def test_the_newest(self, shop: Shop) -> None:
        await shop.paid()
        await refund(shop, refund_fee=100)
        await refund(shop, refund_fee=5000)
        shop.bank.refunds["order_0001-2"] = Refund(
            out_trade_no="order_0001",
            out_refund_no="order_0001-2",
            state=RefundState.SUCCESS,
            raw_state="SUCCESS",
            refund_fee=5000,
            total_fee=19900,
            refund_id="50",
            transaction_id="4200",
            cash_refund_fee=4900,
        )
        status = await shop.pay.query_refund(out_trade_no="order_0001")
        client = status.to_client()
        assert client["code"] == 0
        assert client["msg"] == "订单 order_0001：共 199.00 元，已退 51.00 元；本次退款 50.00 元：SUCCESS"
        assert client["queryResult"] == {
            "outTradeNo": "order_0001",
            "transactionId": "4200",
            "outRefundNo": "order_0001-2",
            "refundId": "50",
            "refundFee": 5000,
            "cashRefundFee": 4900,
            "refundStatus": "SUCCESS",
            "totalFee": 19900,
        }
        assert client["orderInfo"].keys() == {
            "out_trade_no", "transaction_id", "total_fee", "refund_fee", "refund_num", "refund_list",
            "pay_type", "status", "type",
        }  # fmt: skip
        assert [entry.state for entry in status.order.refund_list] == ["SUCCESS", "PROCESSING"]

    async def test_any_other(self, shop: Shop) -> None:
        await shop.paid()
        await refund(shop, refund_fee=100)
        await refund(shop, refund_fee=5000)
        status = await shop.pay.query_refund(
            out_trade_no="order_0001", out_refund_no="order_0001-1", provider="wxpay"
        )
        assert status.refund.refund_fee == 100

    async def test_an_open_outcome_is_settled(self, shop: Shop) -> None:
        await shop.paid()
        await refund(shop)
        kept = shop.bank.refunds["order_0001-1"]
        await shop.pay.orders.set_refund("order_0001", "order_0001-1", state="CLOSED")
        await fails(shop, TransportOutcomeUnknown("no answer"), out_refund_no="order_0001-1")
        assert await row(shop) == (1, 19900, ["UNKNOWN"])
        shop.bank.refunds["order_0001-1"] = kept
        await shop.pay.query_refund(out_trade_no="order_0001")
        assert await row(shop) == (3, 19900, ["PROCESSING"])

    async def test_one_that_never_arrived_stays_reserved_for_the_repeat(self, shop: Shop) -> None:
        await shop.paid()
        await fails(shop, TransportOutcomeUnknown("no answer"))
        with pytest.raises(type(not_found())):
            await shop.pay.query_refund(out_trade_no="order_0001")
        assert await row(shop) == (1, 19900, ["UNKNOWN"])

    async def test_no_refund_and_no_order(self, shop: Shop) -> None:
        await shop.paid()
        with pytest.raises(OrderNotRefunded) as none:
            await shop.pay.query_refund(out_trade_no="order_0001")
        with pytest.raises(OrderNotFound) as missing:
            await shop.pay.query_refund(out_trade_no="order_0002")
        assert (none.value.code, missing.value.code) == (2003, 2001)
