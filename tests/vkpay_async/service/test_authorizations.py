"""Authorisations to receive without confirming, and the transfers that use them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from vkpay_async import (
    AuthorizationInfo,
    AuthorizationState,
    ConfigError,
    FinishedTransfer,
    InvalidArgument,
    NotifyUrlMissing,
    TransferState,
    TransportOutcomeUnknown,
)
from vkpay_async.models import AuthorizationRequest, TransferRequest

ASKED: dict[str, Any] = {
    "provider": "wxpay",
    "out_authorization_no": "AUTH1",
    "openid": "o",
    "transfer_scene_id": "1000",
    "user_display_name": "u",
}
NAMED: dict[str, Any] = {"provider": "wxpay", "out_authorization_no": "AUTH1"}
TRANSFER: dict[str, Any] = {"provider": "wxpay", "out_bill_no": "B1", "transfer_amount": 100}
NOTIFY = "https://shop.example/pay/transfer-auth-notify/wxpay_transfer/AUTH1/default"


async def test_asking_a_user(shop: Shop) -> None:
    more: dict[str, Any] = {
        "user_recv_perception": "现金奖励",
        "scene_info": {"device_type": "IOS"},
        "appid": "wx9",
        "other": {"x": 1},
    }
    asked = await shop.pay.create_user_confirm_authorization(**ASKED, **more)
    fields = {name: value for name, value in ASKED.items() if name != "provider"}
    assert shop.bank.last("create_authorization") == AuthorizationRequest(
        **fields, authorization_notify_url=NOTIFY, **more
    )
    assert asked.to_client() == {
        "code": 0,
        "msg": "已受理商户的授权申请，待用户确认",
        "result": {"out_authorization_no": "AUTH1"},
        "options": {"mchId": "1900000001", "appId": "wx1", "package": "p"},
    }
    assert await shop.events("AUTH1") == []


async def test_the_address_can_be_another(shop: Shop) -> None:
    await shop.pay.create_user_confirm_authorization(**ASKED, authorization_notify_url="https://b.example")
    assert shop.bank.last("create_authorization").authorization_notify_url == "https://b.example"


async def test_another_merchant_and_another_node(shop: Shop) -> None:
    asked = await shop.pay.create_user_confirm_authorization(**ASKED, pid="shop7", platform="mp-weixin")
    url = shop.bank.last("create_authorization").authorization_notify_url
    assert url == "https://seven.example/transfer-auth-notify/wxpay_mp-weixin/AUTH1/shop7"
    assert asked.mch_id == "1900000007"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        *(({"provider": value}, 1005) for value in (None, "", "paypal")),
        *(({"openid": value}, 1012) for value in (None, "", 5)),
        *(({"out_authorization_no": value}, -1) for value in (None, "", 5, "\ud83d")),
        *(({"transfer_scene_id": value}, -1) for value in (None, " ")),
        *(({"user_display_name": value}, -1) for value in (None, "")),
        ({"colour": "red"}, -1),
    ],
)
async def test_what_is_refused_before_anything_is_sent(shop: Shop, wrong: dict[str, Any], code: int) -> None:
    with pytest.raises((InvalidArgument, ConfigError)) as caught:
        await shop.pay.create_user_confirm_authorization(**{**ASKED, **wrong})
    assert caught.value.code == code
    assert shop.bank.calls == []


async def test_it_needs_an_address_for_the_answer(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", notify_url="")
    async with shop.pay:
        with pytest.raises(NotifyUrlMissing):
            await shop.pay.create_user_confirm_authorization(**ASKED)


async def test_asking_how_it_stands(shop: Shop) -> None:
    found = await shop.pay.query_user_confirm_authorization(**NAMED)
    assert (found.state, found.authorization_id) == (AuthorizationState.TAKING_EFFECT, "201")
    assert shop.bank.last("query_authorization") == ("AUTH1", False)
    await shop.pay.query_user_confirm_authorization(**NAMED, is_display_authorization=True)
    assert shop.bank.last("query_authorization") == ("AUTH1", True)


async def test_closing_one_is_told_to_the_handler(shop: Shop) -> None:
    told: list[AuthorizationState] = []

    @shop.pay.on_transfer_authorized
    async def changed(authorization: Any) -> None:
        told.append(authorization.state)

    closed = await shop.pay.close_user_confirm_authorization(**NAMED)
    await shop.pay.idle()
    assert (closed.state, told) == (AuthorizationState.CLOSED, [AuthorizationState.CLOSED])
    assert shop.bank.last("close_authorization") == "AUTH1"


@pytest.mark.parametrize("operation", ["query", "close"])
@pytest.mark.parametrize("number", [None, "", 7])
async def test_one_that_is_not_named(shop: Shop, operation: str, number: Any) -> None:
    with pytest.raises(InvalidArgument, match="out_authorization_no"):
        await getattr(shop.pay, f"{operation}_user_confirm_authorization")(
            provider="wxpay", out_authorization_no=number
        )
    assert shop.bank.calls == []


async def test_an_open_outcome_is_settled_by_a_query(shop: Shop) -> None:
    shop.bank.fail("create_authorization", TransportOutcomeUnknown("no answer"))
    with pytest.raises(TransportOutcomeUnknown):
        await shop.pay.create_user_confirm_authorization(**ASKED)
    assert await shop.events("AUTH1") == []
    assert (
        await shop.pay.query_user_confirm_authorization(**NAMED)
    ).state is AuthorizationState.TAKING_EFFECT


class TestTransfer:
    async def sent(self, shop: Shop, **more: Any) -> TransferRequest:
        await shop.pay.transfer(**{**TRANSFER, **more})
        request: TransferRequest = shop.bank.last("transfer")
        return request

    @pytest.mark.parametrize("name", ["out_authorization_no", "authorization_id"])
    async def test_with_an_authorisation_needs_no_openid_and_no_address(self, shop: Shop, name: str) -> None:
        named = {name: "AUTH1", "sponsor_mchid": "1900001109"}
        assert await self.sent(shop, **named) == TransferRequest(
            out_bill_no="B1", transfer_amount=100, **named
        )

    async def test_an_address_that_is_given_is_sent(self, shop: Shop) -> None:
        request = await self.sent(shop, out_authorization_no="AUTH1", notify_url="https://b.example")
        assert request.notify_url == "https://b.example"

    async def test_its_answer_is_its_end_and_is_told(self, shop: Shop) -> None:
        told: list[FinishedTransfer] = []

        @shop.pay.on_transferred
        async def done(transfer: FinishedTransfer) -> None:
            told.append(transfer)

        made = await shop.pay.transfer(**TRANSFER, out_authorization_no="AUTH1")
        await shop.pay.idle()
        assert (made.state, [one.out_bill_no for one in told]) == (TransferState.SUCCESS, ["B1"])
        kept = await shop.pay.orders.get_transfer("B1")
        assert kept is not None
        assert (kept.state, kept.user_order_success) == ("SUCCESS", True)

    async def test_an_open_outcome_is_asked_after(self, shop: Shop) -> None:
        shop.bank.fail("transfer", TransportOutcomeUnknown("no answer"))
        with pytest.raises(TransportOutcomeUnknown):
            await shop.pay.transfer(**TRANSFER, out_authorization_no="AUTH1")
        kept = await shop.pay.orders.get_transfer("B1")
        assert kept is not None
        assert kept.state == "UNKNOWN"
        shop.clock.ms += 60_000
        assert (await shop.pay.run_jobs("transfers")).transfers == 1
        kept = await shop.pay.orders.get_transfer("B1")
        assert kept is not None
        assert kept.state == "SUCCESS"

    async def test_that_asks_for_one(self, shop: Shop) -> None:
        given = {"out_authorization_no": "AUTH1", "user_display_name": "u"}
        want = AuthorizationInfo(**given, authorization_notify_url=NOTIFY)
        for info in (given, AuthorizationInfo(**given), want):
            request = await self.sent(shop, openid="o", authorization_info=info)
            assert request.authorization_info == want
            assert request.notify_url is not None

    @pytest.mark.parametrize(
        "info", [{}, {"out_authorization_no": "AUTH1"}, {"user_display_name": 5}, "AUTH1", 5]
    )
    async def test_that_asks_wrongly(self, shop: Shop, info: Any) -> None:
        with pytest.raises(InvalidArgument, match="authorization_info: "):
            await shop.pay.transfer(**TRANSFER, openid="o", authorization_info=info)
        assert shop.bank.calls == []

    async def test_that_asks_needs_an_openid(self, shop: Shop) -> None:
        with pytest.raises(InvalidArgument) as caught:
            await self.sent(
                shop, authorization_info={"out_authorization_no": "AUTH1", "user_display_name": "u"}
            )
        assert caught.value.code == 1012
