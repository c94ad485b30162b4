"""jscode2session of Douyin's mini programs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.vkpay_async.providers.douyin.conftest import (
    APP_ID,
    SECRET,
    Make,
    answer,
    exchange,
    no,
    ok,
    raw_response,
)
from vkpay_async.config import Secret
from vkpay_async.errors import (
    AuthenticationFailed,
    ConfigError,
    InvalidArgument,
    ProviderError,
    ProviderUnavailable,
    TransportError,
    ValidationFailed,
)
from vkpay_async.providers.douyin.errors import LOGIN_CODES
from vkpay_async.providers.douyin.provider import DouyinProvider
from vkpay_async.providers.login import SessionLogin

DATA = {
    "session_key": "hZy6t19VPjFqm69==",
    "openid": "V3WvSshYq9",
    "anonymous_openid": "",
    "unionid": "f7510d9a",
}


def test_a_user(provider: DouyinProvider) -> None:
    run = exchange(ok(data=DATA))
    login = run(provider.code2session("fb93de74"))
    assert login == SessionLogin(
        openid="V3WvSshYq9", unionid="f7510d9a", session_key=Secret("hZy6t19VPjFqm69==")
    )
    assert (run.last.method, run.last.url) == (
        "POST",
        "https://developer.toutiao.com/api/apps/v2/jscode2session",
    )
    sent = {"appid": APP_ID, "secret": SECRET, "code": "fb93de74", "anonymous_code": ""}
    assert json.loads(run.last.body) == sent
    assert (run.last.repeatable, run.last.moves_money) == (False, False)


def test_a_user_without_a_unionid(provider: DouyinProvider) -> None:
    login = exchange(ok(data={**DATA, "unionid": ""}))(provider.code2session("c"))
    assert login.to_client() == {"code": 0, "msg": "ok", "openid": "V3WvSshYq9"}
    assert "hZy6" not in repr(login)


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({"sandbox": True}, "https://open-sandbox.douyin.com/api/apps/v2/jscode2session"),
        ({"base_url": "http://127.0.0.1:9200/"}, "http://127.0.0.1:9200/api/apps/v2/jscode2session"),
    ],
)
def test_elsewhere(make: Make, settings: dict[str, Any], url: str) -> None:
    assert next(make(**settings).code2session("c")).url == url


def test_a_node_of_the_trade_system_asks_the_same_address(trades: DouyinProvider) -> None:
    request = next(trades.code2session("c"))
    assert request.url == "https://developer.toutiao.com/api/apps/v2/jscode2session"
    assert "access-token" not in request.headers


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (-1, ProviderUnavailable),
        (40014, ValidationFailed),
        (40015, AuthenticationFailed),
        (40017, AuthenticationFailed),
        (40018, ValidationFailed),
        (40019, ValidationFailed),
        (99999, ProviderError),
    ],
)
def test_refusals(provider: DouyinProvider, code: int, error: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        exchange(no(code, "bad code"))(provider.code2session("c"))
    assert type(caught.value) is error
    assert (caught.value.code, caught.value.outcome_known) == (str(code), True)
    assert caught.value.advice
    assert str(code) in LOGIN_CODES or error is ProviderError


@pytest.mark.parametrize(
    "said",
    [
        raw_response(b"<html>"),
        raw_response(b"", 502),
        ok(),
        ok(data=None),
        ok(data={"openid": "o"}),
        ok(data={**DATA, "openid": ""}),
        answer(502, err_no=0, data=DATA),
    ],
)
def test_an_answer_that_is_none(provider: DouyinProvider, said: Any) -> None:
    with pytest.raises(ProviderUnavailable):
        exchange(said)(provider.code2session("c"))


@pytest.mark.parametrize("code", ["", None, "c" * 513])
def test_what_is_no_code_is_not_sent(provider: DouyinProvider, code: Any) -> None:
    with pytest.raises(InvalidArgument, match="tt.login") as caught:
        next(provider.code2session(code))
    assert caught.value.code == 1013


def test_without_a_secret_the_setting_is_named(make: Make) -> None:
    with pytest.raises(ConfigError, match="secret is not set; it is the AppSecret"):
        next(make(secret=None).code2session("c"))


def test_after_a_lost_answer_a_new_code_is_needed(provider: DouyinProvider) -> None:
    flow = provider.code2session("c")
    next(flow)
    with pytest.raises(TransportError, match="with a new code: this one may be used up"):
        flow.throw(TransportError("douyin.code2session: no answer in time; nothing was done: try again"))
