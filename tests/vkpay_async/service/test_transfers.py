"""transfer, query_transfer and cancel_transfer, with every spelling there has been."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from tests.vkpay_async.service.failures import NEVER_SENT, OPEN, REFUSALS
from vkpay_async import (
    ConfigError,
    InvalidArgument,
    NotificationMismatch,
    NotifyUrlMissing,
    OrderConflict,
    PayeeInfo,
    TransferState,
    TransportOutcomeUnknown,
    VKPayError,
)
from vkpay_async.models import TransferRequest

WXPAY: dict[str, Any] = {"provider": "wxpay", "out_bill_no": "B1", "transfer_amount": 100, "openid": "o"}
ALIPAY: dict[str, Any] = {"provider": "alipay", "out_bill_no": "B1", "transfer_amount": 100}
NOTIFY = "https://shop.example/pay/transfer-notify/wxpay_transfer/B1/default"


async def sent(shop: Shop, **arguments: Any) -> TransferRequest:
    await shop.pay.transfer(**arguments)
    request: TransferRequest = shop.bank.last("transfer")
    return request


async def test_wechat(shop: Shop) -> None:
    fields: dict[str, Any] = {
        "transfer_remark": "bonus",
        "user_name": "张三",
        "transfer_scene_id": "1000",
        "transfer_scene_report_infos": [{"info_type": "活动名称", "info_content": "新会员"}],
        "user_recv_perception": "活动奖励",
        "appid": "wx9",
        "other": {"x": 1},
    }
    assert await sent(shop, **WXPAY, **fields) == TransferRequest(
        out_bill_no="B1", transfer_amount=100, openid="o", notify_url=NOTIFY, **fields
    )


async def test_alipay(shop: Shop) -> None:
    fields: dict[str, Any] = {
        "order_title": "bonus",
        "transfer_remark": "thanks",
        "payer_use_alias": True,
        "transfer_scene_name": "佣金报酬",
        "app_auth_token": "t",
        "biz_scene": "DIRECT_TRANSFER",
    }
    payee = {"identity": "a@example.com", "name": "张三", "cert_type": "IDENTITY_CARD", "cert_no": "1"}
    want = TransferRequest(out_bill_no="B1", transfer_amount=100, payee_info=PayeeInfo(**payee), **fields)
    assert await sent(shop, **ALIPAY, **fields, payee_info=payee) == want
    assert await sent(shop, **ALIPAY, **fields, payee_info=PayeeInfo(**payee)) == want


@pytest.mark.parametrize(
    "arguments",
    [
        {"provider": "wxpay", "out_bill_no": "B1", "transfer_amount": 100, "transfer_remark": "r", "user_name": "n"},
        {"pay_type": "wxpay", "out_biz_no": "B1", "amount": 100, "remark": "r", "real_name": "n"},
        {"version": 3, "pay_type": "wxpay", "out_biz_no": "B1", "amount": 100, "remark": "r", "real_name": "n"},
        {"provider": "wxpay", "out_trade_no": "B1", "money": 100, "desc": "r", "re_user_name": "n"},
        {"provider": "wxpay", "pay_type": "wxpay", "out_bill_no": "B1", "out_biz_no": "B1", "money": 100, "amount": 100,
         "desc": "r", "re_user_name": "n", "check_name": True},
    ],
)  # fmt: skip
async def test_wechats_older_spellings(shop: Shop, arguments: dict[str, Any]) -> None:
    assert await sent(shop, **arguments, openid="o") == TransferRequest(
        out_bill_no="B1",
        transfer_amount=100,
        openid="o",
        transfer_remark="r",
        user_name="n",
        notify_url=NOTIFY,
    )


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"account": "a@example.com", "real_name": "n"}, "ALIPAY_LOGON_ID"),
        ({"account": "a@example.com", "real_name": "n", "check_name": True}, "ALIPAY_LOGON_ID"),
        ({"payee_account": "a@example.com", "payee_real_name": "n"}, "ALIPAY_LOGON_ID"),
        ({"account": "2088", "check_name": False}, "ALIPAY_USER_ID"),
    ],
)
async def test_alipays_older_spellings(shop: Shop, arguments: dict[str, Any], kind: str) -> None:
    request = await sent(
        shop,
        pay_type="alipay",
        out_biz_no="B1",
        amount=100,
        title="t",
        remark="r",
        payer_use_alias=True,
        **arguments,
    )
    assert request == TransferRequest(
        out_bill_no="B1",
        transfer_amount=100,
        order_title="t",
        transfer_remark="r",
        payer_use_alias=True,
        payee_info=PayeeInfo(
            identity=arguments.get("account", "a@example.com"),
            identity_type=kind,
            name=None if kind == "ALIPAY_USER_ID" else "n",
        ),
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {**WXPAY, "money": 99},
            "transfer_amount and money mean the same and differ; give transfer_amount only",
        ),
        ({**WXPAY, "out_biz_no": "B2"}, "out_bill_no and out_biz_no mean the same"),
        ({**WXPAY, "pay_type": "alipay"}, "provider and pay_type mean the same"),
        ({**ALIPAY, "account": "a", "payee_account": "b"}, "account and payee_account mean the same"),
    ],
)
async def test_two_spellings_must_agree(shop: Shop, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        await shop.pay.transfer(**arguments)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        *(({"provider": value}, 1005) for value in (None, "", "paypal")),
        *(({"transfer_amount": value}, 1007) for value in (None, "100", 1.0, True)),
        *(({"transfer_amount": value}, 1008) for value in (0, -1, 9)),
        *(({"openid": value}, 1012) for value in (None, "", " ")),
        *(({"out_bill_no": value}, -1) for value in (None, "", "a-b", "x" * 65, "单号")),
        ({"colour": "red"}, -1),
    ],
)
async def test_what_is_refused_before_anything_is_sent(shop: Shop, wrong: dict[str, Any], code: int) -> None:
    with pytest.raises((InvalidArgument, ConfigError)) as caught:
        await shop.pay.transfer(**{**WXPAY, **wrong})
    assert caught.value.code == code
    assert shop.bank.calls == []


@pytest.mark.parametrize("payee", [{}, {"identity": 5}, {"identity_type": "ALIPAY_USER_ID"}])
async def test_a_payee_without_an_account_is_1009(shop: Shop, payee: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match="payee_info: ") as caught:
        await shop.pay.transfer(**ALIPAY, payee_info=payee)
    assert caught.value.code == 1009


async def test_an_unknown_field_belongs_in_other(shop: Shop) -> None:
    with pytest.raises(InvalidArgument, match=r"colour.*; pass provider fields in other"):
        await shop.pay.transfer(**WXPAY, colour="red")  # type: ignore[call-arg]


async def test_wechat_needs_an_address_for_the_result(bank: Bank, clock: Clock) -> None:
    shop = open_shop(bank, clock, "sqlite://", notify_url="")
    async with shop.pay:
        with pytest.raises(NotifyUrlMissing):
            await shop.pay.transfer(**WXPAY)
        await shop.pay.transfer(**ALIPAY)


async def test_the_address_can_be_another(shop: Shop) -> None:
    assert (await sent(shop, **WXPAY, notify_url="https://b.example")).notify_url == "https://b.example"


async def test_another_merchant_and_another_node(shop: Shop) -> None:
    request = await sent(shop, **WXPAY, pid="shop7", platform="mp-weixin")
    assert request.notify_url == "https://seven.example/transfer-notify/wxpay_mp-weixin/B1/shop7"


async def test_what_the_front_end_gets(shop: Shop) -> None:
    transfer = await shop.pay.transfer(**WXPAY)
    assert transfer.to_client() == {
        "code": 0,
        "msg": "WAIT_USER_CONFIRM",
        "result": {"out_bill_no": "B1"},
        "options": {"mchId": "1900000001", "appId": "wx1", "package": "p"},
    }


async def test_the_number_is_the_same_when_the_outcome_was_open(shop: Shop) -> None:
    shop.bank.fail("transfer", TransportOutcomeUnknown("no answer"))
    with pytest.raises(TransportOutcomeUnknown):
        await shop.pay.transfer(**WXPAY)
    assert (await shop.pay.transfer(**WXPAY)).out_bill_no == "B1"


@pytest.mark.parametrize(
    "arguments",
    [{"out_bill_no": "B1"}, {"transfer_bill_no": "13300"}, {"out_bill_no": "B1", "platform": "mp-weixin"}],
)
async def test_asking_after_a_transfer(shop: Shop, arguments: dict[str, Any]) -> None:
    transfer = await shop.pay.query_transfer(provider="wxpay", **arguments)
    assert transfer.state is TransferState.SUCCESS
    ref = shop.bank.last("query_transfer")
    assert (ref.out_bill_no, ref.transfer_bill_no) == (
        arguments.get("out_bill_no"),
        arguments.get("transfer_bill_no"),
    )


async def test_asking_after_nothing(shop: Shop) -> None:
    with pytest.raises(InvalidArgument, match="out_bill_no or transfer_bill_no"):
        await shop.pay.query_transfer(provider="wxpay")


async def test_taking_a_transfer_back(shop: Shop) -> None:
    transfer = await shop.pay.cancel_transfer(provider="wxpay", out_bill_no="B1", pid="shop7")
    assert (transfer.state, transfer.mch_id) == (TransferState.CANCELING, "1900000007")
    assert shop.bank.last("cancel_transfer").out_bill_no == "B1"


def test_names_of_people_are_not_shown() -> None:
    request = TransferRequest(out_bill_no="B1", transfer_amount=1, user_name="张三", app_auth_token="hush")
    payee = PayeeInfo(identity="a@example.com", name="张三", cert_no="hush")
    assert "张三" not in repr(request) + repr(payee)
    assert "hush" not in repr(request) + repr(payee)


async def state(shop: Shop) -> str:
    kept = await shop.pay.orders.get_transfer("B1")
    assert kept is not None
    return kept.state


async def fails(shop: Shop, error: VKPayError) -> str:
    """The state that is kept after a call that failed so."""
    shop.bank.fail("transfer", error)
    with pytest.raises(type(error)):
        await shop.pay.transfer(**WXPAY)
    return await state(shop)


class TestKept:
    async def test_before_it_is_sent(self, shop: Shop) -> None:
        shop.bank.fail("transfer", asyncio.CancelledError())
        with pytest.raises(asyncio.CancelledError):
            await shop.pay.transfer(**WXPAY, transfer_remark="prize")
        kept = await shop.pay.orders.get_transfer("B1")
        assert kept is not None
        assert (kept.state, kept.transfer_amount, kept.openid, kept.transfer_remark, kept.pid) == (
            "PENDING",
            100,
            "o",
            "prize",
            "default",
        )

    async def test_what_the_provider_answered(self, shop: Shop) -> None:
        await shop.pay.transfer(**WXPAY)
        assert await state(shop) == "WAIT_USER_CONFIRM"

    async def test_a_repeat_keeps_the_amount(self, shop: Shop) -> None:
        await shop.pay.transfer(**WXPAY)
        with pytest.raises(OrderConflict, match="a repeat must keep the amount"):
            await shop.pay.transfer(**{**WXPAY, "transfer_amount": 101})
        assert shop.bank.count()["transfer"] == 1

    @pytest.mark.parametrize("error", [*REFUSALS, *NEVER_SENT], ids=lambda e: type(e).__name__)
    async def test_a_no_to_the_first_try_ends_it(self, shop: Shop, error: VKPayError) -> None:
        assert await fails(shop, error) == "REFUSED"

    @pytest.mark.parametrize("error", OPEN, ids=lambda e: type(e).__name__)
    async def test_an_open_outcome_is_asked_after(self, shop: Shop, error: VKPayError) -> None:
        assert await fails(shop, error) == "UNKNOWN"
        shop.clock.ms += 60_000
        (due,) = await shop.pay.orders.take_due_transfers(now=shop.clock(), again=shop.clock() + 1, most=9)
        assert due.out_bill_no == "B1"

    @pytest.mark.parametrize("error", NEVER_SENT, ids=lambda e: type(e).__name__)
    async def test_a_repeat_that_nobody_looked_at_settles_nothing(
        self, shop: Shop, error: VKPayError
    ) -> None:
        await fails(shop, TransportOutcomeUnknown("no answer"))
        assert await fails(shop, error) == "UNKNOWN"

    @pytest.mark.parametrize("error", REFUSALS, ids=lambda e: type(e).__name__)
    async def test_a_repeat_that_is_refused_settles_it(self, shop: Shop, error: VKPayError) -> None:
        await fails(shop, TransportOutcomeUnknown("no answer"))
        assert await fails(shop, error) == "REFUSED"

    @pytest.mark.parametrize("error", [*REFUSALS, *NEVER_SENT, *OPEN], ids=lambda e: type(e).__name__)
    async def test_a_failed_repeat_does_not_undo_a_transfer(self, shop: Shop, error: VKPayError) -> None:
        await shop.pay.transfer(**WXPAY)
        assert await fails(shop, error) == "WAIT_USER_CONFIRM"

    async def test_one_that_was_refused_may_be_tried_again_and_is_as_open_as_the_first(
        self, shop: Shop
    ) -> None:
        assert await fails(shop, REFUSALS[0]) == "REFUSED"
        assert await fails(shop, TransportOutcomeUnknown("no answer")) == "UNKNOWN"
        assert await fails(shop, REFUSALS[0]) == "REFUSED"
        await shop.pay.transfer(**WXPAY)
        assert await state(shop) == "WAIT_USER_CONFIRM"

    async def test_one_that_was_never_sent_is_not_kept(self, shop: Shop) -> None:
        with pytest.raises(InvalidArgument):
            await shop.pay.transfer(**{**WXPAY, "transfer_amount": 0})
        assert await shop.pay.orders.get_transfer("B1") is None

    async def test_an_end_that_does_not_fit_is_not_believed(self, shop: Shop) -> None:
        shop.bank.transfer_mch_id = "1900000009"
        with pytest.raises(NotificationMismatch, match="merchant"):
            await shop.pay.query_transfer(provider="wxpay", out_bill_no="B1")
        assert await shop.pay.orders.get_transfer("B1") is None
