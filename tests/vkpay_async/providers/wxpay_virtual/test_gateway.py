"""The access token that is shared, logins, and what goes out on the wire."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.vkpay_async.providers.wxpay_virtual.conftest import (
    APPID,
    NOW_MS,
    NUMBER,
    OPENID,
    SESSION_KEY,
    cash_order,
    node,
    order_ref,
    provider_of,
)
from vkpay_async.config import Secret
from vkpay_async.errors import (
    AuthenticationFailed,
    ConfigError,
    InvalidArgument,
    OutcomeUnknown,
    PermissionRefused,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    RateLimited,
    ValidationFailed,
)
from vkpay_async.providers.base import HttpResponse, SharedValue, run_offline
from vkpay_async.providers.wxpay_virtual.gateway import session_name

DONE = {"errcode": 0, "errmsg": "ok"}


def test_the_token_is_fetched_once_and_used_by_every_call(provider: Any, run: Any, wechat: Any) -> None:
    for _ in "123":
        run(provider.query(order_ref()), cash_order())
    assert wechat.token_calls == [
        {"grant_type": "client_credential", "appid": APPID, "secret": "app-secret", "force_refresh": False}
    ]
    assert len(wechat.calls) == 3


def test_the_token_is_kept_until_it_ends(provider: Any, wechat: Any) -> None:
    values: dict[str, SharedValue] = {}
    wechat.answers = [cash_order()]
    run_offline(provider.query(order_ref()), wechat, values)
    (kept,) = values.values()
    assert (kept.value, kept.expires) == ("token-1", NOW_MS + 7_200_000)


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_token_that_is_refused_is_fetched_anew_and_the_call_sent_again_as_it_was(
    provider: Any, run: Any, wechat: Any, code: int
) -> None:
    wechat.tokens, wechat.refusals = ["token-1", "token-2"], [code]
    assert run(provider.query(order_ref()), cash_order()).state == "SUCCESS"
    first, second = wechat.calls
    assert first.body == second.body
    assert wechat.query(first) | {"access_token": "token-2"} == wechat.query(second)
    assert [call["force_refresh"] for call in wechat.token_calls] == [False, False]


def test_a_stable_token_that_stays_the_same_is_forced_to_change(provider: Any, run: Any, wechat: Any) -> None:
    wechat.tokens, wechat.refusals = ["token-1", "token-1", "token-2"], [40001]
    run(provider.query(order_ref()), cash_order())
    assert [call["force_refresh"] for call in wechat.token_calls] == [False, False, True]


def test_a_second_refusal_is_the_last(provider: Any, run: Any, wechat: Any) -> None:
    wechat.tokens, wechat.refusals = ["token-1", "token-2", "token-3"], [42001, 42001]
    with pytest.raises(AuthenticationFailed, match="42001.*secret"):
        run(provider.query(order_ref()), cash_order())
    assert len(wechat.calls) == 2


def test_a_refused_token_leaves_no_doubt_about_money(logged_in: Any, run: Any, wechat: Any) -> None:
    wechat.refusals = [42001, 42001]
    with pytest.raises(AuthenticationFailed) as caught:
        run(logged_in.present_currency(OPENID, 5, "P1"))
    assert caught.value.outcome_known


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        ({"errcode": 40125, "errmsg": "invalid appsecret"}, AuthenticationFailed, "correct secret"),
        ({"errcode": 40164, "errmsg": "invalid ip 1.2.3.4"}, PermissionRefused, "allow list"),
        ({"errcode": -1, "errmsg": "system error"}, ProviderUnavailable, "again"),
        ({"errcode": 99, "errmsg": "new"}, ProviderError, "new"),
        ({"expires_in": 7200}, ProviderUnavailable, "access_token"),
        (b"<html>", ProviderUnavailable, "unexpected"),
        (b"[" * 100_000, ProviderUnavailable, "unexpected"),
        (HttpResponse(status=502, headers={}, body=b""), ProviderUnavailable, "HTTP 502"),
        (HttpResponse(status=404, headers={}, body=b""), ProviderError, "base_url"),
    ],
)
def test_no_token(
    logged_in: Any, run: Any, wechat: Any, answer: Any, error: type[ProviderError], text: str
) -> None:
    """Without a token nothing is sent: the outcome is known, whatever the call."""
    wechat.tokens = [answer]
    with pytest.raises(error, match=text) as caught:
        run(logged_in.present_currency(OPENID, 5, "P1"))
    assert caught.value.outcome_known
    assert wechat.calls == []


def test_a_call_on_the_wire(logged_in: Any, run: Any, wechat: Any) -> None:
    run(logged_in.query_user_balance(OPENID, "203.0.113.9"), DONE | {"balance": 5})
    (call,) = wechat.calls
    assert (call.method, call.moves_money, call.repeatable) == ("POST", False, True)
    assert call.headers["Content-Type"] == "application/json"
    assert sorted(wechat.query(call)) == ["access_token", "pay_sig", "signature"]
    assert wechat.body(call) == {"openid": OPENID, "env": 0, "user_ip": "203.0.113.9"}


def test_what_is_signed_is_the_environments(wechat: Any, run: Any) -> None:
    provider = provider_of(sandbox=True)
    run(provider.query_biz_balance(), DONE | {"balance_available": {"amount": "0.00"}})
    assert wechat.sent == [("/xpay/query_biz_balance", {"env": 1})]


@pytest.mark.parametrize(
    ("answer", "error", "known"),
    [
        ({"errcode": -1, "errmsg": "system error"}, ProviderOutcomeUnknown, False),
        (HttpResponse(status=500, headers={}, body=b"{}"), ProviderOutcomeUnknown, False),
        (b"{", ProviderOutcomeUnknown, False),
        (b"[]", ProviderOutcomeUnknown, False),
        ({"errcode": 268490015, "errmsg": "x"}, RateLimited, True),
        ({"errcode": 268490002, "errmsg": "x"}, ValidationFailed, True),
        (HttpResponse(status=403, headers={}, body=b""), ProviderError, True),
    ],
)
def test_what_a_failure_says_of_money(
    logged_in: Any, run: Any, answer: Any, error: type[ProviderError], known: bool
) -> None:
    with pytest.raises(error) as caught:
        run(logged_in.present_currency(OPENID, 5, "P1"), answer)
    assert caught.value.outcome_known is known
    assert isinstance(caught.value, OutcomeUnknown) is not known
    assert known or "with the same number" in caught.value.msg


def test_the_providers_number_of_a_request_is_told(logged_in: Any, run: Any) -> None:
    refusal = {"errcode": 268490003, "errmsg": "支付签名(pay_sig)校验失败 rid: 1a2b-3c4d-5e6f"}
    with pytest.raises(AuthenticationFailed, match="app_key and sandbox_app_key") as caught:
        run(logged_in.query_biz_balance(), refusal)
    assert (caught.value.request_id, caught.value.code) == ("1a2b-3c4d-5e6f", "268490003")


def test_a_login(provider: Any, run: Any, wechat: Any) -> None:
    answer = {"openid": OPENID, "session_key": SESSION_KEY, "unionid": "u1"}
    session = run(provider.code2session("js-code"), answer)
    (call,) = wechat.calls
    assert (call.method, call.repeatable) == ("GET", False)
    assert urlsplit(call.url).path == "/sns/jscode2session"
    assert wechat.query(call) == {
        "appid": APPID,
        "secret": "app-secret",
        "js_code": "js-code",
        "grant_type": "authorization_code",
    }
    assert (session.openid, session.session_key, session.unionid) == (OPENID, Secret(SESSION_KEY), "u1")
    assert session.to_client() == {"code": 0, "msg": "ok", "openid": OPENID, "unionid": "u1"}
    assert SESSION_KEY not in repr(session)
    assert run(provider.get_session_key(OPENID)) == SESSION_KEY


def test_a_session_key_is_kept_for_thirty_days_under_app_and_user(provider: Any, wechat: Any) -> None:
    values: dict[str, SharedValue] = {}
    wechat.answers = [{"openid": OPENID, "session_key": SESSION_KEY}]
    run_offline(provider.code2session("code"), wechat, values)
    assert list(values) == [session_name(APPID, OPENID)]
    kept = values[session_name(APPID, OPENID)]
    assert (kept.value, kept.expires) == (SESSION_KEY, NOW_MS + 30 * 86_400_000)


def test_the_name_of_a_session_fits_where_it_is_kept() -> None:
    assert len(session_name("wx" + "0" * 16, "o" * 128)) <= 192


@pytest.mark.parametrize("code", ["", None, 5])
def test_a_login_without_a_code(provider: Any, code: Any) -> None:
    with pytest.raises(InvalidArgument) as caught:
        provider.code2session(code)
    assert caught.value.code == 1013


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"errcode": 40029, "errmsg": "invalid code"}, ValidationFailed),
        ({"errcode": 40163, "errmsg": "code been used"}, ValidationFailed),
        ({"errcode": 40226, "errmsg": "code blocked"}, PermissionRefused),
        ({"errcode": 45011, "errmsg": "api minute-quota reach limit"}, RateLimited),
        ({"errcode": -1, "errmsg": "system error"}, ProviderUnavailable),
        ({"openid": OPENID}, ProviderUnavailable),
    ],
)
def test_a_login_that_fails(provider: Any, run: Any, answer: Any, error: type[ProviderError]) -> None:
    with pytest.raises(error):
        run(provider.code2session("code"), answer)
    with pytest.raises(InvalidArgument):
        run(provider.get_session_key(OPENID))


class TestRequest:
    def test_any_call(self, logged_in: Any, run: Any, wechat: Any) -> None:
        answer = run(
            logged_in.request("/xpay/get_complaint_list", {"env": 0, "offset": 0}), DONE | {"total": 0}
        )
        assert answer == DONE | {"total": 0}
        assert wechat.sent == [("/xpay/get_complaint_list", {"env": 0, "offset": 0})]

    def test_signed_by_a_user_and_for_the_sandbox(self, logged_in: Any, run: Any, wechat: Any) -> None:
        run(logged_in.request("/xpay/query_user_balance", {"env": 1, "openid": OPENID}, user=OPENID), DONE)
        assert "signature" in wechat.query(wechat.calls[0])

    @pytest.mark.parametrize("moves_money", [True, False])
    def test_an_unknown_outcome_where_money_may_move(
        self, logged_in: Any, run: Any, moves_money: bool
    ) -> None:
        with pytest.raises(ProviderError) as caught:
            run(logged_in.request("/xpay/x", {"env": 0}, moves_money=moves_money), {"errcode": -1})
        assert caught.value.outcome_known is not moves_money

    @pytest.mark.parametrize("path", ["/cgi-bin/token", "xpay/x", "/xpay/x?a=1", "https://x/xpay/y"])
    def test_a_path_that_is_none(self, logged_in: Any, run: Any, path: str) -> None:
        with pytest.raises(InvalidArgument, match="/xpay/"):
            run(logged_in.request(path, {}))

    @pytest.mark.parametrize("json", [{"a": object()}, {"a": "\udc00"}])
    def test_what_cannot_be_written(self, logged_in: Any, run: Any, json: Any) -> None:
        with pytest.raises(InvalidArgument, match="JSON"):
            run(logged_in.request("/xpay/x", json))


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"secret": None}, "secret is not set.*AppSecret"),
        ({"app_key": None}, "app_key is not set.*现网"),
        ({"sandbox": True, "sandbox_app_key": None}, "sandbox_app_key is not set.*沙箱"),
        ({"base_url": "api.weixin.qq.com"}, "base_url must start with"),
        (
            {"encoding_aes_key": Secret("A" * 42)},
            "encoding_aes_key has 42 characters, an EncodingAESKey has 43",
        ),
        ({"encoding_aes_key": Secret("*" * 43)}, "encoding_aes_key .*copy it"),
    ],
)
def test_settings_that_cannot_be(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=rf"^vkpay\.toml: wxpay-virtual\.mp-weixin: {text}"):
        provider_of(**changed)


def test_the_key_of_the_other_environment_is_missed_only_when_it_is_needed(run: Any) -> None:
    provider = provider_of(sandbox_app_key=None)
    assert run(provider.query(order_ref()), cash_order()).state == "SUCCESS"
    with pytest.raises(ConfigError, match="sandbox_app_key is not set"):
        run(provider.query(order_ref(expand_data={"sandbox": True})), cash_order())


def test_identities() -> None:
    provider = provider_of()
    assert (provider.appid, provider.mch_id, provider.trust) == (APPID, "1600000001", None)
    assert provider_of(mch_id=None).mch_id is None


def test_the_default_host(run: Any, wechat: Any) -> None:
    run(provider_of(base_url=None).query(order_ref()), cash_order())
    assert wechat.calls[0].url.startswith("https://api.weixin.qq.com/xpay/query_order?")


def test_no_secret_in_what_is_shown_of_a_node() -> None:
    shown = repr(node())
    for secret in ("app-secret", "live-key", "sandbox-key", "pushtoken", "abcdefghij"):
        assert secret not in shown


def test_no_token_or_signature_in_what_is_shown_of_a_request(logged_in: Any, run: Any, wechat: Any) -> None:
    run(logged_in.query_user_balance(OPENID, "203.0.113.9"), DONE | {"balance": 5})
    run(logged_in.code2session("js-code"), {"openid": OPENID, "session_key": SESSION_KEY})
    shown = repr(wechat.calls)
    for secret in ("token-1", "app-secret", "js-code", wechat.query(wechat.calls[0])["pay_sig"]):
        assert secret not in shown
    assert "/xpay/query_user_balance" in shown


def test_numbers_of_orders_are_sent_as_they_are(provider: Any, run: Any, wechat: Any) -> None:
    run(provider.query(order_ref(out_trade_no="a|b*c@d-e")), cash_order(order_id="a|b*c@d-e"))
    assert wechat.sent[0][1]["order_id"] == "a|b*c@d-e"
    assert NUMBER not in wechat.calls[0].url
