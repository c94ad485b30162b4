"""query_account_balance: which node is asked, and for whose account."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vkpay_async.fake import Shop
from vkpay_async import AccountBalance, ConfigError, InvalidArgument


@pytest.mark.parametrize(
    ("arguments", "node", "account"),
    [
        ({}, "alipay.transfer", None),
        ({"platform": "h5"}, "alipay.h5", None),
        ({"platform": "h5", "pid": "shop7"}, "merchants.shop7.alipay.h5", None),
        ({"account": "2088101122136241"}, "alipay.transfer", "2088101122136241"),
    ],
)
async def test_the_node_that_is_asked(
    shop: Shop, arguments: dict[str, Any], node: str, account: str | None
) -> None:
    balance = await shop.pay.query_account_balance(provider="alipay", **arguments)
    assert shop.bank.last("account_balance") == (f"config: {node}", account)
    assert balance == AccountBalance(available_amount=1234, freeze_amount=0, total_amount=1234)
    assert balance.to_client() == {"code": 0, "msg": "ok", "availableAmount": 12.34, "freezeAmount": 0}


@pytest.mark.parametrize("provider", [None, "", "cash", 7])
async def test_a_provider_must_be_named(shop: Shop, provider: Any) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await shop.pay.query_account_balance(provider=provider)
    assert caught.value.code == 1005


async def test_a_node_that_is_not_there(shop: Shop) -> None:
    with pytest.raises(ConfigError, match=r"add \[merchants\.shop7\.alipay\.transfer\]"):
        await shop.pay.query_account_balance(provider="alipay", pid="shop7")
    assert shop.bank.calls == []
