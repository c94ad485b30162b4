"""An app in the simulated App Store and its shop: bought, proven, renewed, given back; lost and doubled on the way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.flow.conftest import Shop, open_shop
from vkpay_async import (
    InvalidArgument,
    NotificationMismatch,
    OrderConflict,
    Payment,
    ProviderEvent,
    ProviderUnavailable,
    RateLimited,
    RefundedOrder,
    SignatureInvalid,
)
from vkpay_simulator.running import RunningSimulator

COINS, VIP = "com.example.coins", "com.example.vip"
RENEWABLE = "Auto-Renewable Subscription"


class Store:
    """The customer's phone and App Store Connect, with the shop behind them."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.pay = shop.pay
        self.sim = shop.sim
        self.paid: list[tuple[str, str | None]] = []
        self.given_back: list[tuple[str, int, str]] = []
        self.news: list[str] = []
        self._numbers = 0
        self.pay.on_paid("coins")(self._paid)
        self.pay.on_refunded("coins")(self._refunded)
        self.pay.on_event("appleiap")(self._news)

    async def _paid(self, order: Any) -> None:
        self.paid.append((order.out_trade_no, order.renewal_of))

    async def _refunded(self, order: RefundedOrder) -> None:
        self.given_back.append((order.out_trade_no, order.refund.refund_fee, order.refund.state.value))

    async def _news(self, event: ProviderEvent) -> None:
        self.news.append(event.event)

    async def order(self, product_id: str | None = COINS, total_fee: int = 600, **more: Any) -> Payment:
        self._numbers += 1
        goods = {} if product_id is None else {"appleiap": {"product_id": product_id}}
        return await self.pay.create_payment(
            provider="appleiap",
            platform="app-plus",
            out_trade_no=f"apple_{self._numbers:06d}",
            total_fee=total_fee,
            subject="100 coins",
            type="coins",
            **goods | more,
        )

    async def does(self, what: str, **body: Any) -> Any:
        """A call of the simulator's own control; what it makes due has happened when this returns."""
        url = f"{self.sim.url}/_sim/appleiap/{what}"
        async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
            done = await answer.json()
            assert answer.status == 200, done
        await self.sim.advance(0)
        await self.pay.idle()
        return done

    async def buys(self, payment: Payment | None, product_id: str = COINS, **more: Any) -> Any:
        token = {} if payment is None else {"app_account_token": payment.order_info.provider_order_no}
        return await self.does("purchase", product_id=product_id, **token | more)

    async def unheard(self) -> None:
        """No notification comes."""
        await self.does("account", notify_url="", sandbox_notify_url="")

    async def status(self, payment: Payment) -> int:
        return await self.shop.status(payment.out_trade_no)


@contextlib.asynccontextmanager
async def opened(sim: RunningSimulator, database: Path, **node: Any) -> AsyncIterator[Store]:
    config = sim.config
    for row in config["merchants"].values():
        row["appleiap"]["app-plus"].update(node)
    shop, runner = await open_shop(sim, database, merchants=config["merchants"])
    yield Store(shop)
    await runner.cleanup()


@pytest.fixture
async def store(vkpay_sim: RunningSimulator, tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(vkpay_sim, tmp_path / "orders.db") as store:
        yield store


class TestPaid:
    async def test_by_a_notification(self, store: Store) -> None:
        payment = await store.order()
        bought = await store.buys(payment)
        order = await store.pay.orders.require(payment.out_trade_no)
        assert (order.status, order.transaction_id, order.notify_mode) == (1, bought["transactionId"], 1)
        assert order.notify_info["productId"] == COINS
        assert store.paid == [(payment.out_trade_no, None)]
        assert [one.state for one in store.sim.deliveries()] == ["delivered"]

    @pytest.mark.parametrize("proof", ["signed_transaction", "transaction_id"])
    async def test_by_what_the_phone_brings(self, store: Store, proof: str) -> None:
        await store.unheard()
        payment = await store.order()
        bought = await store.buys(payment)
        assert await store.status(payment) == 0
        given = {"signed_transaction": bought["signedTransaction"], "transaction_id": bought["transactionId"]}
        status = await store.pay.verify_purchase(out_trade_no=payment.out_trade_no, **{proof: given[proof]})
        assert (status.order_paid, status.user_order_success, status.environment) == (True, True, "Sandbox")
        assert store.paid == [(payment.out_trade_no, None)]

    @pytest.mark.parametrize("kind", ["appReceipt", "transactionReceipt"])
    async def test_by_an_old_receipt(self, store: Store, kind: str) -> None:
        payment = await store.order()
        bought = await store.buys(None)
        status = await store.pay.verify_purchase(
            out_trade_no=payment.out_trade_no,
            transaction_receipt=bought[kind],
            transaction_identifier=bought["transactionId"],
        )
        assert (status.order_paid, status.finish) == (True, True)

    async def test_once_whoever_is_first(self, store: Store) -> None:
        payment = await store.order()
        token = payment.order_info.provider_order_no
        store.sim.fault("duplicate_notify", copies=20, out_trade_no=token)
        bought = await store.buys(payment)
        results = await asyncio.gather(
            *(
                store.pay.verify_purchase(
                    out_trade_no=payment.out_trade_no, signed_transaction=bought["signedTransaction"]
                )
                for _ in range(10)
            )
        )
        assert all(result.order_paid and result.repeat for result in results)
        assert store.paid == [(payment.out_trade_no, None)]

    async def test_asked_after(self, store: Store) -> None:
        payment = await store.order()
        status = await store.pay.query_payment(out_trade_no=payment.out_trade_no)
        assert (status.order_paid, status.trade_state.value) == (False, "NOTPAY")
        bought = await store.buys(payment)
        assert (await store.pay.query_payment(out_trade_no=payment.out_trade_no)).order_paid
        await store.does("refund", transaction_id=bought["transactionId"])
        status = await store.pay.query_payment(out_trade_no=payment.out_trade_no)
        assert (status.order_paid, status.msg) == (False, "订单已退款")

    async def test_a_lost_notification_comes_again_in_production(
        self, vkpay_sim: RunningSimulator, tmp_path: Path
    ) -> None:
        async with opened(vkpay_sim, tmp_path / "orders.db", sandbox=False) as store:
            payment = await store.order()
            vkpay_sim.fault(lose_notify=5)
            await store.buys(payment, environment="Production")
            assert await store.status(payment) == 0
            await vkpay_sim.advance("157h")
            assert await store.status(payment) == 1


class TestNotOurs:
    async def test_anothers_purchase(self, store: Store) -> None:
        mine, yours = await store.order(), await store.order()
        await store.unheard()
        bought = await store.buys(yours)
        for proof in (
            {"signed_transaction": bought["signedTransaction"]},
            {"transaction_id": bought["transactionId"]},
        ):
            with pytest.raises(NotificationMismatch):
                await store.pay.verify_purchase(out_trade_no=mine.out_trade_no, **proof)
        assert await store.status(mine) == 0

    async def test_another_product(self, store: Store) -> None:
        payment = await store.order()
        bought = await store.buys(payment, "com.example.sweets")
        assert await store.status(payment) == 0
        with pytest.raises(NotificationMismatch, match="product"):
            await store.pay.verify_purchase(
                out_trade_no=payment.out_trade_no, signed_transaction=bought["signedTransaction"]
            )

    async def test_another_price_where_no_product_is_named(self, store: Store) -> None:
        payment = await store.order(None)
        await store.buys(payment, price=1000)
        assert await store.status(payment) == 0
        (event,) = await store.pay.orders.events(payment.out_trade_no)
        assert (event.state, "amount" in str(event.error)) == ("unmatched", True)

    async def test_a_purchase_without_a_token(self, store: Store) -> None:
        payment = await store.order()
        bought = await store.buys(None)
        with pytest.raises(NotificationMismatch, match="link_without_token"):
            await store.pay.verify_purchase(
                out_trade_no=payment.out_trade_no, signed_transaction=bought["signedTransaction"]
            )
        assert store.news == ["ONE_TIME_CHARGE"]

    async def test_or_for_one_order_where_that_is_allowed(
        self, vkpay_sim: RunningSimulator, tmp_path: Path
    ) -> None:
        async with opened(vkpay_sim, tmp_path / "orders.db", linkWithoutToken=True) as store:
            payments = [await store.order() for _ in range(4)]
            signed = (await store.buys(None))["signedTransaction"]
            outcomes = await asyncio.gather(
                *(
                    store.pay.verify_purchase(out_trade_no=one.out_trade_no, signed_transaction=signed)
                    for one in payments
                ),
                return_exceptions=True,
            )
            assert sum([await store.status(one) for one in payments]) == len(store.paid) == 1
            assert all(isinstance(one, OrderConflict) or one.finish for one in outcomes)

    async def test_one_that_was_given_back_before_it_was_brought(self, store: Store) -> None:
        await store.unheard()
        payment = await store.order()
        bought = await store.buys(payment)
        await store.does("refund", transaction_id=bought["transactionId"])
        status = await store.pay.verify_purchase(
            out_trade_no=payment.out_trade_no, transaction_id=bought["transactionId"]
        )
        assert (status.order_paid, status.finish, status.msg) == (False, True, "订单已退款")
        assert store.paid == []

    async def test_forged_on_its_way(self, store: Store) -> None:
        payment = await store.order()
        store.sim.fault("bad_signature", operation="*.notify")
        bought = await store.buys(payment)
        assert await store.status(payment) == 0
        store.sim.fault("bad_signature", operation="appleiap.transaction")
        with pytest.raises(SignatureInvalid):
            await store.pay.verify_purchase(
                out_trade_no=payment.out_trade_no, transaction_id=bought["transactionId"]
            )

    async def test_play_money_at_a_shop_for_real_money(
        self, vkpay_sim: RunningSimulator, tmp_path: Path
    ) -> None:
        async with opened(vkpay_sim, tmp_path / "a.db", sandbox=False) as store:
            payment = await store.order()
            bought = await store.buys(payment)
            with pytest.raises(NotificationMismatch, match="accept_sandbox"):
                await store.pay.verify_purchase(
                    out_trade_no=payment.out_trade_no, signed_transaction=bought["signedTransaction"]
                )
            assert await store.status(payment) == 0
        async with opened(vkpay_sim, tmp_path / "b.db", sandbox=False, acceptSandbox=True) as store:
            payment = await store.order()
            bought = await store.buys(payment, payer="tester")
            status = await store.pay.verify_purchase(
                out_trade_no=payment.out_trade_no, transaction_id=bought["transactionId"]
            )
            assert (status.order_paid, status.environment) == (True, "Sandbox")


class TestSubscription:
    async def test_each_renewal_is_an_order(self, store: Store) -> None:
        payment = await store.order(VIP, 3000, user_id="u1")
        await store.buys(payment, VIP, type=RENEWABLE, price=30000)
        await store.sim.advance("10m1s")
        await store.pay.idle()
        assert [renewal_of for _, renewal_of in store.paid] == [None, *[payment.out_trade_no] * 2]
        rows = (await store.pay.orders.list({"user_id": "u1"})).rows
        assert [(row.status, row.total_fee, row.type) for row in rows] == [(1, 3000, "coins")] * 3
        newest = rows[0]
        await store.does("refund", transaction_id=newest.transaction_id, percentage=50_000)
        assert store.given_back == [(newest.out_trade_no, 1500, "SUCCESS")]
        assert await store.status(payment) == 1

    async def test_a_renewal_that_the_phone_brings(self, store: Store) -> None:
        payment = await store.order(VIP, 3000)
        bought = await store.buys(payment, VIP, type=RENEWABLE, price=30000)
        await store.unheard()
        renewal = await store.does("renew", transaction_id=bought["transactionId"])
        status = await store.pay.verify_purchase(
            out_trade_no=payment.out_trade_no, signed_transaction=renewal["signedTransaction"]
        )
        assert (status.out_trade_no, status.order_paid) == (renewal["transactionId"], True)

    async def test_an_upgrade_pays_the_order_it_was_bought_for(self, store: Store) -> None:
        first = await store.order(VIP, 3000)
        await store.buys(first, VIP, type=RENEWABLE, price=30000)
        second = await store.order("com.example.pro", 6000)
        await store.buys(second, "com.example.pro", type=RENEWABLE, price=60000)
        assert await store.status(second) == 1
        assert [number for number, _ in store.paid] == [first.out_trade_no, second.out_trade_no]

    async def test_what_else_is_told(self, store: Store) -> None:
        payment = await store.order(VIP, 3000)
        bought = await store.buys(payment, VIP, type=RENEWABLE, price=30000)
        number = bought["transactionId"]
        await store.does("ask-consumption", transaction_id=number)
        await store.does("change", transaction_id=number, auto_renew=False)
        await store.does("expire", transaction_id=number)
        assert store.news == [
            "CONSUMPTION_REQUEST",
            "DID_CHANGE_RENEWAL_STATUS.AUTO_RENEW_DISABLED",
            "EXPIRED.VOLUNTARY",
        ]


class TestGivenBack:
    async def test_there_and_back_again(self, store: Store) -> None:
        payment = await store.order()
        number = (await store.buys(payment))["transactionId"]
        await store.does("refund", transaction_id=number, percentage=50_000)
        assert await store.status(payment) == 2
        await store.does("reverse-refund", transaction_id=number)
        assert await store.status(payment) == 1
        await store.sim.advance(60)
        await store.does("refund", transaction_id=number)
        assert await store.status(payment) == 3
        assert [state for _, _, state in store.given_back] == ["SUCCESS", "CLOSED", "SUCCESS"]
        refund = await store.pay.query_refund(out_trade_no=payment.out_trade_no)
        assert (refund.refund.state.value, refund.refund.refund_fee) == ("SUCCESS", 600)

    async def test_a_family_that_no_longer_shares(self, vkpay_sim: RunningSimulator, tmp_path: Path) -> None:
        async with opened(vkpay_sim, tmp_path / "orders.db", allowFamilyShared=True) as store:
            payment = await store.order("com.example.level")
            bought = await store.buys(payment, "com.example.level", type="Non-Consumable", family_shared=True)
            assert await store.status(payment) == 1
            await store.does("revoke", transaction_id=bought["transactionId"])
            assert await store.status(payment) == 3

    async def test_before_it_was_known_and_taken_back(self, store: Store) -> None:
        """The customer has paid after all: the order is paid without anybody asking for it, and once."""
        payment = await store.order()
        store.sim.fault("lose_notify", operation="*.notify", times=1)
        number = (await store.buys(payment))["transactionId"]
        await store.does("refund", transaction_id=number)
        assert await store.status(payment) == 0
        for _ in range(2):
            await store.does("reverse-refund", transaction_id=number)
            assert await store.status(payment) == 1
            assert store.paid == [(payment.out_trade_no, None)]
            await store.sim.advance(60)
            await store.does("refund", transaction_id=number)
            assert await store.status(payment) == 3
        assert [state for _, _, state in store.given_back] == ["SUCCESS", "CLOSED", "SUCCESS"]

    async def test_a_renewal_before_it_was_known(self, store: Store) -> None:
        payment = await store.order(VIP, 3000)
        bought = await store.buys(payment, VIP, type=RENEWABLE, price=30000)
        store.sim.fault("lose_notify", operation="*.notify", times=1)
        renewal = (await store.does("renew", transaction_id=bought["transactionId"]))["transactionId"]
        await store.does("refund", transaction_id=renewal)
        await store.does("reverse-refund", transaction_id=renewal)
        assert store.paid == [(payment.out_trade_no, None), (renewal, payment.out_trade_no)]
        assert await store.shop.status(renewal) == 1

    async def test_a_second_purchase_of_an_order(self, store: Store) -> None:
        """Apple is told that it was heard: the order's own purchase stays, and a person sees the other."""
        payment = await store.order()
        await store.buys(payment)
        second = (await store.buys(payment))["transactionId"]
        await store.does("refund", transaction_id=second)
        await store.does("reverse-refund", transaction_id=second)
        assert [one.state for one in store.sim.deliveries()] == ["delivered"] * 4
        assert await store.status(payment) == 1
        events = await store.pay.orders.events(payment.out_trade_no)
        errors = [str(one.error) for one in events if one.state == "unmatched"]
        assert ["was given back" in text for text in errors] == [False, True, False]
        assert "was undone" in errors[2]
        assert (len(store.paid), store.given_back) == (1, [])

    async def test_not_by_us(self, store: Store) -> None:
        payment = await store.order()
        await store.buys(payment)
        with pytest.raises(InvalidArgument, match="only Apple gives money back"):
            await store.pay.refund(out_trade_no=payment.out_trade_no)
        order = await store.pay.orders.require(payment.out_trade_no)
        assert (order.status, order.refund_list) == (1, ())


class TestApi:
    """The bound provider's own calls."""

    async def test_pages_are_one_list(self, store: Store) -> None:
        apple = store.pay.provider("appleiap_app-plus")
        bought = [await store.buys(None) for _ in range(45)]
        number = bought[0]["transactionId"]
        found = [one.transaction_id async for one in apple.transaction_history(number)]
        assert found == [one["transactionId"] for one in bought]
        newest = apple.transaction_history(number, newest_first=True)
        assert (await anext(newest)).transaction_id == found[-1]
        for one in bought[:3]:
            await store.does("refund", transaction_id=one["transactionId"])
        assert [one.transaction_id async for one in apple.refund_history(number)] == found[:3]
        when = bought[0]["transaction"]["purchaseDate"]
        told = apple.notification_history(
            start_date=when - 3_600_000, end_date=when + 86_400_000, notification_type="REFUND"
        )
        assert [one.notification.event async for one in told] == ["REFUND"] * 3

    async def test_a_test_notification(self, store: Store) -> None:
        apple = store.pay.provider("appleiap_app-plus")
        token = await apple.request_test_notification()
        await store.sim.advance(0)
        sent = await apple.test_notification_status(token)
        assert [one.send_attempt_result for one in sent.attempts] == ["SUCCESS"]
        await store.pay.idle()
        assert store.news == ["TEST"]

    async def test_offers_that_storekit_takes(self, store: Store) -> None:
        apple = store.pay.provider("appleiap_app-plus")
        payment = await store.order(VIP, 3000)
        token = payment.order_info.provider_order_no
        offer = apple.promotional_offer(VIP, "half", app_account_token=token)
        signature = {
            "key_id": offer.key_identifier,
            "nonce": offer.nonce,
            "timestamp": offer.timestamp,
            "signature": offer.signature,
        }
        taken = {"type": 2, "identifier": "half", "discount": "PAY_AS_YOU_GO", "signature": signature}
        await store.buys(payment, VIP, type=RENEWABLE, price=15000, offer=taken)
        assert await store.status(payment) == 1
        for jws in (
            apple.promotional_offer_jws(VIP, "half", transaction_id="1"),
            apple.introductory_offer_jws(VIP, "1", allowed=True),
            apple.advanced_commerce_jws({"operation": "CREATE_ONE_TIME_CHARGE", "version": "1"}),
        ):
            assert (await store.does("storekit", jws=jws))["nonce"]

    async def test_the_rest_of_it(self, store: Store) -> None:
        apple = store.pay.provider("appleiap_app-plus")
        bought = await store.buys(None, VIP, type=RENEWABLE)
        number = bought["transactionId"]
        (state,) = await apple.subscription_statuses(number)
        assert (state.status, state.renewal_info.auto_renew_product_id) == (1, VIP)
        assert (await apple.app_transaction(number)).app_transaction_id
        await apple.finish_transaction(number)
        await apple.set_app_account_token(number, "0b0c1c0e-6f0a-4a52-9c0b-0d4b5f1c2a33")
        assert (await apple.transaction(number)).app_account_token == "0b0c1c0e-6f0a-4a52-9c0b-0d4b5f1c2a33"
        await apple.send_consumption(number, customer_consented=True, delivery_status="DELIVERED")
        extended = await apple.extend_renewal_date(number, days=1, reason=1, request_identifier="r1")
        assert extended.success
        identifier = "6d3c2e1a-0c0f-4f0e-8a55-3f6b2f7c9d10"
        await apple.extend_renewal_date_for_all(VIP, days=1, reason=1, request_identifier=identifier)
        assert (await apple.extension_status(VIP, identifier)).complete is False
        receipt = await apple.verify_receipt(bought["appReceipt"])
        assert receipt.purchase(number).product_id == VIP
        assert apple.receipt_transaction_id(bought["appReceipt"]) == number
        assert await apple.refund_history_v1(number) == ()

    async def test_a_limit_is_kept_to(self, store: Store) -> None:
        apple = store.pay.provider("appleiap_app-plus")
        number = (await store.buys(None))["transactionId"]
        await store.does("rules", rates={"transaction": 0.01})
        with pytest.raises(RateLimited) as caught:
            for _ in range(10):
                await apple.transaction(number)
        assert 0 < caught.value.retry_after <= 3600
        asked = len(store.sim.journal(operation="appleiap.transaction"))
        with pytest.raises(RateLimited, match="was not sent"):
            await apple.transaction(number)
        assert len(store.sim.journal(operation="appleiap.transaction")) == asked


class TestOnline:
    """With the responders asked whether a certificate was revoked."""

    @pytest.fixture
    async def online(self, vkpay_sim: RunningSimulator, tmp_path: Path) -> AsyncIterator[Store]:
        async with opened(vkpay_sim, tmp_path / "orders.db", onlineChecks=True) as store:
            yield store

    async def test_they_are_asked_once(self, online: Store) -> None:
        for _ in range(3):
            payment = await online.order()
            await online.buys(payment)
            assert await online.status(payment) == 1
        assert len(online.sim.journal(operation="appleiap.ocsp")) == 2

    @pytest.mark.parametrize(
        ("said", "error"), [("revoked", SignatureInvalid), ("unavailable", ProviderUnavailable)]
    )
    async def test_what_they_say_counts(self, online: Store, said: str, error: type[Exception]) -> None:
        await online.does("rules", ocsp=said)
        payment = await online.order()
        bought = await online.buys(payment)
        assert await online.status(payment) == 0
        with pytest.raises(error):
            await online.pay.verify_purchase(
                out_trade_no=payment.out_trade_no, signed_transaction=bought["signedTransaction"]
            )
        await online.does("rules", ocsp="good")
        status = await online.pay.verify_purchase(
            out_trade_no=payment.out_trade_no, signed_transaction=bought["signedTransaction"]
        )
        assert status.order_paid
