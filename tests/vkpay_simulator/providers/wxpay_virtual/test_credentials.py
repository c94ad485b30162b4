"""Access tokens, and the session_key of a login."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.wxpay_virtual.shop import Shop


async def test_a_stable_token_stays_until_five_minutes_before_its_end(shop: Shop) -> None:
    assert shop.stable_token() == {"access_token": shop.token, "expires_in": 7200}
    await shop.world.advance(6899)
    assert shop.stable_token() == {"access_token": shop.token, "expires_in": 301}
    await shop.world.advance(1)
    assert shop.stable_token()["access_token"] != shop.token
    assert shop.balance()["errcode"] == 0
    await shop.world.advance(300)
    assert shop.balance()["errcode"] == 42001


def test_a_forced_refresh_ends_the_old_token_at_once(shop: Shop) -> None:
    new = shop.stable_token(force=True)["access_token"]
    assert shop.balance()["errcode"] == 40001
    shop.token = new
    assert shop.balance()["errcode"] == 0


async def test_a_plain_token_is_new_each_time_and_the_old_one_holds_for_five_minutes(shop: Shop) -> None:
    query = {"grant_type": "client_credential", "appid": shop.app.appid, "secret": shop.app.secret}
    first, second = (shop.get("/cgi-bin/token", **query)["access_token"] for _ in "12")
    assert first != second != shop.token
    for token in (first, second):
        assert shop.call("query_biz_balance", {}, access_token=token)["errcode"] == 0
    await shop.world.advance(300)
    assert shop.call("query_biz_balance", {}, access_token=first)["errcode"] == 42001
    assert shop.call("query_biz_balance", {}, access_token=second)["errcode"] == 0


def test_the_two_kinds_of_token_leave_each_other_alone(shop: Shop) -> None:
    query = {"grant_type": "client_credential", "appid": shop.app.appid, "secret": shop.app.secret}
    plain = shop.get("/cgi-bin/token", **query)["access_token"]
    shop.stable_token(force=True)
    assert shop.call("query_biz_balance", {}, access_token=plain)["errcode"] == 0


def test_tokens_end_when_the_control_api_says_so(shop: Shop) -> None:
    other = shop.sim.accounts.of("certs")
    theirs = shop.stable_token(appid=other.appid, secret=other.secret)["access_token"]
    shop.change(expire_tokens=True)
    assert shop.balance()["errcode"] == 42001
    assert shop.stable_token()["access_token"] != shop.token
    assert shop.stable_token(appid=other.appid, secret=other.secret)["access_token"] == theirs


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"grant_type": "x"}, 40002),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wx0"}, 40013),
        ({"secret": "x"}, 40125),
    ],
)
def test_refused_credentials(shop: Shop, changed: dict[str, Any], code: int) -> None:
    refused = shop.stable_token(**changed)
    assert refused["errcode"] == code
    assert "access_token" not in refused


def test_a_new_login_makes_the_old_session_key_worthless(shop: Shop) -> None:
    old = shop.session_key
    _, shop.session_key = shop.login(shop.openid)
    assert shop.session_key != old
    assert shop.balance()["errcode"] == 0
    shop.session_key = old
    assert shop.balance()["errcode"] == 268490003
