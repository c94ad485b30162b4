"""A user agrees once, and is paid without confirming from then on."""

from __future__ import annotations

import pytest

from vkpay_async import (
    AuthorizationState,
    InvalidArgument,
    OutcomeUnknown,
    TransferState,
    ValidationFailed,
)

OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
NAMED = {"provider": "wxpay", "out_authorization_no": "AUTH1"}
REPORTS = [
    {"info_type": "活动名称", "info_content": "spring"},
    {"info_type": "奖励说明", "info_content": "first prize"},
]
EFFECT, CLOSED = AuthorizationState.TAKING_EFFECT, AuthorizationState.CLOSED


@pytest.fixture
def told(shop):
    """What the shop's handlers were told of, in their order."""
    told = []

    @shop.pay.on_transfer_authorized
    async def changed(authorization):
        told.append(authorization)

    @shop.pay.on_transferred
    async def paid(transfer):
        told.append(transfer)

    return told


def authorize(shop, **more):
    arguments = {"openid": OPENID, "transfer_scene_id": "1000", "user_display_name": "tea_lover", **more}
    return shop.pay.create_user_confirm_authorization(**NAMED, **arguments)


def send(shop, number="B1", **more):
    return shop.pay.transfer(
        provider="wxpay", out_bill_no=number, transfer_amount=880, transfer_scene_id="1000", **more
    )


async def test_agreed_once_and_paid_twice(shop, told):
    asked = await authorize(shop)
    assert asked.state is AuthorizationState.WAIT_USER_CONFIRM
    assert set(asked.options) == {"mchId", "appId", "package"}
    await shop.sim.confirm_authorization("AUTH1")
    (given,) = told
    assert (given.state, given.openid, given.user_display_name) == (EFFECT, OPENID, "tea_lover")

    for number, by in (
        ("B1", {"out_authorization_no": "AUTH1"}),
        ("B2", {"authorization_id": given.authorization_id}),
    ):
        sent = await send(shop, number, **by)
        assert (sent.state, sent.openid, sent.options) == (TransferState.SUCCESS, OPENID, None)
        kept = await shop.pay.orders.get_transfer(number)
        assert (kept.state, kept.openid) == ("SUCCESS", OPENID)
    await shop.pay.idle()
    assert [transfer.out_bill_no for transfer in told[1:]] == ["B1", "B2"]

    closed = await shop.pay.close_user_confirm_authorization(**NAMED)
    assert (closed.state, closed.close_reason) == (CLOSED, "CLOSE_VIA_MCH_API")
    await shop.sim.advance("1m")
    await shop.pay.idle()
    assert [one.state for one in told] == [EFFECT, TransferState.SUCCESS, TransferState.SUCCESS, CLOSED]
    assert {delivery.state for delivery in shop.sim.deliveries()} == {"delivered"}
    with pytest.raises(ValidationFailed):
        await send(shop, "B3", out_authorization_no="AUTH1")
    assert (await shop.pay.orders.get_transfer("B3")).state == "REFUSED"


async def test_a_lost_notification_comes_again_or_a_query_is_first(shop, told):
    await authorize(shop)
    shop.sim.fault(lose_notify=2)
    await shop.sim.confirm_authorization("AUTH1")
    assert told == []
    found = await shop.pay.query_user_confirm_authorization(**NAMED)
    await shop.pay.idle()
    assert (found.state, [one.state for one in told]) == (EFFECT, [EFFECT])
    await shop.sim.advance("1m")
    await shop.sim.settle_authorization("AUTH1", "close")
    await shop.pay.idle()
    assert [one.state for one in told] == [EFFECT, CLOSED]
    assert told[1].close_reason == "USER_CLOSE"
    assert [event.source for event in await shop.pay.orders.events("AUTH1")] == [0, 1]


async def test_who_does_not_confirm_within_a_day_has_not_agreed(shop, told):
    await authorize(shop)
    await shop.sim.advance("1d")
    (given,) = told
    assert (given.state, given.close_reason, given.authorization_id) == (
        CLOSED,
        "USER_OVERDUE_UNCONFIRMED",
        None,
    )


async def test_one_in_effect_is_shown(shop):
    await authorize(shop)
    await shop.sim.confirm_authorization("AUTH1")
    shown = await shop.pay.query_user_confirm_authorization(**NAMED, is_display_authorization=True)
    assert shown.options["package"]


@pytest.mark.parametrize("after", [False, True], ids=["lost on the way there", "lost on the way back"])
async def test_an_authorisation_without_an_answer_is_repeated_with_its_number(shop, after):
    shop.sim.fault("drop", after=after, operation="wxpay.authorize")
    with pytest.raises(OutcomeUnknown):
        await authorize(shop)
    assert (await authorize(shop)).options["package"]


@pytest.mark.parametrize("after", [False, True], ids=["lost on the way there", "lost on the way back"])
async def test_a_transfer_without_an_answer_is_settled_once(shop, told, after):
    await authorize(shop)
    await shop.sim.confirm_authorization("AUTH1")
    shop.sim.fault("drop", after=after, operation="wxpay.transfer_authorized")
    with pytest.raises(OutcomeUnknown):
        await send(shop, out_authorization_no="AUTH1")
    assert (await shop.pay.orders.get_transfer("B1")).state == "UNKNOWN"

    await send(shop, out_authorization_no="AUTH1")
    await shop.pay.query_transfer(provider="wxpay", out_bill_no="B1")
    await shop.pay.idle()
    assert [one.state for one in told] == [EFFECT, TransferState.SUCCESS]
    assert (await shop.pay.orders.get_transfer("B1")).state == "SUCCESS"


async def test_a_transfer_that_asks_for_the_authorisation_of_the_next(shop, told):
    info = {"out_authorization_no": "AUTH1", "user_display_name": "tea_lover"}
    asked = await send(shop, openid=OPENID, transfer_scene_report_infos=REPORTS, authorization_info=info)
    assert asked.state is TransferState.WAIT_USER_CONFIRM
    assert asked.options["package"]
    await shop.sim.confirm_transfer("B1")
    await shop.pay.idle()
    assert [one.state for one in told] == [TransferState.SUCCESS, EFFECT]
    assert (await send(shop, "B2", out_authorization_no="AUTH1")).state is TransferState.SUCCESS


async def test_a_user_who_takes_the_money_and_does_not_agree(shop, told):
    info = {"out_authorization_no": "AUTH1", "user_display_name": "tea_lover"}
    await send(shop, openid=OPENID, transfer_scene_report_infos=REPORTS, authorization_info=info)
    await shop.sim.settle_transfer("B1", "confirm_only")
    await shop.sim.advance("1d")
    assert [one.state for one in told] == [TransferState.SUCCESS]


async def test_a_handler_that_fails_is_told_again(shop):
    told, left = [], [RuntimeError("no book")]

    @shop.pay.on_transfer_authorized
    async def changed(authorization):
        told.append(authorization)
        if left:
            raise left.pop()

    await authorize(shop)
    await shop.sim.confirm_authorization("AUTH1")
    (event,) = await shop.pay.orders.events("AUTH1")
    assert event.state == "failed"
    assert (await shop.pay.replay_notification(event.id)).state == "done"
    assert told[0] == told[1]


async def test_alipay_has_no_such_thing(shop):
    with pytest.raises(InvalidArgument, match="nobody confirms its transfers"):
        await shop.pay.query_user_confirm_authorization(provider="alipay", out_authorization_no="AUTH1")
    with pytest.raises(InvalidArgument, match="nobody confirms its transfers"):
        await shop.pay.transfer(
            provider="alipay",
            out_bill_no="B1",
            transfer_amount=880,
            out_authorization_no="AUTH1",
            pid="certs",
        )
    assert await shop.pay.orders.get_transfer("B1", "certs") is None
