"""An application whose merchants stand in the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from vkpay_async.config.vault import new_key
from vkpay_async.errors import ConfigError

NINE: dict[str, Any] = {
    "notifyUrl": "https://nine.example",
    "wxpay": {name: {"appId": "wx9", "mchId": "1900000009"} for name in ("h5", "transfer")},
}
PAID = {"appid": "wx9", "mch_id": "1900000009"}


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("VKPAY_CONFIG_KEY", new_key())
    return f"sqlite:///{tmp_path}/pay.db"


async def test_a_merchant_that_another_process_saved_takes_a_payment(
    bank: Bank, clock: Clock, url: str
) -> None:
    office, shop = open_shop(bank, clock, url), open_shop(bank, clock, url)
    async with office.pay, shop.pay:
        shop.listen()
        await office.pay.merchants.save("shop9", NINE)
        await shop.order(pid="shop9")
        assert bank.last("create").notify_url.startswith("https://nine.example/")
        (await shop.notify(**PAID)).raise_for_error()
        await shop.pay.idle()
        assert [order.pid for order in shop.runs] == ["shop9"]
        await shop.pay.refund(out_trade_no="order_0001")
        transfer = {"provider": "wxpay", "transfer_amount": 100, "openid": "o", "pid": "shop9"}
        assert (await shop.pay.transfer(out_bill_no="B1", **transfer)).mch_id == "1900000009"


async def test_a_notification_finds_a_merchant_that_this_process_has_not_met(
    bank: Bank, clock: Clock, url: str
) -> None:
    shop, other = open_shop(bank, clock, url), open_shop(bank, clock, url)
    async with other.pay, shop.pay:
        await shop.pay.merchants.save("shop9", NINE)
        await shop.order(pid="shop9")
        result = await other.notify(**PAID)
        result.raise_for_error()
        assert result.reply.status == 200


async def test_it_can_be_asked_for_after_a_reload(bank: Bank, clock: Clock, url: str) -> None:
    office, shop = open_shop(bank, clock, url), open_shop(bank, clock, url)
    async with office.pay, shop.pay:
        await office.pay.merchants.save("shop9", NINE)
        with pytest.raises(ConfigError, match="no merchant 'shop9'"):
            shop.pay.provider("wxpay_h5", pid="shop9")
        await shop.pay.reload_merchants()
        assert shop.pay.provider("wxpay_h5", pid="shop9").mch_id == "1900000009"
        assert "shop9" not in shop.pay.config.merchants


async def test_a_key_may_be_handed_in(bank: Bank, clock: Clock, url: str) -> None:
    from vkpay_async import VKPay, config_from_dict

    shop: Shop = open_shop(bank, clock, url)
    async with shop.pay:
        await shop.pay.merchants.save("shop9", NINE)
    async with VKPay(config_from_dict({}), database=url, config_key=new_key()) as other:
        with pytest.raises(ConfigError, match="add that key"):
            await other.reload_merchants()
    with pytest.raises(ConfigError, match="key 1 of 1"):
        VKPay(config_from_dict({}), database=url, config_key="S3CRET")
