"""Coins: buying, presenting, spending, taking back."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay_virtual.shop import Shop


@pytest.fixture
def rich(shop: Shop) -> Shop:
    """A user with 100 coins that were bought and 20 that were presented."""
    shop.buy("short_series_coin")
    shop.present()
    return shop


def figures(shop: Shop) -> dict[str, Any]:
    found = shop.balance()
    return {name: found[name] for name in found if name not in ("errcode", "errmsg", "first_save_flag")}


def test_balance(rich: Shop) -> None:
    assert figures(rich) == {
        "balance": 120,
        "present_balance": 20,
        "sum_save": 100,
        "sum_present": 20,
        "sum_balance": 120,
        "sum_cost": 0,
    }


def test_presented_coins_are_spent_first(rich: Shop) -> None:
    spent = rich.spend(30)
    assert (spent["order_id"], spent["balance"], spent["used_present_amount"]) == ("C1", 90, 20)
    assert figures(rich) == {
        "balance": 90,
        "present_balance": 0,
        "sum_save": 100,
        "sum_present": 20,
        "sum_balance": 120,
        "sum_cost": 30,
    }


def test_nothing_is_spent_twice(rich: Shop) -> None:
    rich.spend(30)
    assert rich.spend(30)["errcode"] == 268490004
    assert rich.spend(31)["errcode"] == 268490002
    assert rich.balance()["balance"] == 90


def test_no_more_than_there_is(rich: Shop) -> None:
    assert rich.spend(121)["errcode"] == 268490006
    assert rich.spend(120)["errcode"] == 0


def test_presenting_is_repeated_without_harm(rich: Shop) -> None:
    assert rich.present()["errcode"] == 268490004
    second = rich.present(5, "P2")
    assert (second["balance"], second["present_balance"]) == (125, 25)


def test_what_was_spent_goes_back_in_the_other_order(rich: Shop) -> None:
    rich.spend(30)
    assert rich.take_back(10)["order_id"] == "CR1"
    assert (rich.balance()["balance"], rich.balance()["present_balance"]) == (100, 0)
    assert rich.take_back(5, "CR2")["errcode"] == 0
    assert rich.balance()["present_balance"] == 5
    assert rich.take_back(16, "CR3")["errcode"] == 268490006
    assert rich.take_back(15, "CR3")["errcode"] == 0
    assert figures(rich)["present_balance"] == 20
    assert (figures(rich)["balance"], figures(rich)["sum_cost"]) == (120, 0)
    assert rich.take_back(1, "CR4")["errcode"] == 268490005


def test_taking_back_is_repeated_without_harm(rich: Shop) -> None:
    rich.spend(30)
    rich.take_back(10)
    assert rich.take_back(10)["errcode"] == 268490004
    assert rich.balance()["balance"] == 100


def test_a_coin_payment_that_is_not_there(rich: Shop) -> None:
    assert rich.take_back()["errcode"] == 268490002
    rich.spend()
    openid, key = rich.openid, rich.session_key
    rich.openid, rich.session_key = rich.login()
    assert rich.take_back()["errcode"] == 268490002
    rich.openid, rich.session_key = openid, key
    assert rich.take_back()["errcode"] == 0


def test_coins_that_are_not_published(rich: Shop) -> None:
    rich.change(coin_published=False)
    assert rich.spend()["errcode"] == 268490008
    assert rich.present(number="P2")["errcode"] == 268490008


async def test_a_refund_of_a_top_up_leaves_the_coins(rich: Shop) -> None:
    assert rich.refund(100, 100)["errcode"] == 0
    await rich.world.advance(3)
    assert rich.balance()["balance"] == 120


def item(**changed: Any) -> dict[str, Any]:
    new = {
        "id": "sword",
        "name": "铁剑",
        "price": 600,
        "remark": "a sword",
        "item_url": "https://shop.example.com/sword.png",
    }
    return {"upload_item": [new | changed]}


async def test_goods_are_uploaded_published_and_bought_ten_minutes_later(shop: Shop) -> None:
    sword = {"productId": "sword", "goodsPrice": 600}
    assert shop.call("query_upload_goods", {}) | {"status": 0, "upload_item": []} == shop.call(
        "query_upload_goods", {}
    )
    assert shop.call("start_upload_goods", item())["errcode"] == 0
    assert shop.call("start_upload_goods", item(id="bow"))["errcode"] == 268490012
    running = shop.call("query_upload_goods", {})
    assert (running["status"], running["upload_item"][0]["upload_status"]) == (1, 0)
    await shop.world.advance(3)
    done = shop.call("query_upload_goods", {})
    assert (done["status"], done["upload_item"][0]["upload_status"]) == (3, 2)
    assert done["upload_item"][0]["price"] == 600
    assert shop.buy(**sword)["errCode"] == -15010
    assert shop.call("start_publish_goods", {"publish_item": [{"id": "sword"}]})["errcode"] == 0
    assert shop.buy(**sword)["errCode"] == -15014
    await shop.world.advance(3)
    shop.token = shop.stable_token()["access_token"]
    published = shop.call("query_publish_goods", {})
    assert (published["status"], published["publish_item"][0]["publish_status"]) == (3, 2)
    await shop.world.advance(600)
    assert shop.buy(**sword, env=1)["errCode"] == -15010
    assert shop.buy(**sword)["errCode"] == 0


@pytest.mark.parametrize(
    ("changed", "status"), [({"id": "vip30"}, 1), ({"item_url": "https://shop.example.com/sword.gif"}, 3)]
)
async def test_uploads_that_fail(shop: Shop, changed: dict[str, str], status: int) -> None:
    shop.call("start_upload_goods", item(**changed))
    await shop.world.advance(3)
    failed = shop.call("query_upload_goods", {})
    assert (failed["status"], failed["upload_item"][0]["upload_status"]) == (2, status)
    assert failed["upload_item"][0]["errmsg"]


@pytest.mark.parametrize(
    "changed",
    [{"item_url": "sword.png"}, {"price": 0}, {"name": "x" * 21}, {"id": "a b"}, {"remark": ""}],
)
def test_items_that_cannot_be(shop: Shop, changed: dict[str, Any]) -> None:
    assert shop.call("start_upload_goods", item(**changed))["errcode"] == 268490002


async def test_publishing_what_is_not_there(shop: Shop) -> None:
    shop.call("start_publish_goods", {"publish_item": [{"id": "sword"}]})
    await shop.world.advance(3)
    failed = shop.call("query_publish_goods", {})
    assert (failed["status"], failed["publish_item"][0]["publish_status"]) == (2, 1)
