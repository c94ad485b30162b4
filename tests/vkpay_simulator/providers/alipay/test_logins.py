"""``alipay.system.oauth.token``, as a merchant reads its page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.vkpay_simulator.providers.alipay.merchant import Shop, Simulated

METHOD = "alipay.system.oauth.token"
DAY = 86_400


@pytest.fixture
def shop(simulated: Simulated) -> Shop:
    return simulated.shop(node="mp-alipay")


def code_of(shop: Shop, payer: str | None = None) -> str:
    return shop.simulated.alipay.login(shop.node["appId"], payer)["code"]


def by_code(shop: Shop, code: str | None, **more: str | None) -> dict[str, Any]:
    """The answer's content, its signature checked, whichever node it stands under."""
    params = {"biz_content": None, "grant_type": "authorization_code", "code": code, **more}
    answer = shop.send(shop.params(METHOD, None, **params))
    body = json.loads(answer.body)
    node = "error_response" if "error_response" in body else "alipay_system_oauth_token_response"
    text, signature = shop.split(answer, node)
    shop.verify(text, signature)
    content: dict[str, Any] = json.loads(text)
    assert ("code" in content) is (node == "error_response")
    return content


def refused(shop: Shop, code: str | None, **more: str | None) -> tuple[str, str]:
    content = by_code(shop, code, **more)
    return content["code"], content["sub_code"]


def test_a_user_and_their_tokens(shop: Shop) -> None:
    content = by_code(shop, code_of(shop, "2088000000012345"))
    assert content.pop("access_token") != content.pop("refresh_token")
    assert content == {
        "user_id": "2088000000012345",
        "auth_start": "2026-01-01 00:00:00",
        "expires_in": 15 * DAY,
        "re_expires_in": 30 * DAY,
    }


def test_an_app_of_the_new_kind_gets_an_open_id(shop: Shop) -> None:
    shop.simulated.control("account", pid="default", id_mode="open_id")
    login = shop.simulated.alipay.login(shop.node["appId"], None)
    content = by_code(shop, login["code"])
    assert content["open_id"] == login["openid"]
    assert "user_id" not in content
    created = shop.call(
        "alipay.trade.create",
        {
            "out_trade_no": "T1",
            "total_amount": "1.00",
            "subject": "茶",
            "product_code": "JSAPI_PAY",
            "op_app_id": shop.node["appId"],
            "buyer_open_id": content["open_id"],
        },
    )
    assert created["code"] == "10000"


def test_a_code_works_once(shop: Shop) -> None:
    code = code_of(shop)
    by_code(shop, code)
    assert refused(shop, code) == ("40002", "isv.code-invalid")


async def test_a_code_is_good_for_a_day(shop: Shop) -> None:
    early, late = code_of(shop), code_of(shop)
    await shop.simulated.advance(DAY)
    by_code(shop, early)
    await shop.simulated.advance(1)
    assert refused(shop, late) == ("40002", "isv.code-invalid")


@pytest.mark.parametrize("code", [None, "4b203fe6c11548bcabd8da5bb087a83b"])
def test_what_is_no_code(shop: Shop, code: str | None) -> None:
    assert refused(shop, code) == ("40002", "isv.code-invalid")


@pytest.mark.parametrize("grant_type", [None, "password"])
def test_another_grant_type(shop: Shop, grant_type: str | None) -> None:
    assert refused(shop, code_of(shop), grant_type=grant_type) == ("40002", "isv.grant-type-invalid")


def test_a_code_belongs_to_its_app(simulated: Simulated, shop: Shop) -> None:
    code = code_of(shop)
    assert refused(simulated.shop(node="transfer"), code) == ("40002", "isv.unmatched-app-id")
    assert "user_id" in by_code(shop, code)


def test_the_gateways_own_refusals_stand_under_error_response_as_well(shop: Shop) -> None:
    assert refused(shop, code_of(shop), timestamp="now") == ("40002", "isv.invalid-timestamp")


def test_a_refresh_token_works_once(shop: Shop) -> None:
    first = by_code(shop, code_of(shop, "2088000000012345"))
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = by_code(shop, None, **again)
    assert second["user_id"] == "2088000000012345"
    assert second["access_token"] != first["access_token"]
    assert refused(shop, None, **again) == ("40002", "isv.refreshed-token-invalid")
    newest = {"grant_type": "refresh_token", "refresh_token": second["refresh_token"]}
    assert "user_id" in by_code(shop, None, **newest)


async def test_a_refresh_token_ends(shop: Shop) -> None:
    content = by_code(shop, code_of(shop))
    await shop.simulated.advance(content["re_expires_in"] + 1)
    again = {"grant_type": "refresh_token", "refresh_token": content["refresh_token"]}
    assert refused(shop, None, **again) == ("40002", "isv.refresh-token-time-out")


def test_a_refresh_token_belongs_to_its_app(simulated: Simulated, shop: Shop) -> None:
    content = by_code(shop, code_of(shop))
    again = {"grant_type": "refresh_token", "refresh_token": content["refresh_token"]}
    assert refused(simulated.shop(node="transfer"), None, **again) == ("40002", "isv.refresh-token-invalid")


def test_codes_do_not_outlive_a_reset(shop: Shop) -> None:
    code = code_of(shop)
    shop.simulated.world.reset()
    assert refused(shop, code) == ("40002", "isv.code-invalid")


def test_a_fault_stands_under_error_response(shop: Shop) -> None:
    params = shop.params(METHOD, None, biz_content=None, grant_type="authorization_code", code="c")
    request = shop.simulated.as_request(params)
    answer = shop.simulated.alipay.business_error(request, METHOD, "isv.code-invalid")
    text, signature = shop.split(answer, "error_response")
    shop.verify(text, signature)
    assert json.loads(text)["sub_code"] == "isv.code-invalid"
