"""WeChat's virtual payment whole: a user logs in, the phone asks for the payment, and a push tells of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from tests.flow.conftest import open_shop
from vkpay_async import (
    InsufficientFunds,
    InvalidArgument,
    NotificationMismatch,
    OrderConflict,
    OrderStateConflict,
    OutcomeUnknown,
    PaidOrder,
    ProviderUnavailable,
    RefundedOrder,
    RefundState,
    SignatureInvalid,
    TradeState,
)
from vkpay_async.models import RefundRequest
from vkpay_async.providers.wxpay_virtual.signing import push_signature
from vkpay_async.service import payments
from vkpay_async.web.actions import OPEN, Client, python_names

PAY_TYPE = "wxpay-virtual_mp-weixin"
GOODS = {"mode": "short_series_goods", "buy_quantity": 1, "product_id": "vip30", "goods_price": 990}
COIN = {"mode": "short_series_coin", "buy_quantity": 350}
IP = "203.0.113.9"


class Mini:
    """A mini program with one user: what its pages and the phone do, over the shop's SDK and the simulator."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop
        self.virtual = shop.pay.provider(PAY_TYPE)
        self.openid = ""
        self.refunds: list[tuple[str, str]] = []
        shop.pay.on_refunded("goods")(self._refunded)

    async def _refunded(self, order: RefundedOrder) -> None:
        self.refunds.append((order.refund.out_refund_no, order.refund.state.value))

    async def control(self, name: str, **body: Any) -> Any:
        url = f"{self.shop.sim.url}/_sim/wxpay-virtual/{name}"
        async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def log_in(self) -> None:
        code = self.shop.sim.login(self.virtual.appid, self.openid or None)["code"]
        login = await self.shop.pay.code2session_weixin_mp(code=code, provider="wxpay-virtual")
        self.openid = login.openid

    async def create(self, number: str = "T2026010100000001", terms: Any = None, **more: Any) -> Any:
        return await self.shop.pay.create_payment(
            provider="wxpay-virtual",
            platform="mp-weixin",
            out_trade_no=number,
            subject="VIP",
            type="goods",
            openid=self.openid,
            wxpay_virtual=terms or GOODS,
            **more,
        )

    async def phone(self, payment: Any, action: str = "open", **more: Any) -> Any:
        asked = payment.order_info.to_client() | {"openid": self.openid, "action": action} | more
        return await self.control("request-virtual-payment", **asked)

    async def buy(self, number: str = "T2026010100000001", terms: Any = None, **more: Any) -> str:
        """An order that is paid; its push has been answered."""
        said = await self.phone(await self.create(number, terms))
        assert said["errCode"] == 0, said
        await self.shop.sim.pay(number, **more)
        return number

    async def push(self, **settings: Any) -> None:
        await self.control("account", push=settings)

    def asked(self, name: str) -> int:
        return len(self.shop.sim.journal(operation=f"wxpay-virtual.{name}"))

    def step(self) -> str:
        return self.shop.sim.orders()[0].state


@pytest.fixture
async def mini(shop: Any) -> Mini:
    mini = Mini(shop)
    await mini.log_in()
    return mini


async def order_of(mini: Mini, number: str = "T2026010100000001") -> Any:
    return await mini.shop.pay.orders.require(number)


@pytest.mark.parametrize("terms", [GOODS, GOODS | {"buy_quantity": 3}, COIN], ids=["one", "three", "coins"])
@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("mode", ["plain", "compatible", "secure"])
async def test_a_payment_is_told_of_in_every_mode_and_form(
    mini: Mini, mode: str, form: str, terms: dict[str, Any]
) -> None:
    await mini.push(mode=mode, format=form)
    number = await mini.buy(terms=terms)
    order = await order_of(mini)
    total = 350 if terms is COIN else 990 * terms["buy_quantity"]
    assert (order.status, order.total_fee, order.notify_mode, order.user_order_success) == (1, total, 1, True)
    assert order.transaction_id == mini.shop.sim.orders()[0].transaction_id
    assert order.expand_data == terms | {"rate": 100, "sandbox": False}
    assert (order.openid, order.mch_id) == (
        mini.openid,
        mini.shop.sim.merchant()["wxpay-virtual"]["mp-weixin"]["mchId"],
    )
    assert mini.shop.shipped == [number]
    assert [(d.state, len(d.attempts)) for d in mini.shop.sim.deliveries()] == [("delivered", 1)]
    assert mini.step() == "DELIVERED"


async def test_the_handler_knows_what_was_bought(mini: Mini) -> None:
    seen: list[PaidOrder] = []

    @mini.shop.pay.on_paid("coins")
    async def credit(order: PaidOrder) -> None:
        seen.append(order)

    payment = await mini.shop.pay.create_payment(
        provider="wxpay-virtual",
        platform="mp-weixin",
        out_trade_no="T2026010100000001",
        subject="coins",
        type="coins",
        openid=mini.openid,
        wxpay_virtual=COIN,
    )
    assert (payment.total_fee, payment.pay_type) == (350, PAY_TYPE)
    await mini.phone(payment)
    await mini.shop.sim.pay("T2026010100000001")
    assert seen[0].expand_data["buy_quantity"] == 350


@pytest.mark.parametrize(
    ("terms", "code"),
    [(None, 1017), ({"mode": "short_series_coin"}, 1018), ({"mode": "x", "buy_quantity": 1}, 1019)],
)
async def test_the_numbers_of_vk_uni_pay(mini: Mini, terms: Any, code: int) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await mini.shop.pay.create_payment(
            provider="wxpay-virtual",
            platform="mp-weixin",
            out_trade_no="T2026010100000001",
            subject="VIP",
            type="goods",
            openid=mini.openid,
            wxpay_virtual=terms,
        )
    assert caught.value.code == code
    assert await mini.shop.pay.orders.get("T2026010100000001") is None


@pytest.mark.parametrize("number", ["T202601", "_T2026010100000001", "T" * 33, "T2026010100000001."])
async def test_numbers_that_the_client_would_not_take(mini: Mini, number: str) -> None:
    with pytest.raises(InvalidArgument, match="8–32") as caught:
        await mini.create(number)
    assert caught.value.code == 1001


async def test_one_access_token_for_many_calls_at_once(mini: Mini) -> None:
    await asyncio.gather(*(mini.virtual.query_user_balance(mini.openid, IP) for _ in range(20)))
    assert mini.asked("stable_token") == 1
    assert mini.asked("query_user_balance") == 20


async def test_a_token_that_has_ended_is_replaced_without_anybody_noticing(mini: Mini) -> None:
    await mini.virtual.query_user_balance(mini.openid, IP)
    await mini.control("account", expire_tokens=True)
    await asyncio.gather(*(mini.virtual.query_user_balance(mini.openid, IP) for _ in range(10)))
    assert mini.asked("stable_token") <= 3  # one for all that noticed together


async def test_a_token_fault_happens_once_and_is_survived(mini: Mini) -> None:
    mini.shop.sim.fault("business_code", code="40001", operation="wxpay-virtual.query_user_balance")
    assert (await mini.virtual.query_user_balance(mini.openid, IP)).balance == 0


async def test_a_session_that_ends_before_the_phone_asks(mini: Mini) -> None:
    payment = await mini.create()
    await mini.control("expire-session", openid=mini.openid)
    failed = await mini.phone(payment, "pay")
    assert failed["errCode"] == -15007
    assert "log the user in again" in mini.virtual.client_failure(failed["errCode"]).msg
    await mini.log_in()
    assert (await mini.phone(await mini.create(), "pay"))["errCode"] == 0


async def test_the_user_gives_up_and_takes_another_number(mini: Mini) -> None:
    assert (await mini.phone(await mini.create(), "cancel"))["errCode"] == -2
    assert (
        await mini.shop.pay.query_payment(out_trade_no="T2026010100000001")
    ).trade_state is TradeState.CLOSED
    assert (await mini.phone(await mini.create(), "pay"))["errCode"] == -15002
    await mini.buy("T2026010100000002")
    assert mini.shop.shipped == ["T2026010100000002"]


async def test_a_second_user_takes_another_number_and_the_firsts_payment_is_found(mini: Mini) -> None:
    """WeChat finds an order by its payer: were that forgotten, nobody would hear of a payment whose pushes are lost."""
    payment = await mini.create()
    assert (await mini.phone(payment))["errCode"] == 0
    first, mini.openid = mini.openid, ""
    await mini.log_in()
    with pytest.raises(OrderConflict, match="begun by another payer") as refused:
        await mini.create()
    assert first not in str(refused.value)
    mini.openid = first
    mini.shop.sim.fault("lose_notify", times=None)
    await mini.shop.sim.pay(payment.out_trade_no)
    assert (await order_of(mini)).status == 0
    state = await mini.shop.pay.query_payment(out_trade_no=payment.out_trade_no, await_notify=True)
    assert (state.order_paid, state.status) == (True, 1)
    assert mini.shop.shipped == [payment.out_trade_no]


async def test_the_same_user_comes_back_to_an_order(mini: Mini) -> None:
    await mini.create()
    assert (await mini.phone(await mini.create()))["errCode"] == 0
    await mini.shop.sim.pay("T2026010100000001")
    assert (await order_of(mini)).status == 1


async def test_what_was_given_back_before_it_was_heard_of_is_not_delivered(mini: Mini) -> None:
    """WeChat may give back what was not delivered within its time."""
    payment = await mini.create()
    await mini.phone(payment)
    mini.shop.sim.fault("lose_notify", times=None)
    await mini.shop.sim.pay(payment.out_trade_no)
    order = (await order_of(mini)).ref()
    await mini.virtual.refund(
        RefundRequest(order=order, out_refund_no="console-1", refund_fee=990, total_fee=990, notify_url="")
    )
    await mini.shop.sim.advance(60)
    state = await mini.shop.pay.query_payment(out_trade_no=payment.out_trade_no, await_notify=True)
    assert (state.order_paid, state.status, mini.shop.shipped) == (False, 0, [])


async def test_an_order_that_the_phone_never_asked_for(mini: Mini) -> None:
    await mini.create()
    state = await mini.shop.pay.query_payment(out_trade_no="T2026010100000001")
    assert (state.trade_state, state.order_paid) == (TradeState.NOTPAY, False)
    with pytest.raises(InvalidArgument, match="has no close"):
        await mini.shop.pay.close_payment(out_trade_no="T2026010100000001")


async def test_a_lost_push_comes_again(mini: Mini) -> None:
    mini.shop.sim.fault(lose_notify=3)
    await mini.buy()
    assert (await order_of(mini)).status == 0
    await mini.shop.sim.advance(2 + 4 + 8)
    assert (await order_of(mini)).status == 1
    (delivery,) = mini.shop.sim.deliveries()
    assert [attempt.accepted for attempt in delivery.attempts] == [False, False, False, True]


async def test_copies_run_the_handler_once(mini: Mini) -> None:
    mini.shop.sim.fault("duplicate_notify", copies=20)
    await mini.buy()
    assert mini.shop.runs == 1
    assert {attempt.accepted for attempt in mini.shop.sim.deliveries()[0].attempts} == {True}


@pytest.mark.parametrize("mode", ["plain", "secure"])
async def test_a_push_whose_signature_does_not_hold_is_refused_and_the_next_is_taken(
    mini: Mini, mode: str
) -> None:
    await mini.push(mode=mode)
    mini.shop.sim.fault("bad_signature")
    await mini.buy()
    assert (await order_of(mini)).status == 0
    await mini.shop.sim.advance(2)
    assert [a.status for a in mini.shop.sim.deliveries()[0].attempts] == [500, 200]
    assert mini.shop.shipped == ["T2026010100000001"]


async def test_a_push_for_another_app_is_refused(mini: Mini) -> None:
    await mini.push(wrong_appid=True)
    await mini.buy()
    assert (await order_of(mini)).status == 0
    await mini.push(wrong_appid=False)
    await mini.shop.sim.advance(2)
    assert (await order_of(mini)).status == 1


async def test_a_payment_through_another_channel(mini: Mini) -> None:
    await mini.buy(channel="OTHER")
    order = await order_of(mini)
    assert order.status == 1
    assert order.transaction_id == mini.shop.sim.orders()[0].detail["wx_order_id"]


async def test_without_pushes_a_query_finds_out(mini: Mini) -> None:
    """As in the sandbox, where pushes are reported missing."""
    await mini.push(enabled=False)
    await mini.buy()
    state = await mini.shop.pay.query_payment(out_trade_no="T2026010100000001", await_notify=True)
    assert (state.order_paid, state.user_order_success) == (True, True)
    assert mini.step() == "PAID"
    order = await order_of(mini)
    await mini.virtual.provide_goods(order.ref())
    await mini.virtual.provide_goods(order.ref())
    assert mini.step() == "DELIVERED"


async def test_the_jobs_find_out_too(mini: Mini, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payments, "REPAIR_AFTER_MS", 0)
    await mini.push(enabled=False)
    await mini.buy()
    assert (await order_of(mini)).status == 0
    await mini.shop.pay.run_jobs("repair")
    assert (await order_of(mini)).status == 1


async def test_a_price_of_an_activity(mini: Mini) -> None:
    await mini.buy(terms=GOODS | {"activity_selling_price": 396})
    assert ((await order_of(mini)).status, (await order_of(mini)).total_fee) == (1, 396)


async def test_the_console_checks_the_address(mini: Mini) -> None:
    await mini.control("check-url")
    await mini.shop.sim.advance(0)
    (delivery,) = mini.shop.sim.deliveries()
    assert (delivery.event, delivery.state) == ("url_check", "delivered")


async def test_a_check_that_is_not_wechats(mini: Mini) -> None:
    query = {"signature": "0" * 40, "timestamp": "1", "nonce": "2", "echostr": "<script>"}
    url = f"{mini.shop.sim.notify_url}/vk-pay-notify/{PAY_TYPE}/-/default?{urlencode(query)}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status == 500
        assert b"script" not in await response.read()


async def test_other_events_are_acknowledged(mini: Mini) -> None:
    await mini.buy()
    await mini.control("complaint", out_trade_no="T2026010100000001", detail="nothing came")
    await mini.shop.sim.advance(0)
    assert [(d.event, d.state) for d in mini.shop.sim.deliveries()] == [
        ("xpay_goods_deliver_notify", "delivered"),
        ("xpay_complaint_notify", "delivered"),
    ]
    assert mini.shop.runs == 1


async def forged(mini: Mini, event: dict[str, Any]) -> Any:
    """A plain push under a signature that holds, as whoever has seen one can send it."""
    token = mini.shop.sim.merchant()["wxpay-virtual"]["mp-weixin"]["token"]
    query = {"signature": push_signature(token, "1", "2"), "timestamp": "1", "nonce": "2"}
    return await mini.shop.pay.handle_notification(
        path=f"/pay/vk-pay-notify/{PAY_TYPE}/-/default",
        headers={},
        body=json.dumps(event).encode(),
        query=urlencode(query),
    )


async def test_a_forged_push_pays_nothing(mini: Mini) -> None:
    payment = await mini.create()
    await mini.phone(payment)
    event = {
        "Event": "xpay_goods_deliver_notify",
        "OpenId": mini.openid,
        "OutTradeNo": "T2026010100000001",
        "Env": 0,
        "WeChatPayInfo": {"TransactionId": "4200000001", "PaidTime": 1},
        "GoodsInfo": {"Quantity": 1, "OrigPrice": 990, "ActualPrice": 990},
    }
    result = await forged(mini, event)
    assert isinstance(result.error, NotificationMismatch)
    assert result.reply.status == 500
    assert (await order_of(mini)).status == 0
    await mini.shop.sim.pay("T2026010100000001")
    assert (await forged(mini, event)).error is None
    assert mini.shop.runs == 1


async def test_a_sandbox_payment_pays_no_order_of_production(mini: Mini) -> None:
    await mini.create()
    event = {
        "Event": "xpay_goods_deliver_notify",
        "OpenId": mini.openid,
        "OutTradeNo": "T2026010100000001",
        "Env": 1,
        "GoodsInfo": {"Quantity": 1, "OrigPrice": 990, "ActualPrice": 990},
    }
    assert "env 1" in (await forged(mini, event)).error.msg


async def test_refunds(mini: Mini) -> None:
    number = await mini.buy()
    first = await mini.shop.pay.refund(out_trade_no=number, refund_fee=400, refund_desc="one box broken")
    assert (first.state, first.out_refund_no) == (RefundState.PROCESSING, f"{number}-1")
    with pytest.raises(OrderStateConflict, match="another refund of this order is running"):
        await mini.shop.pay.refund(out_trade_no=number, out_refund_no="R20260002", refund_fee=590)
    await mini.shop.sim.advance(3)
    assert mini.refunds == [(f"{number}-1", "SUCCESS")]
    assert (await order_of(mini)).status == 2
    second = await mini.shop.pay.refund(out_trade_no=number)
    assert second.refund_fee == 590
    await mini.shop.sim.advance(3)
    assert (await order_of(mini)).status == 3
    state = await mini.shop.pay.query_payment(out_trade_no=number)
    assert state.trade_state is TradeState.REFUND
    found = (await mini.shop.pay.query_refund(out_trade_no=number, out_refund_no=f"{number}-1")).refund
    assert (found.state, found.refund_fee) == (RefundState.SUCCESS, 400)


@pytest.mark.parametrize("mode", ["plain", "secure"])
async def test_a_refund_that_fails_gives_its_amount_free_again(mini: Mini, mode: str) -> None:
    await mini.push(mode=mode)
    number = await mini.buy()
    refund = await mini.shop.pay.refund(out_trade_no=number)
    await mini.shop.sim.settle_refund(refund.out_refund_no, "FAIL")
    assert mini.refunds == [(refund.out_refund_no, "CLOSED")]
    assert ((await order_of(mini)).status, (await order_of(mini)).refundable) == (1, 990)
    assert (await mini.shop.pay.refund(out_trade_no=number)).refund_fee == 990


async def test_a_refund_whose_answer_is_lost_is_made_once(mini: Mini) -> None:
    number = await mini.buy()
    mini.shop.sim.fault("drop", after=True, operation="wxpay-virtual.refund_order")
    with pytest.raises(OutcomeUnknown):
        await mini.shop.pay.refund(out_trade_no=number, refund_fee=400)
    again = await mini.shop.pay.refund(out_trade_no=number, out_refund_no=f"{number}-1", refund_fee=400)
    assert (again.refund_fee, again.out_refund_no) == (400, f"{number}-1")
    assert mini.shop.sim.orders()[0].refunded_fee == 400
    await mini.shop.sim.advance(3)
    assert mini.refunds == [(f"{number}-1", "SUCCESS")]


async def test_a_refund_that_was_never_made_may_be_asked_for_again(mini: Mini) -> None:
    number = await mini.buy()
    mini.shop.sim.fault("business_code", code="-1", operation="wxpay-virtual.refund_order")
    with pytest.raises(OutcomeUnknown, match="query_refund"):
        await mini.shop.pay.refund(out_trade_no=number)
    assert mini.shop.sim.orders()[0].refunded_fee == 0
    await mini.shop.pay.refund(out_trade_no=number, out_refund_no=f"{number}-1")
    assert mini.shop.sim.orders()[0].refunded_fee == 990


async def test_a_refund_number_that_does_not_fit(mini: Mini) -> None:
    number = await mini.buy("T2026010100000001*")
    with pytest.raises(InvalidArgument, match="out_refund_no.*8–32"):
        await mini.shop.pay.refund(out_trade_no=number)
    assert (await order_of(mini, number)).refundable == 990
    assert (await mini.shop.pay.refund(out_trade_no=number, out_refund_no="R20260001")).refund_fee == 990


async def test_coins(mini: Mini) -> None:
    await mini.buy(terms=COIN)
    assert (await mini.virtual.query_user_balance(mini.openid, IP)).to_client()["sumSave"] == 350
    gift = await mini.virtual.present_currency(mini.openid, 50, "P1")
    assert gift.balance == 400
    assert (await mini.virtual.present_currency(mini.openid, 50, "P1")).repeated
    spent = await mini.virtual.currency_pay(mini.openid, IP, 60, "C1")
    assert (spent.balance, spent.used_present_amount) == (340, 50)
    assert (await mini.virtual.currency_pay(mini.openid, IP, 60, "C1")).repeated
    with pytest.raises(InsufficientFunds):
        await mini.virtual.currency_pay(mini.openid, IP, 341, "C2")
    await mini.virtual.cancel_currency_pay(mini.openid, IP, 60, "C1", "CR1")
    assert (await mini.virtual.cancel_currency_pay(mini.openid, IP, 60, "C1", "CR1")).repeated
    assert (await mini.virtual.query_user_balance(mini.openid, IP)).balance == 400


async def test_coins_whose_answer_is_lost_are_spent_once(mini: Mini) -> None:
    await mini.virtual.present_currency(mini.openid, 100, "P1")
    mini.shop.sim.fault("drop", after=True, operation="wxpay-virtual.currency_pay")
    with pytest.raises(OutcomeUnknown):
        await mini.virtual.currency_pay(mini.openid, IP, 60, "C1")
    assert (await mini.virtual.currency_pay(mini.openid, IP, 60, "C1")).repeated
    assert (await mini.virtual.query_user_balance(mini.openid, IP)).balance == 40


async def test_items_bills_and_money_out(mini: Mini) -> None:
    await mini.virtual.start_upload_goods(
        "sword", name="铁剑", price=600, item_url="https://shop.example.com/sword.png", remark="a sword"
    )
    await mini.shop.sim.advance(3)
    assert (await mini.virtual.query_upload_goods()).status == 3
    await mini.virtual.start_publish_goods("sword")
    await mini.shop.sim.advance(603)
    assert (await mini.virtual.query_publish_goods()).status == 3
    number = await mini.buy(terms=GOODS | {"product_id": "sword", "goods_price": 600})
    today = dt.datetime.now(dt.UTC).date()
    days = today - dt.timedelta(days=1), today + dt.timedelta(days=1)
    with pytest.raises(ProviderUnavailable, match="268490011"):
        await mini.virtual.download_bill(*days)
    await mini.shop.sim.advance(3)
    url = await mini.virtual.download_bill(*days)
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert number in await response.text()
    task = await mini.virtual.start_download_order(*days)
    await mini.shop.sim.advance(3)
    assert (await mini.virtual.query_download_order(task)).download_url
    before = await mini.virtual.query_biz_balance()
    await mini.virtual.withdraw("W20260001", 12345)
    await mini.shop.sim.advance(60)
    found = await mini.virtual.query_withdrawal("W20260001")
    assert (found.status, found.withdraw_amount) == (2, 12345)
    assert await mini.virtual.query_biz_balance() == before - 12345


async def test_the_front_doors_arguments(mini: Mini) -> None:
    """What a uni-app front end posts to createPayment."""
    action = OPEN["pay/createPayment"]
    posted = {
        "provider": "wxpay-virtual",
        "vk_platform": "mp-weixin",
        "platform": "mp-weixin",
        "data": {
            "out_trade_no": "T2026010100000001",
            "subject": "VIP",
            "type": "goods",
            "openid": mini.openid,
            "wxpay_virtual": GOODS,
        },
    }
    given = {
        name: value for name, value in python_names(posted, action.names).items() if name in action.names
    }
    answer = (await action.run(mini.shop.pay, given, Client(ip=IP))).to_client()
    assert (answer["code"], answer["total_fee"], answer["pay_type"]) == (0, 990, PAY_TYPE)
    assert sorted(answer["orderInfo"]) == ["mode", "paySig", "signData", "signature"]


async def test_the_sandbox(vkpay_sim: Any, tmp_path: Any) -> None:
    """Settings that are changed afterwards leave its orders where they were made."""
    config = vkpay_sim.config
    node = config["merchants"]["default"]["wxpay-virtual"]["mp-weixin"]
    node["sandbox"] = True
    shop, runner = await open_shop(vkpay_sim, tmp_path / "orders.db", merchants=config["merchants"])
    try:
        mini = Mini(shop)
        await mini.log_in()
        number = await mini.buy()
        assert (await order_of(mini)).status == 1
        assert vkpay_sim.orders()[0].detail["env_type"] == 2
    finally:
        await runner.cleanup()
    node["sandbox"] = False
    shop, runner = await open_shop(vkpay_sim, tmp_path / "orders.db", merchants=config["merchants"])
    try:
        assert (await shop.pay.query_payment(out_trade_no=number)).order_paid
        assert (await shop.pay.refund(out_trade_no=number)).refund_fee == 990
    finally:
        await runner.cleanup()


async def test_a_refused_push_is_told_of_without_secrets(
    mini: Mini, caplog: pytest.LogCaptureFixture
) -> None:
    mini.shop.sim.fault("bad_signature")
    await mini.buy()
    node = mini.shop.sim.merchant()["wxpay-virtual"]["mp-weixin"]
    text = caplog.text
    assert SignatureInvalid.__name__ in text
    for name in ("secret", "appKey", "token", "encodingAESKey"):
        assert node[name] not in text


async def test_two_applications_over_one_database(mini: Mini, tmp_path: Any) -> None:
    """They share the access token and the sessions, and take each other's pushes."""
    other, runner = await open_shop(mini.shop.sim, tmp_path / "orders.db")
    try:
        virtual = other.pay.provider(PAY_TYPE)
        calls = [one.query_user_balance(mini.openid, IP) for one in (mini.virtual, virtual) for _ in range(5)]
        assert [balance.balance for balance in await asyncio.gather(*calls)] == [0] * 10
        assert mini.asked("stable_token") == 1
        payment = await mini.create()
        await mini.phone(payment)
        await mini.shop.sim.pay("T2026010100000001")
        assert other.shipped == ["T2026010100000001"]
        assert (await order_of(mini)).status == 1
    finally:
        await runner.cleanup()
