"""``alipay.system.oauth.token``: an answer without a code, and its failures under a node of their own."""

from __future__ import annotations

from typing import Any

import pytest

from vkpay_async.config import Secret
from vkpay_async.errors import (
    AuthenticationFailed,
    InvalidArgument,
    ProviderError,
    ProviderUnavailable,
    SignatureInvalid,
    TransportError,
    ValidationFailed,
)
from vkpay_async.providers.alipay.provider import AlipayProvider
from vkpay_async.providers.login import TokenLogin

NOW_MS = 1_700_000_000_000
OPEN_ID = "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5"
USER_ID = "2088102150477652"
ANSWER = {
    "access_token": "authbseBAToken",
    "auth_start": "2023-11-15 06:13:20",
    "expires_in": 1296000,
    "re_expires_in": 2592000,
    "refresh_token": "authbseBRefresh",
}


def logged_in(provider: AlipayProvider, server: Any, exchange: Any, **content: Any) -> Any:
    run = exchange(lambda request: server.reply(request, {**ANSWER, **content}))
    return run(provider.code2session("4b203fe6c11548bcabd8da5bb087a83b"))


def test_what_is_sent(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    run = exchange(lambda request: server.reply(request, {**ANSWER, "user_id": USER_ID}))
    run(provider.code2session("4b203fe6"))
    (request,) = run.requests
    params = server.params(request)
    assert params["method"] == "alipay.system.oauth.token"
    assert (params["grant_type"], params["code"]) == ("authorization_code", "4b203fe6")
    assert {"biz_content", "app_auth_token"} & params.keys() == set()
    assert (request.moves_money, request.repeatable) == (False, False)


def test_a_user_of_an_older_app(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    assert logged_in(provider, server, exchange, user_id=USER_ID, alipay_user_id="2088old") == TokenLogin(
        openid=USER_ID,
        user_id=USER_ID,
        access_token=Secret("authbseBAToken"),
        expires=NOW_MS + 1_296_000_000,
        refresh_token=Secret("authbseBRefresh"),
        refresh_expires=NOW_MS + 2_592_000_000,
    )


def test_a_user_of_an_app_with_openids(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    login = logged_in(provider, server, exchange, open_id=OPEN_ID, union_id="u1", expires_in="1296000")
    assert (login.openid, login.unionid, login.user_id) == (OPEN_ID, "u1", None)
    assert login.expires == NOW_MS + 1_296_000_000
    assert login.to_client() == {"code": 0, "msg": "ok", "openid": OPEN_ID, "unionid": "u1"}


def test_an_app_on_its_way_to_openids(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    login = logged_in(provider, server, exchange, open_id=OPEN_ID, user_id=USER_ID)
    assert (login.openid, login.user_id) == (OPEN_ID, USER_ID)


def test_tokens_are_not_shown(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    login = logged_in(provider, server, exchange, user_id=USER_ID)
    assert "authbseB" not in repr(login) + str(login.to_client())


def test_a_service_provider_names_the_merchant(make: Any, key_node: Any, server: Any, exchange: Any) -> None:
    provider = make(key_node, app_auth_token=Secret("of the node"))
    for given, sent in ((None, "of the node"), ("of the call", "of the call")):
        run = exchange(lambda request: server.reply(request, {**ANSWER, "user_id": USER_ID}))
        run(provider.code2session("c", app_auth_token=given))
        assert server.params(run.requests[0])["app_auth_token"] == sent


@pytest.mark.parametrize("code", ["", None, "c" * 513])
def test_what_is_no_code_is_not_sent(provider: AlipayProvider, code: Any) -> None:
    with pytest.raises(InvalidArgument, match="my.getAuthCode") as caught:
        next(provider.code2session(code))
    assert caught.value.code == 1013


@pytest.mark.parametrize(
    ("code", "sub_code", "error"),
    [
        ("40002", "isv.code-invalid", ValidationFailed),
        ("40002", "isv.unmatched-app-id", ValidationFailed),
        ("40002", "isv.grant-type-invalid", ValidationFailed),
        ("40002", "isv.refresh-token-invalid", AuthenticationFailed),
        ("40002", "isv.refresh-token-time-out", AuthenticationFailed),
        ("40002", "isv.refreshed-token-invalid", AuthenticationFailed),
        ("20000", "isp.unknow-error", ProviderUnavailable),
    ],
)
def test_failures_stand_under_error_response(
    provider: AlipayProvider, server: Any, exchange: Any, code: str, sub_code: str, error: type[ProviderError]
) -> None:
    said = {"code": code, "msg": "Invalid Arguments", "sub_code": sub_code, "sub_msg": "授权码code无效"}
    run = exchange(lambda request: server.answer("error_response", said))
    with pytest.raises(ProviderError) as caught:
        run(provider.code2session("c"))
    assert type(caught.value) is error
    assert (caught.value.code, caught.value.outcome_known) == (sub_code, True)


def test_a_success_must_be_signed(provider: AlipayProvider, server: Any, exchange: Any) -> None:
    content = {**ANSWER, "user_id": USER_ID}
    run = exchange(lambda _: server.answer("alipay_system_oauth_token_response", content, sign=None))
    with pytest.raises(SignatureInvalid):
        run(provider.code2session("c"))


@pytest.mark.parametrize("content", [{}, {"user_id": ""}, {"open_id": "", "user_id": ""}, {"user_id": 7.5}])
def test_an_answer_that_names_nobody(
    provider: AlipayProvider, server: Any, exchange: Any, content: dict[str, Any]
) -> None:
    with pytest.raises(ProviderUnavailable, match="not an answer of the gateway"):
        logged_in(provider, server, exchange, **content)


def test_after_a_lost_answer_a_new_code_is_needed(provider: AlipayProvider) -> None:
    flow = provider.code2session("c")
    next(flow)
    with pytest.raises(TransportError, match="with a new code: this one may be used up"):
        flow.throw(TransportError("alipay.code2session: no answer in time; nothing was done: try again"))
