from functools import partial
from typing import Any

import pytest

from tests.vkpay_async.fake import Shop
from vkpay_async import ConfigError, PaidOrder, Transfer


async def first(order: PaidOrder) -> None: ...


async def on_transfer(transfer: Transfer) -> None: ...


def test_the_decorators_give_the_function_back(shop: Shop) -> None:
    assert shop.pay.on_paid("goods")(first) is first
    assert shop.pay.on_paid("any other name")(first) is first
    assert shop.pay.on_transferred(on_transfer) is on_transfer


def test_a_second_handler_is_a_mistake(shop: Shop) -> None:
    shop.pay.on_paid("goods")(first)
    with pytest.raises(ConfigError, match="already a handler for orders of type 'goods'"):
        shop.pay.on_paid("goods")(first)
    shop.pay.on_transferred(on_transfer)
    with pytest.raises(ConfigError, match="already a handler for transfers"):
        shop.pay.on_transferred(on_transfer)


class Warehouse:
    async def __call__(self, order: PaidOrder) -> None: ...

    async def ship(self, order: PaidOrder) -> None: ...


@pytest.mark.parametrize("handler", [Warehouse(), Warehouse().ship, partial(first)])
def test_whatever_is_awaited_when_called_may_handle(shop: Shop, handler: Any) -> None:
    assert shop.pay.on_paid("goods")(handler) is handler


def test_a_plain_function_is_refused_before_money_comes(shop: Shop) -> None:
    def plain(told: Any) -> None: ...

    for register in (shop.pay.on_paid("goods"), shop.pay.on_transferred):
        with pytest.raises(ConfigError, match="plain must be an async function: write async def"):
            register(plain)
