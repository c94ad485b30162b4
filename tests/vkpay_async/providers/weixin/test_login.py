"""Logins at api.weixin.qq.com, written from WeChat's pages."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from vkpay_async.config import Secret
from vkpay_async.errors import (
    InvalidArgument,
    ProviderError,
    ProviderUnavailable,
    TransportError,
    ValidationFailed,
)
from vkpay_async.providers.base import Flow, HttpRequest, HttpResponse, run_offline
from vkpay_async.providers.login import SessionLogin, TokenLogin
from vkpay_async.providers.weixin.login import WeixinApp, mini_program_login, web_login

NOW_MS = 1_767_196_800_000
APP = WeixinApp(provider="wxpay", appid="wx2421b1c4370ec43b", secret=Secret("s3cret/&="), timeout_ms=4000)
SESSION = {"openid": "oUpF8", "session_key": "9hAb/NEYUlkaMBEsmFgzig=="}
ACCESS = {
    "access_token": "ACCESS_TOKEN",
    "expires_in": 7200,
    "refresh_token": "REFRESH_TOKEN",
    "openid": "oUpF8",
    "scope": "snsapi_base",
}
SECRETS = ("s3cret", "9hAb", "ACCESS_TOKEN", "REFRESH_TOKEN", "c0de")


class WeChat:
    """Answers one request, and keeps it."""

    def __init__(self, answer: Any, status: int = 200) -> None:
        self.body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.status = status

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.request = request
        return HttpResponse(status=self.status, headers={}, body=self.body)

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.request.url).query, strict_parsing=True)


def flows() -> list[Flow[Any]]:
    return [mini_program_login(APP, "c0de"), web_login(APP, "c0de", NOW_MS)]


def test_a_mini_programs_user() -> None:
    wechat = WeChat({**SESSION, "unionid": "oUnion", "errcode": 0, "errmsg": "ok"})
    login = run_offline(mini_program_login(APP, "c0de"), wechat)
    assert login == SessionLogin(
        openid="oUpF8", unionid="oUnion", session_key=Secret("9hAb/NEYUlkaMBEsmFgzig==")
    )
    assert (wechat.request.method, wechat.request.body) == ("GET", b"")
    assert wechat.request.url.startswith("https://api.weixin.qq.com/sns/jscode2session?")
    assert wechat.query == {
        "appid": ["wx2421b1c4370ec43b"],
        "secret": ["s3cret/&="],
        "js_code": ["c0de"],
        "grant_type": ["authorization_code"],
    }


def test_a_pages_user() -> None:
    wechat = WeChat({**ACCESS, "is_snapshotuser": 1, "unionid": "oUnion"})
    login = run_offline(web_login(APP, "c0de", NOW_MS), wechat)
    assert login == TokenLogin(
        openid="oUpF8",
        unionid="oUnion",
        access_token=Secret("ACCESS_TOKEN"),
        refresh_token=Secret("REFRESH_TOKEN"),
        expires=NOW_MS + 7_200_000,
        scope="snsapi_base",
    )
    assert wechat.request.url.startswith("https://api.weixin.qq.com/sns/oauth2/access_token?")
    assert wechat.query == {
        "appid": ["wx2421b1c4370ec43b"],
        "secret": ["s3cret/&="],
        "code": ["c0de"],
        "grant_type": ["authorization_code"],
    }


@pytest.mark.parametrize("flow", flows())
def test_a_code_is_not_sent_twice(flow: Flow[Any]) -> None:
    request = next(flow)
    assert (request.repeatable, request.moves_money, request.timeout_ms) == (False, False, 4000)
    assert request.operation == "wxpay.code2session"


@pytest.mark.parametrize("flow", flows())
def test_after_a_lost_answer_a_new_code_is_needed(flow: Flow[Any]) -> None:
    next(flow)
    with pytest.raises(TransportError, match="try again, with a new code: this one may be used up"):
        flow.throw(TransportError("wxpay.code2session: no answer in time; nothing was done: try again"))


@pytest.mark.parametrize("answer", [SESSION, ACCESS])
def test_what_a_front_end_sees_holds_no_secret(answer: dict[str, str]) -> None:
    flow: Flow[Any] = flows()[answer is ACCESS]
    login = run_offline(flow, WeChat(answer))
    assert login.to_client() == {"code": 0, "msg": "ok", "openid": "oUpF8"}
    told = repr(login) + repr(APP)
    assert [secret for secret in SECRETS if secret in told] == []


@pytest.mark.parametrize("flow", flows())
def test_a_request_is_shown_without_its_query(flow: Flow[Any]) -> None:
    told = repr(next(flow))
    assert "https://api.weixin.qq.com/sns/" in told
    assert [secret for secret in SECRETS if secret in told] == []


@pytest.mark.parametrize("code", ["", "  ", None, 7, "c" * 513, "c\n", "\ud800"])
@pytest.mark.parametrize("login", [mini_program_login, lambda app, code: web_login(app, code, NOW_MS)])
def test_what_is_no_code_is_not_sent(login: Any, code: Any) -> None:
    with pytest.raises(InvalidArgument) as caught:
        next(login(APP, code))
    assert caught.value.code == 1013


@pytest.mark.parametrize("flow", flows())
def test_a_refused_code(flow: Flow[Any]) -> None:
    said = {"errcode": 40029, "errmsg": "invalid code, rid: 65a1-2b-3c"}
    with pytest.raises(ValidationFailed) as caught:
        run_offline(flow, WeChat(said))
    error = caught.value
    assert (error.provider, error.code, error.http_status) == ("wxpay", "40029", 200)
    assert (error.request_id, error.outcome_known) == ("65a1-2b-3c", True)
    assert "invalid code" in error.message
    assert "get a new one" in error.advice


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (b"", 200, ProviderUnavailable),
        (b"<html>", 200, ProviderUnavailable),
        (b"[" * 9000, 200, ProviderUnavailable),
        (b"\xff", 200, ProviderUnavailable),
        ({}, 200, ProviderUnavailable),
        ([], 200, ProviderUnavailable),
        ({"openid": "oUpF8"}, 200, ProviderUnavailable),
        ({**SESSION, **ACCESS, "openid": ""}, 200, ProviderUnavailable),
        ({**SESSION, **ACCESS, "openid": 7}, 200, ProviderUnavailable),
        ({"errcode": "40029"}, 200, ProviderUnavailable),
        (SESSION | ACCESS, 502, ProviderUnavailable),
        (b"", 429, ProviderUnavailable),
        (SESSION | ACCESS, 404, ProviderError),
        (SESSION | ACCESS, 302, ProviderError),
    ],
)
def test_an_answer_that_is_none(answer: Any, status: int, error: type[ProviderError]) -> None:
    for flow in flows():
        with pytest.raises(ProviderError) as caught:
            run_offline(flow, WeChat(answer, status))
        assert type(caught.value) is error
        assert [secret for secret in SECRETS if secret in str(caught.value)] == []
