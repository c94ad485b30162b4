"""What an order is for, what it costs, and what the client is given."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.vkpay_async.providers.wxpay_virtual.conftest import (
    APP_KEYS,
    NUMBER,
    OPENID,
    SESSION_KEY,
    create_order,
    hmac_hex,
    provider_of,
)
from vkpay_async.errors import ConfigError, InvalidArgument
from vkpay_async.order_info import VirtualPaymentParams

GOODS = {"mode": "short_series_goods", "buy_quantity": 2, "product_id": "vip30", "goods_price": 990}
COIN = {"mode": "short_series_coin", "buy_quantity": 350}


def prepared(provider: Any, terms: Any, **changed: Any) -> Any:
    return provider.prepared(create_order(options={"wxpay_virtual": terms}, **changed))


@pytest.mark.parametrize(
    ("terms", "rate", "total"),
    [
        (GOODS, 100, 1980),
        (GOODS | {"activity_selling_price": 396}, 100, 792),
        (COIN, 100, 350),
        (COIN, 10, 3500),
        (COIN | {"buy_quantity": 3000}, 1000, 300),
        (COIN | {"buy_quantity": 300}, 3, 10_000),
    ],
)
def test_the_price_is_worked_out(terms: dict[str, Any], rate: int, total: int) -> None:
    provider = provider_of(rate=rate)
    assert prepared(provider, terms).total_fee == total
    assert prepared(provider, terms, total_fee=total).total_fee == total
    with pytest.raises(InvalidArgument, match=f"costs, {total} fen") as caught:
        prepared(provider, terms, total_fee=total + 1)
    assert caught.value.code == 1003


def test_what_is_kept_with_the_order(provider: Any) -> None:
    assert prepared(provider, GOODS).expand_data == {
        "mode": "short_series_goods",
        "buy_quantity": 2,
        "product_id": "vip30",
        "goods_price": 990,
        "rate": 100,
        "sandbox": False,
    }
    assert prepared(provider_of(sandbox=True), COIN).expand_data == {
        "mode": "short_series_coin",
        "buy_quantity": 350,
        "rate": 100,
        "sandbox": True,
    }


@pytest.mark.parametrize(
    ("terms", "code", "text"),
    [
        (None, 1017, "wxpay_virtual is missing"),
        ({}, 1017, "buy_quantity"),
        ([], 1017, "missing"),
        ("short_series_coin", 1017, "missing"),
        (COIN | {"buy_quantity": 0}, 1018, "positive integer"),
        (COIN | {"buy_quantity": -1}, 1018, "positive integer"),
        (COIN | {"buy_quantity": "100"}, 1018, "positive integer"),
        (COIN | {"buy_quantity": 1.5}, 1018, "positive integer"),
        (COIN | {"buy_quantity": True}, 1018, "positive integer"),
        ({"mode": "short_series_coin"}, 1018, "positive integer"),
        (COIN | {"mode": "coin"}, 1019, "short_series_goods"),
        ({"buy_quantity": 1}, 1019, "not None"),
        (COIN | {"mode": ["short_series_coin"]}, 1019, "must be"),
        (GOODS | {"product_id": None}, -1, "product_id"),
        (GOODS | {"product_id": "a b"}, -1, "product_id"),
        (GOODS | {"product_id": "x" * 65}, -1, "product_id"),
        (GOODS | {"goods_price": None}, -1, "goods_price"),
        (GOODS | {"goods_price": 0}, -1, "goods_price"),
        (GOODS | {"goods_price": 9.9}, -1, "goods_price"),
        (GOODS | {"activity_selling_price": 395}, -1, "40 to 100 %"),
        (GOODS | {"activity_selling_price": 991}, -1, "40 to 100 %"),
        (GOODS | {"activity_selling_price": "396"}, -1, "activity_selling_price"),
        (GOODS | {"quantity": 2}, -1, "has no quantity"),
    ],
)
def test_refused_terms(provider: Any, terms: Any, code: int, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text) as caught:
        prepared(provider, terms)
    assert caught.value.code == code


def test_no_terms_at_all(provider: Any) -> None:
    with pytest.raises(InvalidArgument) as caught:
        provider.prepared(create_order(options={}))
    assert caught.value.code == 1017


@pytest.mark.parametrize(("rate", "quantity"), [(3, 100), (1000, 1), (7, 1)])
def test_coins_that_cost_no_whole_fen(rate: int, quantity: int) -> None:
    with pytest.raises(InvalidArgument, match="no whole fen") as caught:
        prepared(provider_of(rate=rate), COIN | {"buy_quantity": quantity})
    assert caught.value.code == 1018


def test_coins_need_their_rate() -> None:
    with pytest.raises(ConfigError, match=r"wxpay-virtual\.mp-weixin: rate is not set"):
        prepared(provider_of(rate=None), COIN)
    assert prepared(provider_of(rate=None), GOODS).total_fee == 1980


@pytest.mark.parametrize(
    ("other", "text"),
    [
        ({"env": 1}, "other.env has no place"),
        ({"goodsPrice": 1}, "other.goodsPrice"),
        ({"attach": 5}, "attach must be a text"),
        ({"attach": "x" * 1025}, "attach"),
    ],
)
def test_what_may_be_added(provider: Any, other: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        prepared(provider, GOODS, other=other)


def test_the_client_gets_what_it_passes_on(logged_in: Any, run: Any, wechat: Any) -> None:
    order = prepared(logged_in, GOODS, other={"attach": "附言", "platform": "android"})
    info = run(logged_in.create(order))
    assert isinstance(info, VirtualPaymentParams)
    assert wechat.calls == wechat.token_calls == []
    assert info.mode == "short_series_goods"
    assert json.loads(info.signData) == {
        "offerId": "1450593228",
        "buyQuantity": 2,
        "env": 0,
        "currencyType": "CNY",
        "productId": "vip30",
        "goodsPrice": 990,
        "outTradeNo": NUMBER,
        "attach": "附言",
        "platform": "android",
    }
    signed = info.signData.encode()
    assert info.paySig == hmac_hex(APP_KEYS[0], b"requestVirtualPayment&" + signed)
    assert info.signature == hmac_hex(SESSION_KEY, signed)
    assert info.to_client() == {
        "mode": info.mode,
        "signData": info.signData,
        "paySig": info.paySig,
        "signature": info.signature,
    }


def test_the_price_of_an_activity_is_signed_beside_the_items(logged_in: Any, run: Any) -> None:
    order = prepared(logged_in, GOODS | {"activity_selling_price": 396})
    signed = json.loads(run(logged_in.create(order)).signData)
    assert (signed["goodsPrice"], signed["activitySellingPrice"]) == (990, 396)


def test_the_sandbox_signs_with_its_own_key(run: Any) -> None:
    provider = provider_of(sandbox=True)
    run(provider.code2session("code"), {"openid": OPENID, "session_key": SESSION_KEY})
    info = run(provider.create(prepared(provider, COIN)))
    assert json.loads(info.signData)["env"] == 1
    assert info.paySig == hmac_hex(APP_KEYS[1], b"requestVirtualPayment&" + info.signData.encode())


def test_the_environment_is_the_orders_and_not_that_of_the_settings(run: Any) -> None:
    """An order that was prepared before the settings changed."""
    order = prepared(provider_of(sandbox=True), COIN)
    provider = provider_of()
    run(provider.code2session("code"), {"openid": OPENID, "session_key": SESSION_KEY})
    assert json.loads(run(provider.create(order)).signData)["env"] == 1


def test_asking_again_gives_the_same_bytes(logged_in: Any, run: Any) -> None:
    order = prepared(logged_in, GOODS)
    assert run(logged_in.create(order)) == run(logged_in.create(order))


def test_a_user_who_has_not_logged_in(provider: Any, run: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"oUser1.*wx\.login.*code2session") as caught:
        run(provider.create(prepared(provider, GOODS)))
    assert caught.value.code == 268490009


def test_the_session_of_one_app_is_not_that_of_another(logged_in: Any, run: Any) -> None:
    other = provider_of(app_id="wxother")
    with pytest.raises(InvalidArgument) as caught:
        run(other.create(prepared(other, GOODS)))
    assert caught.value.code == 268490009


def test_an_order_of_another_kind(logged_in: Any, run: Any) -> None:
    with pytest.raises(InvalidArgument, match="create_payment"):
        run(logged_in.create(create_order()))


def test_nothing_secret_is_shown(logged_in: Any, run: Any) -> None:
    text = repr(run(logged_in.create(prepared(logged_in, GOODS)))) + repr(logged_in.__dict__["_node"])
    for secret in (SESSION_KEY, *APP_KEYS.values()):
        assert secret not in text
