"""Coins: each number spends, gives back or presents once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vkpay_async.providers.wxpay_virtual.conftest import OPENID
from vkpay_async.errors import (
    AuthenticationFailed,
    InsufficientFunds,
    InvalidArgument,
    OrderStateConflict,
    ProviderOutcomeUnknown,
)

IP = "203.0.113.9"
OK = {"errcode": 0, "errmsg": "ok"}


def refusal(code: int) -> dict[str, Any]:
    return {"errcode": code, "errmsg": "x"}


def test_balance(logged_in: Any, run: Any) -> None:
    answer = OK | {
        "balance": 120,
        "present_balance": 20,
        "sum_save": 100,
        "sum_present": 20,
        "sum_balance": 120,
        "sum_cost": 0,
        "first_save_flag": 1,
    }
    balance = run(logged_in.query_user_balance(OPENID, IP), answer)
    assert (balance.balance, balance.present_balance, balance.first_save_flag) == (120, 20, 1)
    assert balance.to_client() == {
        "code": 0,
        "msg": "ok",
        "balance": 120,
        "presentBalance": 20,
        "sumSave": 100,
        "sumPresent": 20,
        "sumBalance": 120,
        "sumCost": 0,
        "firstSaveFlag": True,
    }


def test_spending(logged_in: Any, run: Any, wechat: Any) -> None:
    answer = OK | {"order_id": "C1", "balance": 90, "used_present_amount": 20}
    spent = run(
        logged_in.currency_pay(OPENID, IP, 30, "C1", payitem='[{"productid":"x"}]', remark="chapter"), answer
    )
    assert wechat.sent == [
        (
            "/xpay/currency_pay",
            {
                "openid": OPENID,
                "env": 0,
                "user_ip": IP,
                "amount": 30,
                "order_id": "C1",
                "payitem": '[{"productid":"x"}]',
                "remark": "chapter",
                "device_type": 1,
            },
        )
    ]
    assert "signature" in wechat.query(wechat.calls[0])
    assert spent.to_client() == {
        "code": 0,
        "msg": "ok",
        "outTradeNo": "C1",
        "balance": 90,
        "usedPresentAmount": 20,
        "repeated": False,
    }


def test_giving_back(logged_in: Any, run: Any, wechat: Any) -> None:
    back = run(logged_in.cancel_currency_pay(OPENID, IP, 30, "C1", "CR1"), OK | {"order_id": "CR1"})
    assert wechat.sent == [
        (
            "/xpay/cancel_currency_pay",
            {
                "openid": OPENID,
                "env": 0,
                "user_ip": IP,
                "pay_order_id": "C1",
                "order_id": "CR1",
                "amount": 30,
                "device_type": 1,
            },
        )
    ]
    assert "signature" in wechat.query(wechat.calls[0])
    assert (back.out_refund_no, back.repeated) == ("CR1", False)
    assert back.to_client()["outRefundNo"] == "CR1"


def test_presenting(logged_in: Any, run: Any, wechat: Any) -> None:
    answer = OK | {"order_id": "P1", "balance": 25, "present_balance": 45}
    gift = run(logged_in.present_currency(OPENID, 5, "P1"), answer)
    assert wechat.sent == [
        (
            "/xpay/present_currency",
            {"openid": OPENID, "env": 0, "order_id": "P1", "amount": 5, "device_type": 1},
        )
    ]
    assert "signature" not in wechat.query(wechat.calls[0])
    assert (gift.balance, gift.present_balance, gift.repeated) == (25, 45, False)
    assert gift.to_client()["presentBalance"] == 45


def calls(provider: Any) -> list[Any]:
    return [
        provider.currency_pay(OPENID, IP, 30, "C1"),
        provider.cancel_currency_pay(OPENID, IP, 30, "C1", "CR1"),
        provider.present_currency(OPENID, 30, "P1"),
    ]


def test_what_was_done_before_is_done(logged_in: Any, run: Any) -> None:
    for flow in calls(logged_in):
        done = run(flow, refusal(268490004))
        assert done.repeated
        assert "balance" not in done.to_client()


def test_another_conflict_is_a_refusal(logged_in: Any, run: Any) -> None:
    for flow in calls(logged_in):
        with pytest.raises(OrderStateConflict, match="268490005"):
            run(flow, refusal(268490005))


def test_too_few_coins(logged_in: Any, run: Any) -> None:
    with pytest.raises(InsufficientFunds):
        run(logged_in.currency_pay(OPENID, IP, 30, "C1"), refusal(268490006))


def test_an_unknown_outcome_asks_for_the_same_call(logged_in: Any, run: Any) -> None:
    for flow in calls(logged_in):
        with pytest.raises(ProviderOutcomeUnknown, match="send the identical call again"):
            run(flow, refusal(-1))


def test_a_session_that_has_ended(logged_in: Any, run: Any) -> None:
    with pytest.raises(AuthenticationFailed, match=r"wx\.login"):
        run(logged_in.currency_pay(OPENID, IP, 30, "C1"), refusal(268490009))


def test_without_a_login_nothing_is_sent(provider: Any, run: Any, wechat: Any) -> None:
    for flow in (provider.query_user_balance(OPENID, IP), *calls(provider)[:2]):
        with pytest.raises(InvalidArgument, match="code2session") as caught:
            run(flow)
        assert caught.value.code == 268490009
    assert wechat.calls == wechat.token_calls == []


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("query_user_balance", ("", IP), 1006),
        ("query_user_balance", (OPENID, ""), -1),
        ("currency_pay", (OPENID, IP, 0, "C1"), 1008),
        ("currency_pay", (OPENID, IP, "30", "C1"), 1008),
        ("currency_pay", (OPENID, IP, 1.5, "C1"), 1008),
        ("currency_pay", (OPENID, IP, True, "C1"), 1008),
        ("currency_pay", (OPENID, IP, 30, ""), -1),
        ("currency_pay", (OPENID, IP, 30, "C" * 65), -1),
        ("cancel_currency_pay", (OPENID, IP, -1, "C1", "CR1"), 1008),
        ("cancel_currency_pay", (OPENID, IP, 1, "C1", None), -1),
        ("present_currency", (None, 1, "P1"), 1006),
        ("present_currency", (OPENID, 0, "P1"), 1008),
    ],
)
def test_refused_before_anything_is_sent(
    logged_in: Any, run: Any, wechat: Any, name: str, arguments: tuple[Any, ...], code: int
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        run(getattr(logged_in, name)(*arguments))
    assert caught.value.code == code
    assert wechat.calls == []
