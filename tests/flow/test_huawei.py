"""Huawei Pay through a whole life, against the simulator: orders, the phone, callbacks, refunds, lost answers."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import Any

import aiohttp
import pytest

from tests.flow.conftest import open_shop
from vkpay_async import (
    OrderConflict,
    OrderStateConflict,
    OutcomeUnknown,
    ProviderError,
    RefundTooSoon,
    ResourceNotFound,
    TransportError,
)
from vkpay_async.models import CreateOrder, RefundState, TradeState
from vkpay_async.transport import pause_before
from vkpay_simulator.providers.base import SimulatorError

PIDS = ["default", "certs"]  # the first signs with RSA, the other with SM2
DAY_S = 86_400


async def order(shop: Any, number: str = "huawei_1", platform: str = "mp-harmony", **more: Any) -> Any:
    return await shop.pay.create_payment(
        provider="huawei",
        platform=platform,
        out_trade_no=number,
        total_fee=1000,
        subject="Tea 500 g",
        type="goods",
        **more,
    )


async def phone(shop: Any, payment: Any, outcome: str = "pay") -> int:
    """What ``requestPayment`` says to the text of the payment."""
    body = {"order_str": payment.to_client()["orderInfo"], "outcome": outcome}
    url = f"{shop.sim.url}/_sim/huawei/request-payment"
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        said: dict[str, Any] = await answer.json()
    return int(said["code"])


async def settled(shop: Any) -> None:
    await shop.sim.advance(0)
    await shop.pay.idle()


@pytest.fixture
async def paid(shop: Any) -> Any:
    payment = await order(shop)
    await shop.sim.pay(payment.out_trade_no)
    await shop.pay.idle()
    return payment


@pytest.mark.parametrize("pid", PIDS)
@pytest.mark.parametrize("platform", ["mp-harmony", "app-harmony"])
async def test_a_payment_and_its_callback(shop: Any, pid: str, platform: str) -> None:
    payment = await order(shop, platform=platform, pid=pid)
    assert payment.pay_type == f"huawei_{platform}"
    assert payment.to_client()["orderInfo"] == payment.order_info.order_string
    assert (await shop.pay.query_payment(out_trade_no="huawei_1")).trade_state is TradeState.NOTPAY
    assert await phone(shop, payment) == 0
    await settled(shop)
    assert shop.shipped == ["huawei_1"]
    status = await shop.pay.query_payment(out_trade_no="huawei_1", pay_order_info=True)
    assert (status.order_paid, status.status, status.trade_state) == (True, 1, TradeState.SUCCESS)
    assert status.pay_order.notify_mode == 1
    (delivery,) = shop.sim.deliveries()
    assert (delivery.state, delivery.attempts[0].reply) == (
        "delivered",
        '{"resultCode":"000000","resultDesc":"Success."}',
    )


async def test_a_lost_callback_comes_again_or_the_query_tells(shop: Any) -> None:
    payment = await order(shop)
    shop.sim.fault(lose_notify=2)
    await shop.sim.pay(payment.out_trade_no)
    status = await shop.pay.query_payment(out_trade_no="huawei_1", await_notify=True)
    assert status.user_order_success
    await shop.sim.advance(41)
    await shop.pay.idle()
    assert shop.runs == 1
    assert shop.sim.deliveries()[0].state == "delivered"


async def test_copies_and_forgeries(shop: Any) -> None:
    payment = await order(shop)
    shop.sim.fault("bad_signature", operation="huawei.notify")
    await shop.sim.pay(payment.out_trade_no)
    await shop.pay.idle()
    assert shop.shipped == []
    assert await shop.status("huawei_1") == 0
    shop.sim.fault("duplicate_notify", copies=10)
    await shop.sim.advance(20)
    await shop.pay.idle()
    assert shop.shipped == ["huawei_1"]


async def test_another_amount_is_kept_for_a_person(shop: Any) -> None:
    payment = await order(shop)
    huawei = shop.sim.world.providers["huawei"]
    stranger = huawei._book.pick("huawei_1", None)
    stranger.request = type(stranger.request)(
        **{**{f: getattr(stranger.request, f) for f in stranger.request.__struct_fields__}, "totalAmount": 1}
    )
    await shop.sim.pay(payment.out_trade_no)
    await shop.pay.idle()
    assert await shop.status("huawei_1") == 0
    assert shop.shipped == []


async def test_the_buyer_leaves_and_comes_back(shop: Any) -> None:
    """Huawei Pay takes a number once: the second text is for the first prepayment."""
    first = await order(shop)
    assert await phone(shop, first, "cancel") == 1001930000
    second = await order(shop)
    texts = [json.loads(payment.order_info.order_string) for payment in (first, second)]
    assert texts[0]["prepay_id"] == texts[1]["prepay_id"]
    assert await phone(shop, first) == 1001930010
    assert await phone(shop, second) == 0
    await settled(shop)
    assert shop.shipped == ["huawei_1"]


async def test_a_number_that_was_used_otherwise(shop: Any) -> None:
    await order(shop)
    huawei = shop.pay.provider("huawei_mp-harmony")
    other = CreateOrder(
        pay_type="huawei_mp-harmony",
        out_trade_no="huawei_1",
        subject="Tea 500 g",
        total_fee=2000,
        notify_url="http://127.0.0.1:1/n",
    )
    with pytest.raises(OrderStateConflict, match="with a new out_trade_no"):
        await huawei.create(other)


async def test_a_bank_that_refuses(shop: Any) -> None:
    assert await phone(shop, await order(shop), "fail") == 1001930001
    await settled(shop)
    status = await shop.pay.query_payment(out_trade_no="huawei_1")
    assert (status.order_paid, status.status, status.trade_state) == (False, 0, TradeState.PAYERROR)
    assert shop.sim.deliveries()[0].state == "delivered"


async def test_closing(shop: Any) -> None:
    payment = await order(shop)
    assert (await shop.pay.close_payment(out_trade_no="huawei_1")).status == -1
    assert await phone(shop, payment) == 1001930001
    with pytest.raises(SimulatorError, match="CLOSED"):
        await shop.sim.pay("huawei_1")
    with pytest.raises(OrderConflict):
        await order(shop)


@pytest.mark.parametrize("pid", PIDS)
async def test_refunds_a_minute_apart_and_their_callbacks(shop: Any, pid: str) -> None:
    told: list[Any] = []

    @shop.pay.on_refunded("goods")
    async def keep(refunded: Any) -> None:
        told.append(refunded)

    await order(shop, pid=pid)
    await shop.sim.pay("huawei_1")
    await shop.pay.idle()
    first = await shop.pay.refund(out_trade_no="huawei_1", refund_fee=400)
    assert first.state is RefundState.PROCESSING
    with pytest.raises(RefundTooSoon) as soon:
        await shop.pay.refund(out_trade_no="huawei_1")
    assert soon.value.code == 2004
    row = await shop.pay.orders.require("huawei_1")
    assert (row.refundable, [entry.state for entry in row.refund_list]) == (600, ["REFUSED", "PROCESSING"])
    await shop.sim.advance(60)
    await shop.pay.refund(out_trade_no="huawei_1")
    await shop.sim.advance(2)
    await shop.pay.idle()
    row = await shop.pay.orders.require("huawei_1")
    assert (row.status, row.refund_fee) == (3, 1000)
    assert [(one.refund.out_refund_no, one.refund.state) for one in told] == [
        (first.out_refund_no, RefundState.SUCCESS),
        (row.refund_list[0].out_refund_no, RefundState.SUCCESS),
    ]
    assert {one.refund.out_trade_no for one in told} == {"huawei_1"}


async def test_a_refund_that_fails_gives_the_amount_back(shop: Any, paid: Any) -> None:
    await shop.pay.refund(out_trade_no="huawei_1")
    await shop.sim.settle_refund("huawei_1-1", "FAILED")
    await shop.pay.idle()
    row = await shop.pay.orders.require("huawei_1")
    assert (row.status, row.refundable, row.refund_list[0].state) == (1, 1000, "CLOSED")


@pytest.mark.parametrize("after", [False, True], ids=["lost on the way there", "lost on the way back"])
async def test_a_refund_without_an_answer_is_unknown_and_its_repeat_settles_it(
    shop: Any, paid: Any, after: bool
) -> None:
    shop.sim.fault("drop", after=after, operation="huawei.refund")
    shop.sim.fault(lose_notify=1)
    with pytest.raises(OutcomeUnknown):
        await shop.pay.refund(out_trade_no="huawei_1", refund_fee=400)
    assert (await shop.pay.orders.require("huawei_1")).refund_list[0].state == "UNKNOWN"
    await shop.sim.advance("2m")
    await shop.pay.refund(out_trade_no="huawei_1", refund_fee=400, out_refund_no="huawei_1-1")
    await shop.sim.advance("2m")
    await shop.pay.idle()
    row = await shop.pay.orders.require("huawei_1")
    assert (row.status, row.refund_fee, row.refund_num) == (2, 400, 1)
    assert shop.sim.orders()[0].refunded_fee == 400


async def test_a_repeat_by_the_transport_gets_a_trace_number_of_its_own(
    vkpay_sim: Any, tmp_path: Any
) -> None:
    """The first try arrives and its answer is lost: the repeat is no duplicate to the gateway, and no second refund."""
    shop, runner = await open_shop(vkpay_sim, tmp_path / "orders.db")
    try:
        shop.pay._transport._policy = pause_before(3)
        await order(shop)
        await shop.sim.pay("huawei_1")
        shop.sim.fault("drop", after=True, operation="huawei.refund")
        refund = await shop.pay.refund(out_trade_no="huawei_1", refund_fee=400)
        assert refund.state is RefundState.PROCESSING
        codes = [
            json.loads(entry.response_body).get("subCode") if entry.response_body else None
            for entry in shop.sim.journal(operation="huawei.refund")
        ]
        assert codes == [None, "INVALID_DUPLICATE_REQUEST", None]
        assert shop.sim.orders()[0].refunded_fee == 400
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("code", "error"), [("CHECK_ACCOUNT_BALANCE", ProviderError), ("INVALID_ARGUMENTS", ProviderError)]
)
async def test_a_refused_refund_gives_the_amount_back(
    shop: Any, paid: Any, code: str, error: type[Exception]
) -> None:
    shop.sim.fault("business_code", code=code, operation="huawei.refund")
    with pytest.raises(error, match=code):
        await shop.pay.refund(out_trade_no="huawei_1")
    row = await shop.pay.orders.require("huawei_1")
    assert (row.refundable, row.refund_list[0].state) == (1000, "REFUSED")


@pytest.mark.parametrize("fault", ["500000", "UNKNOW_ERROR"])
async def test_a_service_that_fails_in_the_middle(shop: Any, paid: Any, fault: str) -> None:
    shop.sim.fault("business_code", code=fault, operation="huawei.refund")
    with pytest.raises(OutcomeUnknown):
        await shop.pay.refund(out_trade_no="huawei_1")
    assert (await shop.pay.orders.require("huawei_1")).refundable == 0


async def test_an_answer_with_a_forged_signature_is_not_believed(shop: Any, paid: Any) -> None:
    shop.sim.fault("bad_signature", operation="huawei.refund")
    shop.sim.fault(lose_notify=1)
    with pytest.raises(OutcomeUnknown):
        await shop.pay.refund(out_trade_no="huawei_1")


async def test_a_create_without_an_answer_uses_the_number_up(shop: Any) -> None:
    shop.sim.fault("drop", after=True, operation="huawei.prepay")
    with pytest.raises(TransportError) as lost:
        await order(shop)
    assert lost.value.outcome_known
    with pytest.raises(OrderStateConflict):
        await order(shop)
    assert await order(shop, "huawei_2")


async def test_a_create_that_did_not_arrive_can_be_repeated(shop: Any) -> None:
    shop.sim.fault("drop", operation="huawei.prepay")
    with pytest.raises(TransportError):
        await order(shop)
    assert await phone(shop, await order(shop)) == 0


async def test_fields_that_nobody_knows(shop: Any) -> None:
    shop.sim.world.providers["huawei"].rules.extra_fields = True
    assert await phone(shop, await order(shop)) == 0
    await settled(shop)
    assert shop.shipped == ["huawei_1"]


async def test_a_payment_that_takes_its_time(shop: Any) -> None:
    shop.sim.world.providers["huawei"].rules.pay_delay_s = 30
    assert await phone(shop, await order(shop)) == 0
    status = await shop.pay.query_payment(out_trade_no="huawei_1")
    assert status.trade_state is TradeState.USERPAYING
    await shop.sim.advance(30)
    await shop.pay.idle()
    assert shop.shipped == ["huawei_1"]


async def test_a_promotion_is_part_of_what_was_asked_for(shop: Any) -> None:
    shop.sim.world.providers["huawei"].rules.promotion_percent = 10
    await order(shop)
    await shop.sim.pay("huawei_1")
    await shop.pay.idle()
    assert shop.shipped == ["huawei_1"]
    refund = await shop.pay.refund(out_trade_no="huawei_1", refund_fee=500)
    assert (refund.refund_fee, refund.cash_refund_fee) == (500, 450)


async def test_a_service_provider(shop: Any) -> None:
    sub = shop.sim.merchant("partner")["huawei"]["mp-harmony"]["subMerchants"][0]
    names = {"sub_mchid": sub["subMchid"], "sub_appid": sub["subAppid"]}
    assert await phone(shop, await order(shop, pid="partner", **names)) == 0
    await settled(shop)
    assert shop.shipped == ["huawei_1"]
    await shop.pay.refund(out_trade_no="huawei_1", refund_fee=400)
    await shop.sim.advance(2)
    status = await shop.pay.query_refund(out_trade_no="huawei_1")
    assert status.refund.state is RefundState.SUCCESS


async def test_the_bill_of_the_day_agrees(shop: Any, paid: Any) -> None:
    await shop.pay.refund(out_trade_no="huawei_1", refund_fee=400)
    await shop.sim.advance(2)
    await shop.pay.idle()
    now = shop.sim.world.clock.now()
    day = dt.datetime.fromtimestamp(now / 1000, dt.timezone(dt.timedelta(hours=8))).date()
    await shop.sim.advance("40h")
    rows = await shop.pay.provider("huawei_mp-harmony").trade_bill(day)
    assert [(row.kind, row.out_trade_no, row.out_refund_no, row.amount) for row in rows] == [
        ("payment", "huawei_1", None, 1000),
        ("refund", "huawei_1", "huawei_1-1", 400),
    ]
    assert len(await shop.pay.provider("huawei_mp-harmony").settle_bill(day)) == 2
    (result,) = await shop.pay.reconcile(day, provider="huawei", pid="default")
    assert (result.payments, result.refunds, result.differences) == (1, 1, [])
    assert await shop.pay.provider("huawei_mp-harmony", pid="certs").trade_bill(day) == ()


async def test_a_hundred_callbacks_at_once(shop: Any) -> None:
    numbers = [f"huawei_{n}" for n in range(100)]
    for number in numbers:
        await order(shop, number)
    await asyncio.gather(*(shop.sim.pay(number) for number in numbers))
    await shop.pay.idle()
    assert sorted(shop.shipped) == sorted(numbers)


async def test_what_nobody_opened_is_not_found(shop: Any) -> None:
    await order(shop)
    with pytest.raises(ResourceNotFound):
        await shop.pay.provider("huawei_mp-harmony").query((await shop.pay.orders.require("huawei_1")).ref())
