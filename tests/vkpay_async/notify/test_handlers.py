from functools import partial
from typing import Any

import pytest

from tests.vkpay_async.fake import Shop
from vkpay_async import ConfigError, PaidOrder, RefundedOrder, Transfer, TransferAuthorization
from vkpay_async.notify import Handlers


async def first(order: PaidOrder) -> None: ...


async def on_transfer(transfer: Transfer) -> None: ...


async def on_authorization(authorization: TransferAuthorization) -> None: ...


async def on_refund(order: RefundedOrder) -> None: ...


def test_the_decorators_give_the_function_back(shop: Shop) -> None:
    assert shop.pay.on_paid("goods")(first) is first
    assert shop.pay.on_paid("any other name")(first) is first
    assert shop.pay.on_refunded("goods")(on_refund) is on_refund
    assert shop.pay.on_transferred(on_transfer) is on_transfer
    assert shop.pay.on_transfer_authorized(on_authorization) is on_authorization


def test_a_second_handler_is_a_mistake(shop: Shop) -> None:
    shop.pay.on_paid("goods")(first)
    with pytest.raises(ConfigError, match="already a handler for orders of type 'goods'"):
        shop.pay.on_paid("goods")(first)
    shop.pay.on_refunded("goods")(on_refund)
    shop.pay.on_refunded("vip")(on_refund)
    with pytest.raises(ConfigError, match="already a handler for refunds of type 'goods'"):
        shop.pay.on_refunded("goods")(on_refund)
    shop.pay.on_transferred(on_transfer)
    with pytest.raises(ConfigError, match="already a handler for transfers"):
        shop.pay.on_transferred(on_transfer)
    shop.pay.on_transfer_authorized(on_authorization)
    with pytest.raises(ConfigError, match="already a handler for authorisations of transfers"):
        shop.pay.on_transfer_authorized(on_authorization)


class Warehouse:
    async def __call__(self, order: PaidOrder) -> None: ...

    async def ship(self, order: PaidOrder) -> None: ...


@pytest.mark.parametrize("handler", [Warehouse(), Warehouse().ship, partial(first)])
def test_whatever_is_awaited_when_called_may_handle(shop: Shop, handler: Any) -> None:
    assert shop.pay.on_paid("goods")(handler) is handler


def test_a_plain_function_is_refused_before_money_comes(shop: Shop) -> None:
    def plain(told: Any) -> None: ...

    for register in (
        shop.pay.on_paid("goods"),
        shop.pay.on_refunded("goods"),
        shop.pay.on_transferred,
        shop.pay.on_transfer_authorized,
    ):
        with pytest.raises(ConfigError, match="plain must be an async function: write async def"):
            register(plain)


async def with_tx(order: PaidOrder, tx: Any) -> None: ...


async def with_tx_by_name(order: PaidOrder, *, tx: Any = None) -> None: ...


async def with_shop(shop: Any, order: PaidOrder, tx: Any) -> None: ...


async def with_another_second(order: PaidOrder, transaction: Any = None) -> None: ...


class Bank:
    async def __call__(self, order: PaidOrder, tx: Any) -> None: ...

    async def credit(self, order: PaidOrder, tx: Any) -> None: ...

    @staticmethod
    async def debit(order: PaidOrder, tx: Any) -> None: ...


@pytest.mark.parametrize(
    ("handler", "takes_tx"),
    [
        (with_tx, True),
        (with_tx_by_name, True),
        (partial(with_shop, "shop"), True),
        (Bank(), True),
        (Bank().credit, True),
        (Bank.debit, True),
        (first, False),
        (with_another_second, False),
        (partial(first), False),
        (Warehouse(), False),
        (Warehouse().ship, False),
    ],
)
def test_a_parameter_named_tx_asks_for_the_transaction(handler: Any, takes_tx: bool) -> None:
    handlers = Handlers()
    handlers.on_paid("goods")(handler)
    handlers.on_refunded("goods")(handler)
    handlers.on_transferred(handler)
    handlers.on_transfer_authorized(handler)
    found = [handlers.find(kind, "goods") for kind in ("payment", "refund", "transfer", "transfer_auth")]
    assert [one and (one.function, one.takes_tx) for one in found] == [(handler, takes_tx)] * 4


def test_what_there_is_no_handler_for() -> None:
    handlers = Handlers()
    handlers.on_paid("goods")(first)
    assert handlers.find("payment", "vip") is None
    assert handlers.find("refund", "goods") is None
    assert handlers.find("transfer", None) is None
    assert (handlers.types("payment"), handlers.types("refund")) == (frozenset({"goods"}), frozenset())
    handlers.on_transferred(on_transfer)
    assert handlers.types("transfer") == frozenset({""})
    assert handlers.find("transfer_auth", None) is None
    handlers.on_transfer_authorized(on_authorization)
    assert handlers.keys() == {("payment", "goods"), ("transfer", None), ("transfer_auth", None)}
