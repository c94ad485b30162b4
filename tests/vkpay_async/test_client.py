"""The front door itself: how it is made, opened, closed, and what it hands on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.vkpay_async.fake import Bank, Clock, FakeProvider, Shop, open_shop, settings
from vkpay_async import ConfigError, InvalidArgument, VKPay, config_from_dict

TOML = """
notify_url = "https://shop.example"
database = "sqlite:///{database}"
[wxpay.h5]
app_id = "wx1"
mch_id = "1900000001"
"""


async def test_from_a_file(bank: Bank, tmp_path: Path) -> None:
    (tmp_path / "vkpay.toml").write_text(TOML.format(database=tmp_path / "pay.db"))
    async with VKPay.from_file(tmp_path / "vkpay.toml") as pay:
        assert pay.config.notify_base() == "https://shop.example"
    assert (tmp_path / "pay.db").exists()


async def test_from_a_dict_and_from_the_environment(bank: Bank) -> None:
    pay = VKPay.from_dict(settings(), database="sqlite://")
    assert pay.config.merchant("shop7").pid == "shop7"
    pay = VKPay.from_env({"VKPAY_NOTIFY_URL": "https://shop.example"}, database="sqlite://")
    assert pay.config.notify_base() == "https://shop.example"
    with pytest.raises(ConfigError, match="environment: unknown key 'nothing'"):
        VKPay.from_env({"VKPAY_NOTHING": "1"})


async def test_the_database_is_the_arguments_else_the_configs_else_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for config, database, name in (
        ({"database": "sqlite:///config.db"}, "sqlite:///argument.db", "argument.db"),
        ({"database": "sqlite:///config.db"}, None, "config.db"),
        ({}, None, "vkpay.db"),
    ):
        async with VKPay(config_from_dict(config), database=database):
            pass
        with sqlite3.connect(tmp_path / name) as connection:
            assert connection.execute("SELECT count(*) FROM vk_pay_orders").fetchone() == (0,)
        connection.close()


async def test_it_opens_at_the_first_use_and_can_be_used_after_closing(
    bank: Bank, clock: Clock, database: str
) -> None:
    shop = open_shop(bank, clock, database)
    await shop.order()
    await shop.pay.close()
    await shop.pay.close()
    async with shop.pay as pay:
        assert pay is shop.pay
        assert (await pay.orders.require("order_0001")).status == 0


async def test_a_lifespan_for_frameworks(bank: Bank, clock: Clock, database: str) -> None:
    shop = open_shop(bank, clock, database)
    async with shop.pay.lifespan(object()) as state:
        assert state is None
        await shop.order()
    async with shop.pay.lifespan():
        assert (await shop.pay.orders.list()).total == 1


async def test_a_providers_own_operations(shop: Shop) -> None:
    bound = shop.pay.provider("wxpay_h5", pid="shop7")
    assert isinstance(bound.sans_io, FakeProvider)
    assert bound.mch_id == "1900000007"
    assert await bound.speak("hello") == "HELLO"
    assert await bound.run(bound.sans_io.speak("hello")) == "HELLO"
    assert bound.accept().body == b"got it"
    with pytest.raises(AttributeError, match="sing"):
        _ = bound.sing


async def test_a_provider_is_built_once(shop: Shop) -> None:
    assert shop.pay.provider("wxpay_h5").sans_io is shop.pay.provider("wxpay_h5", pid="default").sans_io
    assert shop.pay.provider("wxpay_h5").sans_io is not shop.pay.provider("wxpay_mweb").sans_io
    assert shop.pay.provider("wxpay_h5").sans_io is not shop.pay.provider("wxpay_h5", pid="shop7").sans_io


def test_an_unknown_provider_is_1005(bank: Bank) -> None:
    with pytest.raises(InvalidArgument, match="no provider 'paypal'; there are wxpay, alipay") as caught:
        VKPay.from_dict(settings(), database="sqlite://").provider("paypal_h5")
    assert caught.value.code == 1005


async def test_orders_can_be_listed(shop: Shop) -> None:
    for number in range(3):
        await shop.order(f"order_{number:04}", user_id="u1")
    await shop.notify("order_0001")
    page = await shop.pay.orders.list({"status": "SUCCESS", "user_id": "u1"})
    assert [order.out_trade_no for order in page.rows] == ["order_0001"]
