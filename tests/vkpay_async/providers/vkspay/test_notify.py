"""Notifications prove nothing: the gateway is asked, and only its word counts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vkpay_async.providers.vkspay.conftest import (
    NUMBER,
    STORE,
    FakeVkspay,
    nobody,
    paid,
    provider_with,
    said,
    told,
)
from vkpay_async.errors import (
    NotificationInvalid,
    NotificationUnconfirmed,
    ProviderUnavailable,
    SignatureInvalid,
    VKPayError,
)
from vkpay_async.providers.base import run_offline
from vkpay_async.providers.vkspay.provider import VkspayProvider


def test_a_payment(fake: FakeVkspay, provider: VkspayProvider) -> None:
    notification = fake.run(provider.notification(told(total_fee="10.00", attach="a & b")), paid())
    assert fake.asked == [{"method": "orderquery", "out_trade_no": NUMBER}]
    assert (notification.kind, notification.id, notification.event) == ("payment", NUMBER, "SUCCESS")
    assert notification.raw["attach"] == "a & b"
    trade = notification.trade
    assert trade is not None
    assert (trade.provider_order_no, trade.total_fee, trade.mch_id) == (NUMBER, 1000, STORE)
    assert trade.state.paid


def test_the_number_alone_is_enough(fake: FakeVkspay, provider: VkspayProvider) -> None:
    body = f"out_trade_no={NUMBER}".encode()
    assert fake.run(provider.notification(told(body)), paid()).kind == "payment"


def test_what_a_notification_claims_does_not_count(fake: FakeVkspay, provider: VkspayProvider) -> None:
    claims = told(total_fee="99999.00", transaction_id="forged", merchantno="1")
    trade = fake.run(provider.notification(claims), paid()).trade
    assert trade is not None
    assert (trade.total_fee, trade.transaction_id, trade.mch_id) == (1000, "4200001", STORE)


@pytest.mark.parametrize(
    ("code", "msg"),
    [
        ("NOTPAY", "订单未支付"),
        ("CLOSED", ""),
        ("PAYING", ""),
        ("FAIL", "订单未支付"),
        ("NEW", ""),
        ("ORDERNOTEXIST", ""),
    ],
)
def test_nobody_paid(fake: FakeVkspay, provider: VkspayProvider, code: str, msg: str) -> None:
    with pytest.raises(NotificationUnconfirmed, match="forged"):
        fake.run(provider.notification(told()), said(code, msg))


def test_a_forgery_is_acknowledged_so_that_nobody_is_banned_for_it() -> None:
    assert NotificationUnconfirmed.acknowledged
    assert not NotificationInvalid.acknowledged


@pytest.mark.parametrize("code", ["SYSTEMERROR", "FAIL"])
def test_where_nobody_looked_it_is_to_come_again(
    fake: FakeVkspay, provider: VkspayProvider, code: str
) -> None:
    with pytest.raises(VKPayError) as raised:
        fake.run(provider.notification(told()), said(code, "签名错误"))
    assert not raised.value.acknowledged


def test_an_answer_about_another_order_is_no_confirmation(fake: FakeVkspay, provider: VkspayProvider) -> None:
    with pytest.raises(ProviderUnavailable):
        fake.run(provider.notification(told()), paid("3493-9"))


class TestSignature:
    """Nobody knows whether the real one signs. So it is learnt."""

    def test_at_first_the_gateways_word_is_enough(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        assert fake.run(provider.notification(told(sign="0" * 32)), paid()).kind == "payment"
        assert not provider.trust.signs_notifications

    def test_one_that_held_makes_it_a_duty(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        fake.run(provider.notification(told()), paid())
        assert provider.trust.signs_notifications
        fake.run(provider.notification(told()), paid())
        for forged in (told(sign="0" * 32), told(sign="é"), told(f"out_trade_no={NUMBER}".encode())):
            with pytest.raises(SignatureInvalid):
                run_offline(provider.notification(forged), nobody)

    def test_one_that_held_over_nothing_teaches_nothing(
        self, fake: FakeVkspay, provider: VkspayProvider
    ) -> None:
        with pytest.raises(NotificationUnconfirmed):
            fake.run(provider.notification(told()), said("NOTPAY"))
        assert not provider.trust.signs_notifications

    def test_a_stores_nodes_learn_together(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        fake.run(provider.notification(told()), paid())
        other = VkspayProvider(provider._node, provider._gateway, provider.trust)
        with pytest.raises(SignatureInvalid):
            run_offline(other.notification(told(sign="0" * 32)), nobody)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"out_trade_no",
        b"out_trade_no=",
        b"out_trade_no=a b",
        b"out_trade_no=" + b"1" * 65,
        b"out_trade_no=%E8%AE%A2",
        b"out_trade_no=1&out_trade_no=2",
        b"total_fee=1",
        b"\xff=1",
        b"out_trade_no=%ff",
        json.dumps({"out_trade_no": NUMBER}).encode(),
        b"&".join(b"a%d=1" % number for number in range(200)),
    ],
)
def test_what_is_no_notification_asks_nobody(provider: VkspayProvider, body: bytes) -> None:
    with pytest.raises(NotificationInvalid):
        run_offline(provider.notification(told(body)), nobody)


@given(body=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_strangers_bytes(body: bytes) -> None:
    with pytest.raises(VKPayError):
        run_offline(provider_with().notification(told(body)), lambda _request: said("NOTPAY"))


def test_replies(provider: VkspayProvider) -> None:
    assert provider.accept().status == 200
    assert json.loads(provider.accept().body) == {"code": "SUCCESS", "msg": "SUCCESS"}
    assert provider.refuse().status == 500
    assert json.loads(provider.refuse().body)["code"] == "FAIL"


def test_nothing_shows_the_key() -> None:
    provider = provider_with()
    assert "0123456789abcdef" not in repr(provider._node)
    assert "0123456789abcdef" not in f"{provider!r} {provider._gateway!r} {provider.trust!r}"
