"""What a device brings becomes the order's payment, once for each transaction."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.vkpay_async.fake import Bank, FakeProvider, Shop, not_found
from vkpay_async import (
    InvalidArgument,
    NotificationMismatch,
    OrderConflict,
    OrderNotFound,
    ResourceNotFound,
    TradeState,
    registry,
)
from vkpay_async.models import OrderRef, PurchaseProof, Trade
from vkpay_async.providers.base import Flow


class Shopkeeper(FakeProvider):
    """A provider that is the shop: it sells what the bank knows under a transaction's number."""

    def purchase(self, order: OrderRef, proof: PurchaseProof) -> Flow[Trade]:
        yield from ()
        self.bank.asked("purchase", (order, proof))
        number = proof.signed_transaction or proof.transaction_id or proof.transaction_identifier or ""
        if number not in self.bank.trades:
            raise not_found()
        return self.bank.trades[number]


@pytest.fixture
def keeper(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(registry, "provider_class", lambda name: Shopkeeper)
    shop.listen()
    return shop


def sold(shop: Shop, number: str = "tx1", out_trade_no: str = "order_0001", **fields: Any) -> None:
    known = {"transaction_id": number, "provider_order_no": "P1", "environment": "Sandbox"}
    shop.bank.trades[number] = shop.trade(out_trade_no, **known | fields)


async def ordered(shop: Shop, out_trade_no: str = "order_0001", number: str = "P1") -> None:
    await shop.order(out_trade_no)
    await shop.pay.orders.set_providers_number(out_trade_no, number)


async def verify(shop: Shop, number: str = "tx1", out_trade_no: str = "order_0001") -> Any:
    return await shop.pay.verify_purchase(out_trade_no=out_trade_no, transaction_id=number)


async def test_it_pays_and_waits_for_the_handler(keeper: Shop) -> None:
    await ordered(keeper)
    sold(keeper)
    status = await verify(keeper)
    assert (status.order_paid, status.user_order_success, status.status) == (True, True, 1)
    assert (status.finish, status.repeat, status.environment) == (True, False, "Sandbox")
    assert [order.transaction_id for order in keeper.runs] == ["tx1"]
    order, proof = keeper.bank.last("purchase")
    assert (order.provider_order_no, proof) == ("P1", PurchaseProof(transaction_id="tx1"))
    assert status.to_client() == {
        "code": 0,
        "msg": "ok",
        "orderPaid": True,
        "out_trade_no": "order_0001",
        "transaction_id": "tx1",
        "status": 1,
        "trade_state": "SUCCESS",
        "user_order_success": True,
        "repeat": False,
    }


async def test_once_however_often_it_is_brought(keeper: Shop) -> None:
    await ordered(keeper)
    sold(keeper)
    results = await asyncio.gather(*(verify(keeper) for _ in range(20)))
    again = await verify(keeper)
    assert (again.order_paid, again.repeat, again.finish) == (True, True, True)
    assert sum(not one.repeat for one in results) == 1
    assert len(keeper.runs) == 1


async def test_a_transaction_that_has_paid_another_order(keeper: Shop) -> None:
    await ordered(keeper)
    await ordered(keeper, "order_0002", "P2")
    sold(keeper)
    await verify(keeper)
    status = await verify(keeper, out_trade_no="order_0002")
    assert (status.out_trade_no, status.repeat, status.finish) == ("order_0001", True, True)
    assert (await keeper.pay.orders.require("order_0002")).status == 0
    assert len(keeper.runs) == 1


async def test_what_was_given_back_pays_nothing(keeper: Shop) -> None:
    await ordered(keeper)
    sold(keeper, state=TradeState.CLOSED, description="订单已退款")
    status = await verify(keeper)
    assert (status.order_paid, status.finish, status.msg) == (False, True, "订单已退款")
    assert status.to_client()["code"] == 0
    assert (await keeper.pay.orders.require("order_0001")).status == 0
    assert keeper.runs == []


@pytest.mark.parametrize(
    "wrong",
    [{"provider_order_no": "P2"}, {"total_fee": 1}, {"appid": "wx2"}, {"out_trade_no": "order_0009"}],
    ids=str,
)
async def test_what_is_not_the_orders(keeper: Shop, wrong: dict[str, Any]) -> None:
    await ordered(keeper)
    sold(keeper, **wrong)
    with pytest.raises(NotificationMismatch):
        await verify(keeper)
    assert (await keeper.pay.orders.require("order_0001")).status == 0
    assert keeper.runs == []


class TestGoods:
    """Where the order names a product, that product counts and not its price."""

    async def kept(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        import msgspec

        goods = {"product_id": "coins", "quantity": 2}
        monkeypatch.setattr(
            Shopkeeper, "prepared", lambda _, order: msgspec.structs.replace(order, expand_data=goods)
        )
        await ordered(shop)

    async def test_the_same_at_another_price(self, keeper: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        await self.kept(keeper, monkeypatch)
        sold(keeper, product_id="coins", quantity=2, total_fee=None)
        assert (await verify(keeper)).order_paid

    @pytest.mark.parametrize(
        "goods", [{"product_id": "sweets", "quantity": 2}, {"product_id": "coins", "quantity": 1}], ids=str
    )
    async def test_another_at_the_same_price(
        self, keeper: Shop, monkeypatch: pytest.MonkeyPatch, goods: dict[str, Any]
    ) -> None:
        await self.kept(keeper, monkeypatch)
        sold(keeper, **goods)
        with pytest.raises(NotificationMismatch, match="product|quantity"):
            await verify(keeper)

    async def test_where_the_order_names_none_the_amount_counts(self, keeper: Shop) -> None:
        await ordered(keeper)
        sold(keeper, product_id="coins", quantity=1, total_fee=None)
        with pytest.raises(NotificationMismatch, match="amount"):
            await verify(keeper)


class TestWithoutANumber:
    """A purchase that carries nothing of ours belongs to the order that is named first."""

    async def test_it_pays_the_order_that_is_named(self, keeper: Shop) -> None:
        await ordered(keeper)
        sold(keeper, provider_order_no=None)
        assert (await verify(keeper)).order_paid
        assert (await verify(keeper)).repeat

    async def test_and_no_second_one_at_the_same_time(self, keeper: Shop, bank: Bank) -> None:
        numbers = [f"order_{number:04}" for number in range(1, 9)]
        for number in numbers:
            await keeper.order(number)
        sold(keeper, provider_order_no=None, out_trade_no="")
        outcomes = await asyncio.gather(
            *(verify(keeper, out_trade_no=number) for number in numbers), return_exceptions=True
        )
        paid = [number for number in numbers if (await keeper.pay.orders.require(number)).status == 1]
        assert len(paid) == len(keeper.runs) == 1
        assert all(isinstance(one, OrderConflict) or one.finish for one in outcomes)

    async def test_one_that_does_not_fit_binds_nothing(self, keeper: Shop) -> None:
        await keeper.order("order_0001", total_fee=1)
        await keeper.order("order_0002")
        sold(keeper, provider_order_no=None, out_trade_no="")
        with pytest.raises(NotificationMismatch):
            await verify(keeper)
        assert (await verify(keeper, out_trade_no="order_0002")).order_paid


class TestRenewal:
    async def test_an_order_of_its_own(self, keeper: Shop) -> None:
        await ordered(keeper)
        sold(keeper)
        await verify(keeper)
        sold(keeper, "tx2", recurring=True)
        status = await verify(keeper, "tx2")
        assert (status.out_trade_no, status.order_paid, status.repeat) == ("tx2", True, False)
        assert [order.renewal_of for order in keeper.runs] == [None, "order_0001"]
        assert (await verify(keeper, "tx2")).repeat


class TestArguments:
    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({}, 1014),
            ({"transaction_receipt": ""}, 1014),
            ({"transaction_receipt": "r"}, 1015),
            ({"transaction_receipt": "r", "transaction_identifier": " "}, 1015),
            ({"signed_transaction": ""}, -1),
            ({"transaction_id": 5}, -1),
            ({"signed_transaction": "a", "transaction_id": "b"}, -1),
        ],
        ids=str,
    )
    async def test_one_proof(self, keeper: Shop, given: dict[str, Any], code: int) -> None:
        await ordered(keeper)
        with pytest.raises(InvalidArgument) as caught:
            await keeper.pay.verify_purchase(out_trade_no="order_0001", **given)
        assert caught.value.code == code
        assert "purchase" not in keeper.bank.count()

    async def test_each_kind_reaches_the_provider(self, keeper: Shop) -> None:
        await ordered(keeper)
        sold(keeper)
        for given in (
            {"signed_transaction": "tx1"},
            {"transaction_receipt": "r", "transaction_identifier": "tx1"},
        ):
            assert (await keeper.pay.verify_purchase(out_trade_no="order_0001", **given)).order_paid
            assert keeper.bank.last("purchase")[1] == PurchaseProof(**given)

    async def test_an_order_that_is_none(self, keeper: Shop) -> None:
        with pytest.raises(OrderNotFound):
            await verify(keeper)

    async def test_a_purchase_that_is_none(self, keeper: Shop) -> None:
        await ordered(keeper)
        with pytest.raises(ResourceNotFound):
            await verify(keeper)

    async def test_a_provider_that_is_no_shop(self, shop: Shop) -> None:
        await shop.order()
        with pytest.raises(InvalidArgument, match="query_payment"):
            await verify(shop)


async def test_a_handler_that_takes_long_is_not_waited_for_without_end(keeper: Shop) -> None:
    await keeper.order(type="slow")
    await keeper.pay.orders.set_providers_number("order_0001", "P1")
    go_on = asyncio.Event()

    @keeper.pay.on_paid("slow")
    async def slow(order: Any) -> None:
        await go_on.wait()

    sold(keeper)
    status = await keeper.pay.verify_purchase(
        out_trade_no="order_0001", transaction_id="tx1", await_max_time=0
    )
    assert (status.order_paid, status.user_order_success, status.finish) == (True, None, True)
    go_on.set()
