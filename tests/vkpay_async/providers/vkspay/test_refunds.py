"""Refunds, and the gateway's own numbers of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vkpay_async.providers.vkspay.conftest import (
    NUMBER,
    REFUND_NUMBER,
    FakeVkspay,
    provider_with,
    ref,
    said,
)
from vkpay_async.errors import (
    AuthenticationFailed,
    InvalidArgument,
    OrderStateConflict,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    ResourceNotFound,
)
from vkpay_async.models import RefundRef, RefundRequest, RefundState
from vkpay_async.providers.vkspay.provider import VkspayProvider


def asked(**changes: Any) -> RefundRequest:
    known: dict[str, Any] = {"order": ref(), "out_refund_no": "T1-1", "refund_fee": 350, "total_fee": 1000}
    return RefundRequest(**{**known, **changes})


def named(**changes: Any) -> RefundRef:
    known: dict[str, Any] = {"order": ref(), "out_refund_no": "T1-1", "refund_id": REFUND_NUMBER}
    return RefundRef(**{**known, **changes})


class TestRefund:
    def test_what_is_asked_for_and_what_comes_of_it(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        data = {"refund_fee": "3.50", "refund_time": "2023-11-15 06:13:25"}
        refund = fake.run(provider.refund(asked()), said(out_refund_no=REFUND_NUMBER, data=data))
        assert fake.asked == [
            {
                "method": "orderrefund",
                "out_trade_no": NUMBER,
                "refund_fee": "3.50",
                "out_refund_no": "T1-1",
            }
        ]
        assert (refund.out_trade_no, refund.out_refund_no, refund.refund_id) == ("T1", "T1-1", REFUND_NUMBER)
        assert (refund.state, refund.refund_fee, refund.total_fee) == (RefundState.SUCCESS, 350, 1000)
        assert refund.success_time == 1_700_000_005_000
        (request,) = fake.requests
        assert (request.moves_money, request.repeatable) == (True, False)

    def test_only_what_was_seen_of_the_real_gateway(self, fake: FakeVkspay) -> None:
        fake.run(provider_with(observed_only=True).refund(asked()), said(out_refund_no=REFUND_NUMBER))
        assert fake.asked == [{"method": "orderrefund", "out_trade_no": NUMBER, "refund_fee": "3.50"}]

    def test_the_number_may_stand_under_data(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        refund = fake.run(provider.refund(asked()), said(data={"out_refund_no": REFUND_NUMBER}))
        assert (refund.state, refund.refund_id) == (RefundState.SUCCESS, REFUND_NUMBER)

    def test_one_that_is_on_its_way(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        refund = fake.run(provider.refund(asked()), said("PROCESSING", out_refund_no=REFUND_NUMBER))
        assert (refund.state, refund.refund_id) == (RefundState.PROCESSING, REFUND_NUMBER)
        assert refund.success_time is None

    def test_more_fields_go_along(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        fake.run(provider.refund(asked(other={"operator": "7"})), said(out_refund_no=REFUND_NUMBER))
        assert fake.asked[0]["operator"] == "7"
        with pytest.raises(InvalidArgument, match="refund_fee"):
            next(provider.refund(asked(other={"refund_fee": "1"})))

    @pytest.mark.parametrize(
        ("code", "msg", "error"),
        [
            ("REFUNDOVER", "", OrderStateConflict),
            ("NOTPAY", "", OrderStateConflict),
            ("ORDERNOTEXIST", "", ResourceNotFound),
            ("FAIL", "余额不足", ProviderError),
            ("FAIL", "签名错误", AuthenticationFailed),
        ],
    )
    def test_a_no(
        self, fake: FakeVkspay, provider: VkspayProvider, code: str, msg: str, error: type[ProviderError]
    ) -> None:
        with pytest.raises(error) as raised:
            fake.run(provider.refund(asked()), said(code, msg))
        assert raised.value.outcome_known

    @pytest.mark.parametrize("code", ["SYSTEMERROR", "REFUNDING", ""])
    def test_what_is_not_known_leaves_it_open(
        self, fake: FakeVkspay, provider: VkspayProvider, code: str
    ) -> None:
        with pytest.raises(ProviderOutcomeUnknown):
            fake.run(provider.refund(asked()), said(code))


class TestQuery:
    def test_the_gateways_number_is_asked_by(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        data = {"refund_fee": "3.50", "refund_time": "2023-11-15 06:13:25"}
        refund = fake.run(provider.query_refund(named()), said(out_refund_no=REFUND_NUMBER, data=data))
        assert fake.asked == [
            {"method": "orderrefundquery", "out_trade_no": NUMBER, "out_refund_no": REFUND_NUMBER}
        ]
        assert (refund.out_refund_no, refund.refund_id) == ("T1-1", REFUND_NUMBER)
        assert (refund.state, refund.refund_fee) == (RefundState.SUCCESS, 350)
        assert refund.success_time == 1_700_000_005_000

    def test_an_answer_that_says_no_more_than_refunded(
        self, fake: FakeVkspay, provider: VkspayProvider
    ) -> None:
        refund = fake.run(provider.query_refund(named(refund_fee=350)), said())
        assert (refund.state, refund.refund_fee, refund.refund_id) == (
            RefundState.SUCCESS,
            350,
            REFUND_NUMBER,
        )

    @pytest.mark.parametrize(
        ("code", "msg", "state"),
        [
            ("PROCESSING", "", RefundState.PROCESSING),
            ("FAIL", "退款处理中", RefundState.PROCESSING),
            ("SOMETHING_NEW", "", RefundState.PROCESSING),
            ("FAIL", "退款失败", RefundState.CLOSED),
        ],
    )
    def test_anything_else_is_not_yet_but_for_a_failure(
        self, fake: FakeVkspay, provider: VkspayProvider, code: str, msg: str, state: RefundState
    ) -> None:
        refund = fake.run(provider.query_refund(named()), said(code, msg))
        assert (refund.state, refund.raw_state) == (state, code)

    def test_where_the_gateway_did_not_look(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        with pytest.raises(ProviderUnavailable):
            fake.run(provider.query_refund(named()), said("SYSTEMERROR"))
        with pytest.raises(ResourceNotFound):
            fake.run(provider.query_refund(named()), said("REFUNDNOTEXIST"))


class TestQueryWithoutTheNumber:
    """The refund's answer was lost, and with it the gateway's number."""

    def test_a_gateway_with_numbers_of_its_own_says_nothing(
        self, fake: FakeVkspay, provider: VkspayProvider
    ) -> None:
        with pytest.raises(ProviderOutcomeUnknown, match="before it is made again"):
            fake.run(provider.query_refund(named(refund_id=None)), said("REFUNDNOTEXIST"))
        assert fake.asked[0]["out_refund_no"] == "T1-1"

    def test_one_that_takes_ours_is_believed(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        known = named(refund_id=None, order=ref(provider_order_no="T1"))
        with pytest.raises(ResourceNotFound):
            fake.run(provider.query_refund(known), said("REFUNDNOTEXIST"))
        refund = fake.run(provider.query_refund(known), said(out_refund_no="T1-1"))
        assert (refund.state, refund.refund_id) == (RefundState.SUCCESS, "T1-1")
