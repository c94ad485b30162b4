"""Unknown outcomes, refusals and reservations: the ledger and the provider agree in the end."""

from __future__ import annotations

import asyncio

import pytest

from vkpay_async import InvalidArgument, OrderConflict, OutcomeUnknown, ProviderError, TransportError
from vkpay_simulator.providers.base import SimulatorError

PROVIDERS = ["wxpay", "alipay"]
REFUND = {"wxpay": "refund*", "alipay": "alipay.gateway"}


@pytest.fixture(params=PROVIDERS)
async def paid(request, shop):
    payment = await shop.order(request.param)
    await shop.sim.pay(payment.out_trade_no)
    return payment


def refunded_at_provider(shop, number):
    return next(o.refunded_fee for o in shop.sim.orders() if o.out_trade_no == number)


@pytest.mark.parametrize("after", [False, True], ids=["lost on the way there", "lost on the way back"])
async def test_a_refund_without_an_answer_is_unknown_and_its_repeat_settles_it(shop, paid, after):
    number = paid.out_trade_no
    shop.sim.fault("drop", after=after, provider=paid.provider)
    shop.sim.fault(lose_notify=1)  # it would settle the refund before we look
    with pytest.raises(OutcomeUnknown):
        await shop.pay.refund(out_trade_no=number, refund_fee=5000)
    order = await shop.pay.orders.require(number)
    assert (order.refundable, order.status, order.refund_list[0].state) == (14900, 1, "UNKNOWN")

    await shop.sim.advance("2m")
    await shop.pay.refund(out_trade_no=number, refund_fee=5000, out_refund_no=f"{number}-1")
    await shop.sim.advance("2m")

    order = await shop.pay.orders.require(number)
    assert (order.status, order.refund_fee, order.refund_num) == (2, 5000, 1)
    assert refunded_at_provider(shop, number) == 5000


async def test_a_refused_refund_gives_the_amount_back(shop, paid):
    code = {"wxpay": "NOT_ENOUGH", "alipay": "ACQ.SELLER_BALANCE_NOT_ENOUGH"}[paid.provider]
    shop.sim.fault("business_code", code=code, provider=paid.provider)
    with pytest.raises(ProviderError) as refused:
        await shop.pay.refund(out_trade_no=paid.out_trade_no)
    assert refused.value.code == code
    assert refused.value.outcome_known

    order = await shop.pay.orders.require(paid.out_trade_no)
    assert (order.status, order.refundable, order.refund_list[0].state) == (1, 19900, "REFUSED")
    await shop.pay.refund(out_trade_no=paid.out_trade_no)
    assert await shop.status(paid.out_trade_no) == 3


async def test_twenty_refunds_at_once_never_pass_the_total(shop, paid):
    async def refund():
        try:
            await shop.pay.refund(out_trade_no=paid.out_trade_no, refund_fee=3000)
        except (InvalidArgument, OrderConflict, OutcomeUnknown, ProviderError):
            return

    await asyncio.gather(*(refund() for _ in range(20)))
    await shop.sim.advance("1m")

    order = await shop.pay.orders.require(paid.out_trade_no)
    assert refunded_at_provider(shop, paid.out_trade_no) <= order.refund_fee <= order.total_fee


async def test_an_answer_with_a_forged_signature_is_not_believed(shop, paid):
    shop.sim.fault("bad_signature", provider=paid.provider)
    shop.sim.fault(lose_notify=1)  # it would settle the refund before we look
    with pytest.raises(OutcomeUnknown):
        await shop.pay.refund(out_trade_no=paid.out_trade_no)
    order = await shop.pay.orders.require(paid.out_trade_no)
    assert (order.status, order.refundable) == (1, 0)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_create_without_an_answer_can_be_repeated(shop, provider):
    shop.sim.fault("drop", after=True, provider=provider)
    with pytest.raises(TransportError) as lost:
        await shop.order(provider)
    assert lost.value.outcome_known

    payment = await shop.pay.create_payment(
        provider=provider,
        platform="h5",
        need_qrcode=True,
        out_trade_no=f"{provider}_000001",
        total_fee=19900,
        subject="Tea 500 g",
        type="goods",
    )
    await shop.sim.pay(payment.out_trade_no)
    assert shop.shipped == [payment.out_trade_no]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_closed_order_cannot_be_paid(shop, provider):
    payment = await shop.order(provider)
    if provider == "alipay":
        await shop.sim.scan(payment.out_trade_no)
    order = await shop.pay.close_payment(out_trade_no=payment.out_trade_no)
    assert order.status == -1
    with pytest.raises(SimulatorError, match=r"(?i)clos"):
        await shop.sim.pay(payment.out_trade_no)
    with pytest.raises(OrderConflict):
        await shop.pay.create_payment(
            provider=provider,
            platform="h5",
            need_qrcode=True,
            out_trade_no=payment.out_trade_no,
            total_fee=19900,
            subject="Tea 500 g",
            type="goods",
        )


async def test_a_paid_order_is_not_closed(shop, paid):
    with pytest.raises(OrderConflict):
        await shop.pay.close_payment(out_trade_no=paid.out_trade_no)
