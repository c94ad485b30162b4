"""The code2session calls: which node's app each asks for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from vkpay_async import (
    ConfigError,
    InvalidArgument,
    SessionLogin,
    TokenLogin,
    ValidationFailed,
)

CALLS = {
    "code2session_weixin_mp": ("wxpay.mp-weixin", SessionLogin),
    "code2session_weixin_h5": ("wxpay.h5-weixin", TokenLogin),
    "code2session_alipay": ("alipay.mp-alipay", TokenLogin),
}


@pytest.mark.parametrize("name", CALLS)
async def test_each_asks_with_its_node(shop: Shop, name: str) -> None:
    node, kind = CALLS[name]
    login = await getattr(shop.pay, name)(code="c0de")
    assert shop.bank.last("code2session") == (f"config: {node}", "c0de")
    assert (type(login), login.openid) == (kind, "payer")


@pytest.mark.parametrize("name", ["code2session_weixin_mp", "code2session_weixin_h5"])
async def test_another_merchants_node(shop: Shop, name: str) -> None:
    await getattr(shop.pay, name)(code="c0de", pid="shop7")
    assert shop.bank.last("code2session") == (f"config: merchants.shop7.{CALLS[name][0]}", "c0de")


async def test_a_merchant_without_the_node_is_told_what_to_add(shop: Shop) -> None:
    with pytest.raises(ConfigError, match=r"add \[merchants\.shop7\.alipay\.mp-alipay\]"):
        await shop.pay.code2session_alipay(code="c0de", pid="shop7")
    with pytest.raises(ConfigError, match="no merchant 'shop8'"):
        await shop.pay.code2session_weixin_mp(code="c0de", pid="shop8")


@pytest.mark.parametrize("name", [*CALLS, "code2session_douyin"])
@pytest.mark.parametrize("code", [None, "", " ", 7])
async def test_without_a_code_nobody_is_asked(shop: Shop, name: str, code: Any) -> None:
    with pytest.raises(InvalidArgument, match="code must be a non-empty string") as caught:
        await getattr(shop.pay, name)(code=code)
    assert caught.value.code == 1013
    assert shop.bank.calls == []


async def test_a_providers_no_is_passed_on(shop: Shop) -> None:
    shop.bank.fail("code2session", ValidationFailed(provider="wxpay", code="40029", message="invalid code"))
    with pytest.raises(ValidationFailed, match="40029"):
        await shop.pay.code2session_weixin_mp(code="c0de")


@pytest.mark.parametrize("provider", ["alipay", "weixin", "", 7])
async def test_a_provider_without_mini_programs_of_wechat_is_refused(shop: Shop, provider: Any) -> None:
    with pytest.raises(InvalidArgument, match="provider must be wxpay or wxpay-virtual") as caught:
        await shop.pay.code2session_weixin_mp(code="c0de", provider=provider)
    assert caught.value.code == 1005
    await shop.pay.code2session_weixin_mp(code="c0de", provider="wxpay")
    assert shop.bank.last("code2session") == ("config: wxpay.mp-weixin", "c0de")


VIRTUAL = {"secret": "s", "offerId": "145", "appKey": "k"}


@pytest.mark.parametrize(
    ("own", "virtual", "provider", "node"),
    [
        ("wx1", "wx1", None, "wxpay-virtual"),
        ("wx1", "wx2", None, "wxpay"),
        ("wx1", "wx2", "wxpay-virtual", "wxpay-virtual"),
        ("wx1", "wx1", "wxpay", "wxpay"),
        (None, "wx2", None, "wxpay-virtual"),
    ],
)
async def test_a_session_is_kept_for_virtual_payments_of_the_same_app(
    bank: Bank, clock: Clock, own: str | None, virtual: str, provider: str | None, node: str
) -> None:
    """The wxpay-virtual node's login keeps the session_key, and knows no other app."""
    shop7: dict[str, Any] = {"wxpay-virtual": {"mp-weixin": {"appId": virtual, **VIRTUAL}}}
    if own is not None:
        shop7["wxpay"] = {"mp-weixin": {"appId": own, "mchId": "1900000007"}}
    shop = open_shop(bank, clock, "sqlite://", merchants={"shop7": shop7})
    async with shop.pay:
        await shop.pay.code2session_weixin_mp(code="c0de", pid="shop7", provider=provider)
    assert bank.last("code2session")[0] == f"config: merchants.shop7.{node}.mp-weixin"
