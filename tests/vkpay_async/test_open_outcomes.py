"""A refund or transfer whose outcome is not known is never taken for a refused one, and never made twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.vkpay_async.fake import Bank, Shop, Wire
from vkpay_async import (
    InvalidArgument,
    OrderConflict,
    OutcomeUnknown,
    ProviderError,
    ProviderOutcomeUnknown,
    Refund,
    SignatureInvalid,
    TransportOutcomeUnknown,
)
from vkpay_async.config import Config
from vkpay_async.providers.base import Flow, HttpRequest, HttpResponse
from vkpay_async.transport import Transport, pause_before
from vkpay_async.transport.retry import NoAnswer, NotSent, Outcome

NUMBER = "order_0001"


def refusal(code: str = "NOT_ENOUGH") -> ProviderError:
    return ProviderError(provider="fake", code=code, message="no", http_status=403)


# Refunds


async def test_a_refund_whose_outcome_is_open_is_not_made_a_second_time(shop: Shop) -> None:
    await shop.paid()
    shop.bank.fail("refund", TransportOutcomeUnknown("no answer in time"))
    with pytest.raises(OutcomeUnknown):
        await shop.pay.refund(out_trade_no=NUMBER, refund_fee=5000)
    with pytest.raises(
        OrderConflict, match=r"'order_0001-1'.*not settled: repeat it with this out_refund_no"
    ):
        await shop.pay.refund(out_trade_no=NUMBER, refund_fee=5000)
    assert shop.bank.count()["refund"] == 1

    await shop.pay.refund(out_trade_no=NUMBER, refund_fee=5000, out_refund_no=f"{NUMBER}-1")
    await shop.pay.refund(out_trade_no=NUMBER, refund_fee=5000)
    order = await shop.pay.orders.require(NUMBER)
    assert [entry.out_refund_no for entry in order.refund_list] == [f"{NUMBER}-2", f"{NUMBER}-1"]
    assert order.refund_fee == 10_000


async def test_another_refund_beside_an_open_one_takes_a_number_of_its_own(shop: Shop) -> None:
    await shop.paid()
    shop.bank.fail("refund", TransportOutcomeUnknown("no answer in time"))
    with pytest.raises(OutcomeUnknown):
        await shop.pay.refund(out_trade_no=NUMBER, refund_fee=5000)
    await shop.pay.refund(out_trade_no=NUMBER, refund_fee=5000, out_refund_no="mine")
    assert (await shop.pay.orders.require(NUMBER)).refund_fee == 10_000


async def test_a_cancelled_refund_stays_reserved(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.paid()
    asked = asyncio.Event()

    async def never(_: Wire, __: HttpRequest, call: object) -> HttpResponse:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(Wire, "_answer", never)
    refund = asyncio.create_task(shop.pay.refund(out_trade_no=NUMBER))
    await asked.wait()
    refund.cancel()
    with pytest.raises(asyncio.CancelledError):
        await refund
    monkeypatch.undo()

    order = await shop.pay.orders.require(NUMBER)
    assert (order.refund_list[0].state, order.refundable, order.status) == ("PENDING", 0, 1)
    with pytest.raises(InvalidArgument, match="repeat the refund with this out_refund_no"):
        await shop.pay.refund(out_trade_no=NUMBER)


async def test_a_refund_that_was_never_sent_reserves_nothing(shop: Shop, bank: Bank) -> None:
    await shop.paid()

    def refuse_unseen(*_: Any) -> Flow[Refund]:
        raise InvalidArgument("the reason is too long")
        yield

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.vkpay_async.fake.FakeProvider.refund", refuse_unseen)
        with pytest.raises(InvalidArgument, match="too long"):
            await shop.pay.refund(out_trade_no=NUMBER)
    order = await shop.pay.orders.require(NUMBER)
    assert (order.refund_list, order.refund_num, order.refundable) == ((), 0, 19900)


async def test_an_error_that_says_nothing_of_the_refund_leaves_it_reserved(shop: Shop) -> None:
    await shop.paid()
    shop.bank.fail("refund", SignatureInvalid("not believed"))
    with pytest.raises(SignatureInvalid):
        await shop.pay.refund(out_trade_no=NUMBER)
    order = await shop.pay.orders.require(NUMBER)
    assert (order.refund_list[0].state, order.refundable) == ("PENDING", 0)


@pytest.mark.parametrize("desc", ["half \ud83d of a smile", 5, b"bytes", ["list"]])
async def test_a_reason_that_cannot_be_sent(shop: Shop, desc: Any) -> None:
    await shop.paid()
    with pytest.raises(InvalidArgument, match="refund_desc"):
        await shop.pay.refund(out_trade_no=NUMBER, refund_desc=desc)
    assert (await shop.pay.orders.require(NUMBER)).refund_list == ()


async def test_a_second_word_on_a_closed_refund_does_not_break_the_order(shop: Shop) -> None:
    """The first refund was closed, a second gave all back, and then the first is said to have succeeded."""
    await shop.paid()
    await shop.pay.refund(out_trade_no=NUMBER, out_refund_no="first")
    await shop.pay.orders.set_refund(NUMBER, "first", state="CLOSED")
    await shop.pay.refund(out_trade_no=NUMBER, out_refund_no="second")
    order = await shop.pay.orders.set_refund(NUMBER, "first", state="SUCCESS")
    assert (order.refund_fee, order.refundable, order.status) == (19900, 0, 3)


# Retries


class Script(Transport):
    """Every attempt ends as the script says."""

    def __init__(self, *outcomes: Outcome) -> None:
        async def at_once(_: float) -> None:
            return

        super().__init__(Config().http, policy=pause_before(len(outcomes)), sleep=at_once)
        self._outcomes = list(outcomes)

    async def _attempt(self, request: HttpRequest) -> Outcome:
        return self._outcomes.pop(0)


def answered(status: int) -> HttpResponse:
    return HttpResponse(status=status, headers={}, body=b"")


def transfer(*, moves_money: bool = True) -> Flow[str]:
    answer = yield HttpRequest(
        method="POST", url="https://bank.test/", operation="bank.transfer", moves_money=moves_money
    )
    if answer.status != 200:
        raise refusal()
    return "done"


@pytest.mark.parametrize("first", [NoAnswer("no answer in time"), answered(500), answered(503)], ids=repr)
async def test_a_no_to_a_repeat_says_nothing_of_the_first_try(first: Outcome) -> None:
    with pytest.raises(ProviderOutcomeUnknown, match="earlier try of this call got no answer") as unknown:
        await Script(first, answered(403)).run(transfer())
    assert (unknown.value.code, unknown.value.http_status, unknown.value.outcome_known) == (
        "NOT_ENOUGH",
        403,
        False,
    )


@pytest.mark.parametrize("first", [NotSent("cannot connect"), answered(429)], ids=repr)
async def test_a_no_after_a_try_that_did_nothing_is_a_no(first: Outcome) -> None:
    with pytest.raises(ProviderError) as refused:
        await Script(first, answered(403)).run(transfer())
    assert refused.value.outcome_known


async def test_a_no_to_a_reading_call_is_a_no() -> None:
    with pytest.raises(ProviderError) as refused:
        await Script(NoAnswer("x"), answered(403)).run(transfer(moves_money=False))
    assert refused.value.outcome_known


async def test_a_yes_to_a_repeat_is_a_yes() -> None:
    assert await Script(NoAnswer("x"), answered(200)).run(transfer()) == "done"
