"""How an order stands."""

from __future__ import annotations

import pytest

from tests.vkpay_async.providers.vkspay.conftest import NUMBER, STORE, FakeVkspay, paid, ref, said
from vkpay_async.errors import (
    AuthenticationFailed,
    InvalidArgument,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    ResourceNotFound,
)
from vkpay_async.models import TradeState
from vkpay_async.providers.base import HttpResponse
from vkpay_async.providers.vkspay.provider import VkspayProvider


def test_a_paid_order(fake: FakeVkspay, provider: VkspayProvider) -> None:
    trade = fake.run(provider.query(ref()), paid())
    assert fake.asked == [{"method": "orderquery", "out_trade_no": NUMBER}]
    assert (trade.out_trade_no, trade.provider_order_no) == ("T1", NUMBER)
    assert (trade.state, trade.raw_state, trade.transaction_id) == (TradeState.SUCCESS, "SUCCESS", "4200001")
    assert (trade.total_fee, trade.mch_id, trade.success_time) == (1000, STORE, 1_700_000_005_000)
    assert trade.raw["pay_chnl"] == "wxpay"


def test_an_answer_that_says_no_more_than_paid(fake: FakeVkspay, provider: VkspayProvider) -> None:
    trade = fake.run(provider.query(ref()), said())
    assert (trade.state, trade.total_fee, trade.transaction_id) == (TradeState.SUCCESS, 1000, NUMBER)
    assert trade.success_time is None


@pytest.mark.parametrize("moment", ["yesterday", "2023-13-01 00:00:00", "", 1_700_000_000])
def test_a_time_in_a_form_of_its_own_is_left_out(
    fake: FakeVkspay, provider: VkspayProvider, moment: object
) -> None:
    trade = fake.run(provider.query(ref()), paid(pay_time=moment))
    assert (trade.state, trade.success_time) == (TradeState.SUCCESS, None)


@pytest.mark.parametrize(
    ("code", "msg", "state"),
    [
        ("NOTPAY", "订单未支付", TradeState.NOTPAY),
        ("PAYING", "用户支付中", TradeState.USERPAYING),
        ("CLOSED", "订单已关闭", TradeState.CLOSED),
        ("FAIL", "订单未支付", TradeState.NOTPAY),
        ("success", "", TradeState.UNKNOWN),
        ("SUCCESS ", "", TradeState.UNKNOWN),
        ("", "", TradeState.UNKNOWN),
    ],
)
def test_nothing_but_success_is_paid(
    fake: FakeVkspay, provider: VkspayProvider, code: str, msg: str, state: TradeState
) -> None:
    trade = fake.run(provider.query(ref()), said(code, msg, data={"pay_time": "2023-11-15 06:13:25"}))
    assert trade.state is state
    assert not trade.state.paid
    assert trade.success_time is None
    assert trade.description == (msg or code)


def test_where_the_gateway_did_not_look(fake: FakeVkspay, provider: VkspayProvider) -> None:
    with pytest.raises(AuthenticationFailed):
        fake.run(provider.query(ref()), said("FAIL", "签名错误"))
    with pytest.raises(ProviderUnavailable):
        fake.run(provider.query(ref()), said("SYSTEMERROR"))
    with pytest.raises(ResourceNotFound):
        fake.run(provider.query(ref()), said("ORDERNOTEXIST"))


def test_an_answer_about_another_order_is_none(fake: FakeVkspay, provider: VkspayProvider) -> None:
    with pytest.raises(ProviderUnavailable, match="it tells of 3493-2"):
        fake.run(provider.query(ref()), paid("3493-2"))


def test_without_the_gateways_number_ours_is_asked_by(fake: FakeVkspay, provider: VkspayProvider) -> None:
    trade = fake.run(provider.query(ref(provider_order_no=None)), paid("T1"))
    assert fake.asked[0]["out_trade_no"] == "T1"
    assert (trade.out_trade_no, trade.provider_order_no) == ("T1", None)


class TestEarlierLinks:
    TWICE = ref(former_order_nos=("3493-b", "3493-a"))

    def test_one_of_them_may_have_been_paid(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        trade = fake.run(provider.query(self.TWICE), said("NOTPAY"), said("CLOSED"), paid("3493-a"))
        assert [asked["out_trade_no"] for asked in fake.asked] == [NUMBER, "3493-b", "3493-a"]
        assert (trade.state, trade.provider_order_no) == (TradeState.SUCCESS, "3493-a")

    def test_when_none_is_the_latest_counts(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        trade = fake.run(provider.query(self.TWICE), said("CLOSED"), said("ORDERNOTEXIST"), said("NOTPAY"))
        assert (trade.state, trade.provider_order_no) == (TradeState.CLOSED, NUMBER)

    def test_the_latest_is_asked_alone_when_it_is_paid(
        self, fake: FakeVkspay, provider: VkspayProvider
    ) -> None:
        assert fake.run(provider.query(self.TWICE), paid()).provider_order_no == NUMBER

    def test_a_latest_that_is_not_known(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        answers = [said("ORDERNOTEXIST"), paid("3493-b")]
        assert fake.run(provider.query(self.TWICE), *answers).provider_order_no == "3493-b"
        with pytest.raises(ResourceNotFound):
            fake.run(provider.query(self.TWICE), *[said("ORDERNOTEXIST")] * 3)

    def test_no_more_than_three_are_asked_after(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        many = ref(former_order_nos=tuple(f"3493-{number}" for number in range(9)))
        fake.run(provider.query(many), *[said("NOTPAY")] * 4)


class TestCodePaymentWithoutItsNumber:
    """The answer was lost: the buyer may have paid under a number that never came."""

    LOST = ref(pay_type="vkspay_codepay", provider_order_no=None)

    @pytest.mark.parametrize(
        "answer",
        [said("ORDERNOTEXIST"), said("FAIL", "订单不存在"), said("SOMETHING_NEW")],
        ids=["known", "fail", "unknown"],
    )
    def test_a_gateway_that_does_not_know_ours_says_nothing(
        self, fake: FakeVkspay, provider: VkspayProvider, answer: HttpResponse
    ) -> None:
        with pytest.raises(ProviderOutcomeUnknown, match="merchant pages"):
            fake.run(provider.query(self.LOST), answer)

    @pytest.mark.parametrize(
        ("answer", "state"),
        [
            (paid("T1"), TradeState.SUCCESS),
            (said("PAYING"), TradeState.USERPAYING),
            (said("CLOSED"), TradeState.CLOSED),
            (said("NOTPAY"), TradeState.NOTPAY),
        ],
        ids=["paid", "paying", "closed", "unpaid"],
    )
    def test_one_that_knows_it_is_believed(
        self, fake: FakeVkspay, provider: VkspayProvider, answer: HttpResponse, state: TradeState
    ) -> None:
        assert fake.run(provider.query(self.LOST), answer).state is state

    def test_with_its_number_it_is_like_any_other(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        with pytest.raises(ResourceNotFound):
            fake.run(provider.query(ref(pay_type="vkspay_codepay")), said("ORDERNOTEXIST"))


def test_what_vkspay_does_not_have_says_what_to_do(provider: VkspayProvider) -> None:
    with pytest.raises(
        InvalidArgument, match="VksPay has no close: an order that nobody pays ends by itself"
    ):
        next(provider.close(ref()))
