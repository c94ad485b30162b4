"""VksPay, the SDK and the simulator together."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.flow.conftest import Shop
from vkpay_async import (
    CodePayResult,
    InvalidArgument,
    OrderStateConflict,
    OutcomeUnknown,
    PayLink,
    Payment,
    Refund,
    RefundState,
    ResourceNotFound,
    TradeState,
)
from vkpay_async.errors import ProviderUnavailable
from vkpay_simulator.actions import DeliveryView
from vkpay_simulator.providers.vkspay import VkspaySim
from vkpay_simulator.running import RunningSimulator

TOTAL = 19900


def gateway(sim: RunningSimulator) -> VkspaySim:
    provider = sim.world.providers["vkspay"]
    assert isinstance(provider, VkspaySim)
    return provider


async def control(shop: Shop, name: str, **body: Any) -> Any:
    async with (
        ClientSession() as session,
        session.post(f"{shop.sim.url}/_sim/vkspay/{name}", json=body) as response,
    ):
        assert response.status == 200, await response.text()
        return await response.json()


@pytest.fixture
async def ignoring(shop: Shop) -> Shop:
    """The gateway has numbers of its own and takes none of ours: what nobody can rule out of the real one."""
    await control(shop, "rules", own_numbers=False)
    return shop


@pytest.fixture(params=[True, False], ids=["takes our numbers", "has its own"])
async def either(shop: Shop, request: pytest.FixtureRequest) -> Shop:
    await control(shop, "rules", own_numbers=request.param)
    return shop


async def scan(shop: Shop, out_trade_no: str, auth_code: str = "134567890123456789", **more: Any) -> Payment:
    return await shop.pay.create_payment(
        provider="vkspay",
        out_trade_no=out_trade_no,
        total_fee=TOTAL,
        subject="Tea",
        type="goods",
        auth_code=auth_code,
        **more,
    )


async def delivered(shop: Shop, delivery: str) -> DeliveryView:
    for _ in range(200):
        (one,) = (each for each in shop.sim.deliveries() if each.id == delivery)
        if one.attempts:
            return one
        await asyncio.sleep(0.01)
    raise AssertionError("the notification was not sent")


def refunded_at_gateway(shop: Shop) -> int:
    return sum(order.refunded_fee for order in shop.sim.orders())


class TestWholeLife:
    async def test_create_pay_notify_query_refund(self, either: Shop) -> None:
        shop = either
        payment = await shop.order("vkspay")
        number = payment.out_trade_no
        assert isinstance(payment.order_info, PayLink)
        order = await shop.pay.orders.require(number)
        assert order.provider_order_no == payment.order_info.order_no == shop.sim.orders()[0].out_trade_no

        await shop.sim.pay(number, channel="alipay")
        order = await shop.pay.orders.require(number)
        assert (order.status, order.notify_info["pay_chnl"]) == (1, "alipay")
        assert shop.shipped == [number]

        status = await shop.pay.query_payment(out_trade_no=number)
        assert (status.order_paid, status.user_order_success) == (True, True)
        part = await shop.pay.refund(out_trade_no=number, refund_fee=5000)
        rest = await shop.pay.refund(out_trade_no=number)
        assert (part.state, rest.state, rest.refund_fee) == (RefundState.SUCCESS, RefundState.SUCCESS, 14900)
        order = await shop.pay.orders.require(number)
        assert (order.status, order.refund_fee) == (3, TOTAL)
        assert refunded_at_gateway(shop) == TOTAL
        for entry in order.refund_list:
            found = await shop.pay.query_refund(out_trade_no=number, out_refund_no=entry.out_refund_no)
            assert (found.refund.state, found.refund.refund_fee) == (RefundState.SUCCESS, entry.refund_fee)
            assert found.refund.refund_id == entry.refund_id

    @pytest.mark.parametrize(
        ("platform", "pay_type"),
        [
            ("h5", "vkspay_h5"),
            ("h5-weixin", "vkspay_h5-weixin"),
            ("mp-weixin", "vkspay_mp-weixin"),
            ("mp-alipay", "vkspay_mp-alipay"),
            ("app-plus", "vkspay_app-plus"),
        ],
    )
    async def test_what_a_front_end_gets(self, shop: Shop, platform: str, pay_type: str) -> None:
        """No openid is asked for, and the image is there although nobody asked."""
        payment = await shop.pay.create_payment(
            provider="vkspay",
            platform=platform,
            out_trade_no="T1",
            total_fee=1,
            subject="Tea",
            type="goods",
        )
        client = payment.to_client()
        assert client["orderInfo"] == {"codeUrl": payment.code_url}
        assert client["qrcodeImage"].startswith("data:image/png;base64,")
        assert (client["pay_type"], client["needQRcode"], client["total_fee"]) == (pay_type, True, 1)
        assert gateway(shop.sim).orders()[0].total_fee == 1

    async def test_wallet_and_return_address_reach_the_gateway(self, shop: Shop) -> None:
        payment = await shop.order(
            "vkspay", provider_pay_method="alipay", return_url="https://shop.example/back?a=1"
        )
        assert payment.code_url is not None
        async with (
            ClientSession() as session,
            session.post(payment.code_url, data={"choice": "alipay"}, allow_redirects=False) as page,
        ):
            assert page.status == 302
            back = f"https://shop.example/back?a=1&out_trade_no={payment.out_trade_no}"
            assert page.headers["Location"] == back
        order = await shop.pay.orders.require(payment.out_trade_no)
        assert order.provider_pay_method == "alipay"
        with pytest.raises(InvalidArgument, match="wxpay, alipay or auto"):
            await shop.order("vkspay", provider_pay_method="cash")

    async def test_what_there_is_not(self, shop: Shop) -> None:
        payment = await shop.order("vkspay")
        with pytest.raises(InvalidArgument, match="VksPay has no close"):
            await shop.pay.close_payment(out_trade_no=payment.out_trade_no)
        with pytest.raises(InvalidArgument, match="time_expire"):
            await shop.order("vkspay", time_expire=shop.sim.world.clock.now() + 10**6)
        assert (await shop.pay.orders.require(payment.out_trade_no)).status == 0


class TestNotifications:
    async def test_the_double_send_runs_the_handler_once(self, shop: Shop) -> None:
        payment = await shop.order("vkspay")
        await shop.sim.pay(payment.out_trade_no)
        (delivery,) = shop.sim.deliveries()
        assert [attempt.status for attempt in delivery.attempts] == [200, 200]
        await shop.sim.resend(delivery.id)
        await shop.pay.idle()
        assert (shop.runs, shop.shipped) == (1, [payment.out_trade_no])

    async def test_a_forged_one_is_acknowledged_and_changes_nothing(
        self, either: Shop, caplog: pytest.LogCaptureFixture
    ) -> None:
        shop = either
        payment = await shop.order("vkspay")
        with caplog.at_level(logging.WARNING, "vkpay_async.notify"):
            forged = await control(shop, "forge", out_trade_no=payment.out_trade_no)
            delivery = await delivered(shop, forged["delivery"])
        assert delivery.state == "delivered"
        assert await shop.status(payment.out_trade_no) == 0
        assert shop.runs == 0
        assert "NotificationUnconfirmed" in caplog.text

    @pytest.mark.parametrize("fee", [TOTAL, 1])
    async def test_somebodys_paid_order_under_ours_address_pays_nothing(self, either: Shop, fee: int) -> None:
        """The attacker has paid an order of their own, of the same amount if need be, and names it for another."""
        shop = either
        theirs = await shop.order("vkspay", total_fee=fee)
        await shop.sim.pay(theirs.out_trade_no)
        assert isinstance(theirs.order_info, PayLink)
        ours = await shop.order("vkspay")
        forged = await control(
            shop, "forge", out_trade_no=ours.out_trade_no, names=theirs.order_info.order_no
        )
        delivery = await delivered(shop, forged["delivery"])
        assert {attempt.status for attempt in delivery.attempts} == {500}
        assert await shop.status(ours.out_trade_no) == 0
        assert shop.shipped == [theirs.out_trade_no]

    async def test_while_the_gateway_cannot_be_asked_it_comes_again(self, shop: Shop) -> None:
        payment = await shop.order("vkspay")
        shop.sim.fault("status", status=502, operation="vkspay.orderquery", times=2)
        await shop.sim.pay(payment.out_trade_no)
        assert await shop.status(payment.out_trade_no) == 0
        await shop.sim.advance(15)
        assert await shop.status(payment.out_trade_no) == 1
        assert shop.shipped == [payment.out_trade_no]

    async def test_once_a_signature_has_held_others_are_refused_without_asking(self, shop: Shop) -> None:
        await shop.sim.pay((await shop.order("vkspay")).out_trade_no)
        payment = await shop.order("vkspay")
        shop.sim.fault("bad_signature", operation="vkspay.notify")
        await shop.sim.pay(payment.out_trade_no)
        assert await shop.status(payment.out_trade_no) == 0
        asked = shop.sim.journal(operation="vkspay.orderquery", out_trade_no=payment.out_trade_no)
        assert asked == []
        await shop.sim.advance(15)
        assert await shop.status(payment.out_trade_no) == 1

    async def test_a_lost_one_is_found_by_a_query_and_by_the_jobs(self, either: Shop) -> None:
        shop = either
        numbers = [(await shop.order("vkspay")).out_trade_no for _ in range(2)]
        for number in numbers:
            shop.sim.fault(lose_notify=1)
            await shop.sim.pay(number)
        status = await shop.pay.query_payment(out_trade_no=numbers[0], await_notify=True)
        assert (status.order_paid, status.user_order_success) == (True, True)
        await shop.pay.orders.write(
            lambda c: c.exec_driver_sql("UPDATE vk_pay_orders SET repair_due = 1 WHERE status = 0")
        )
        await shop.pay.run_jobs()
        assert sorted(shop.shipped) == sorted(numbers)


class TestSecondLink:
    """A link is launched once: the buyer comes back, and the shop asks for another."""

    @pytest.mark.parametrize("paid", [0, 1], ids=["the first", "the second"])
    async def test_either_may_be_paid_and_is_the_one_that_is_refunded(
        self, ignoring: Shop, paid: int
    ) -> None:
        shop = ignoring
        links = [await self.again(shop) for _ in range(2)]
        assert links[0].order_no != links[1].order_no
        await shop.sim.pay(links[paid].order_no)
        order = await shop.pay.orders.require("T1")
        assert (order.status, order.provider_order_no) == (1, links[paid].order_no)
        assert shop.shipped == ["T1"]
        await shop.pay.refund(out_trade_no="T1")
        assert [order.refunded_fee for order in shop.sim.orders()][paid] == TOTAL

    async def test_a_query_finds_the_first_ones_payment(self, ignoring: Shop) -> None:
        shop = ignoring
        first, _ = [await self.again(shop) for _ in range(2)]
        shop.sim.fault(lose_notify=1)
        await shop.sim.pay(first.order_no)
        status = await shop.pay.query_payment(out_trade_no="T1", await_notify=True)
        assert status.order_paid
        assert (await shop.pay.orders.require("T1")).provider_order_no == first.order_no

    async def test_both_paid_is_for_a_person_to_see(self, ignoring: Shop) -> None:
        shop = ignoring
        for link in [await self.again(shop) for _ in range(2)]:
            await shop.sim.pay(link.order_no)
        assert shop.runs == 1
        rows = await shop.pay.orders.read(
            lambda c: c.exec_driver_sql(
                "SELECT error FROM vk_pay_notifications WHERE state = 'unmatched'"
            ).all()
        )
        assert [("paid twice" in row.error) for row in rows] == [True]

    async def test_a_gateway_that_takes_our_number_has_one_order(self, shop: Shop) -> None:
        links = [await self.again(shop) for _ in range(2)]
        assert links[0] == links[1]
        assert len(shop.sim.orders()) == 1

    @staticmethod
    async def again(shop: Shop) -> PayLink:
        payment = await shop.pay.create_payment(
            provider="vkspay",
            platform="h5",
            out_trade_no="T1",
            total_fee=TOTAL,
            subject="Tea",
            type="goods",
        )
        assert isinstance(payment.order_info, PayLink)
        return payment.order_info


class TestCodePay:
    async def test_paid_at_once(self, either: Shop) -> None:
        shop = either
        payment = await scan(shop, "T1")
        assert payment.pay_type == "vkspay_codepay"
        assert isinstance(payment.order_info, CodePayResult)
        assert payment.order_info.trade_state is TradeState.SUCCESS
        status = await shop.pay.query_payment(out_trade_no="T1", await_notify=True)
        assert (status.order_paid, status.user_order_success) == (True, True)
        assert shop.shipped == ["T1"]
        assert (await shop.pay.refund(out_trade_no="T1")).state is RefundState.SUCCESS

    async def test_after_the_password(self, either: Shop) -> None:
        shop = either
        payment = await scan(shop, "T1", "100012345678901234")
        assert isinstance(payment.order_info, CodePayResult)
        assert payment.order_info.trade_state is TradeState.USERPAYING
        before = await shop.pay.query_payment(out_trade_no="T1")
        assert (before.order_paid, before.trade_state) == (False, TradeState.USERPAYING)
        await shop.sim.advance(5)
        assert (await shop.pay.query_payment(out_trade_no="T1")).order_paid

    @pytest.mark.parametrize("code", ["100312345678901234", "100212345678901234"])
    async def test_what_is_not_clear_is_asked_after(self, shop: Shop, code: str) -> None:
        with pytest.raises(OutcomeUnknown):
            await scan(shop, "T1", code)
        status = await shop.pay.query_payment(out_trade_no="T1")
        assert status.order_paid is (code[3] == "3")

    async def test_where_the_gateway_has_its_own_numbers_a_lost_one_stays_open(self, ignoring: Shop) -> None:
        shop = ignoring
        shop.sim.fault("drop", after=True, operation="vkspay.micropay")
        with pytest.raises(OutcomeUnknown):
            await scan(shop, "T1")
        with pytest.raises(OutcomeUnknown, match="merchant pages"):
            await shop.pay.query_payment(out_trade_no="T1")
        assert await shop.status("T1") == 0


class TestRefunds:
    @pytest.fixture
    async def paid(self, either: Shop) -> str:
        number = (await either.order("vkspay")).out_trade_no
        await either.sim.pay(number)
        return number

    async def test_a_slow_one_is_settled_by_the_jobs(self, either: Shop, paid: str) -> None:
        shop = either
        await control(shop, "rules", refund_delay_s=60)
        refund = await shop.pay.refund(out_trade_no=paid, refund_fee=500)
        assert refund.state is RefundState.PROCESSING
        still = await shop.pay.query_refund(out_trade_no=paid)
        assert (still.refund.state, still.refund.refund_fee) == (RefundState.PROCESSING, 500)
        await shop.sim.advance(60)
        await shop.pay.orders.write(lambda c: c.exec_driver_sql("UPDATE vk_pay_refunds SET check_due = 1"))
        await shop.pay.run_jobs()
        entry = (await shop.pay.orders.require(paid)).refund_list[0]
        assert (entry.state, entry.refund_id) == ("SUCCESS", refund.refund_id)

    async def test_one_that_fails_gives_the_amount_free(self, either: Shop, paid: str) -> None:
        shop = either
        await control(shop, "rules", refund_delay_s=60)
        refund = await shop.pay.refund(out_trade_no=paid)
        assert refund.refund_id is not None
        await shop.sim.settle_refund(refund.refund_id, "FAIL")
        assert (await shop.pay.query_refund(out_trade_no=paid)).refund.state is RefundState.CLOSED
        assert (await shop.pay.orders.require(paid)).refundable == TOTAL

    async def test_a_no_gives_the_amount_free(self, either: Shop, paid: str) -> None:
        shop = either
        shop.sim.fault("business_code", code="REFUNDOVER", operation="vkspay.orderrefund")
        with pytest.raises(OrderStateConflict):
            await shop.pay.refund(out_trade_no=paid)
        assert (await shop.pay.orders.require(paid)).refundable == TOTAL

    async def test_a_lost_one_that_was_made_is_found_by_a_repeat(self, shop: Shop) -> None:
        number = await self.lost(shop, after=True)
        assert (await self.again(shop, number)).state is RefundState.SUCCESS
        assert refunded_at_gateway(shop) == 500

    async def test_a_lost_one_that_was_not_made_is_made_by_a_later_repeat(self, shop: Shop) -> None:
        number = await self.lost(shop, after=False)
        for refundable in (TOTAL - 500, TOTAL):
            with pytest.raises(ResourceNotFound, match="made again"):
                await self.again(shop, number)
            assert (await shop.pay.orders.require(number)).refundable == refundable
            await shop.pay.orders.write(
                lambda c: c.exec_driver_sql("UPDATE vk_pay_refunds SET refund_date = 1")
            )
        assert (await self.again(shop, number)).state is RefundState.SUCCESS
        assert refunded_at_gateway(shop) == 500

    async def test_two_at_once_under_one_number_are_one(self, either: Shop, paid: str) -> None:
        answers = await asyncio.gather(*(self.again(either, paid) for _ in range(4)), return_exceptions=True)
        assert refunded_at_gateway(either) == 500
        assert any(isinstance(answer, Refund) for answer in answers)

    async def lost(self, shop: Shop, *, after: bool) -> str:
        number = (await shop.order("vkspay")).out_trade_no
        await shop.sim.pay(number)
        shop.sim.fault("drop", after=after, operation="vkspay.orderrefund")
        with pytest.raises(OutcomeUnknown):
            await self.again(shop, number)
        return number

    async def again(self, shop: Shop, number: str) -> Refund:
        return await shop.pay.refund(out_trade_no=number, refund_fee=500, out_refund_no=f"{number}-1")

    async def test_of_one_with_its_own_numbers_nobody_can_tell(self, ignoring: Shop) -> None:
        shop = ignoring
        number = (await shop.order("vkspay")).out_trade_no
        await shop.sim.pay(number)
        shop.sim.fault("drop", after=True, operation="vkspay.orderrefund")
        with pytest.raises(OutcomeUnknown):
            await shop.pay.refund(out_trade_no=number, refund_fee=500)
        with pytest.raises(OutcomeUnknown, match="before it is made again"):
            await shop.pay.query_refund(out_trade_no=number)
        assert (await shop.pay.orders.require(number)).refundable == TOTAL - 500


async def test_any_other_call_of_the_gateway(shop: Shop) -> None:
    payment = await shop.order("vkspay")
    await shop.sim.pay(payment.out_trade_no)
    answer = await shop.pay.provider("vkspay_h5").request(
        "orderquery", {"out_trade_no": payment.out_trade_no}
    )
    assert (answer["return_code"], answer["data"]["total_fee"]) == ("SUCCESS", "199.00")


async def test_a_gateway_that_is_down(shop: Shop) -> None:
    shop.sim.fault("status", status=503, operation="vkspay.webpay")
    with pytest.raises(ProviderUnavailable, match="HTTP status 503"):
        await shop.order("vkspay")
    assert (await shop.order("vkspay")).code_url
