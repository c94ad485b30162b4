"""Every code of the specification has a class and says what to do next."""

from __future__ import annotations

import pytest

from vkpay_async.errors import (
    AuthenticationFailed,
    OrderStateConflict,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    ResourceNotFound,
    ValidationFailed,
)
from vkpay_async.providers.vkspay.errors import CODES, TEXTS, failure, is_state
from vkpay_async.providers.vkspay.models import Answer

ROWS = [
    ("FAIL", "签名错误", AuthenticationFailed),
    ("FAIL", "参数错误:total_fee金额错误", ValidationFailed),
    ("FAIL", "请求已过期", AuthenticationFailed),
    ("FAIL", "退款失败", OrderStateConflict),
    ("FAIL", "something else", ProviderError),
    ("ORDERNOTEXIST", "订单不存在", ResourceNotFound),
    ("NOTPAY", "订单未支付", OrderStateConflict),
    ("CLOSED", "订单已关闭", OrderStateConflict),
    ("PAYING", "用户支付中", OrderStateConflict),
    ("REFUNDNOTEXIST", "退款单不存在", ResourceNotFound),
    ("REFUNDOVER", "退款金额超过可退金额", OrderStateConflict),
    ("PROCESSING", "退款处理中", OrderStateConflict),
]


@pytest.mark.parametrize(("code", "message", "error"), ROWS)
@pytest.mark.parametrize("moves_money", [True, False])
def test_classes(code: str, message: str, error: type[ProviderError], moves_money: bool) -> None:
    raised = failure(Answer(code=code, message=message), moves_money=moves_money)
    assert type(raised) is error
    assert (raised.code, raised.message) == (code, message)
    assert raised.advice
    assert raised.outcome_known


@pytest.mark.parametrize("code", ["SYSTEMERROR", "SOMETHING_NEW", ""])
def test_what_is_not_known_leaves_money_open(code: str) -> None:
    raised = failure(Answer(code=code, message="m"), moves_money=True)
    assert type(raised) is ProviderOutcomeUnknown
    assert not raised.outcome_known


def test_where_no_money_moves() -> None:
    assert type(failure(Answer(code="SYSTEMERROR"), moves_money=False)) is ProviderUnavailable
    assert type(failure(Answer(code="SOMETHING_NEW"), moves_money=False)) is ProviderError


def test_a_fail_without_a_known_text_may_be_no_answer_at_all() -> None:
    unsure = failure(Answer(code="FAIL", message="请输入密码"), moves_money=True, fail_is_no=False)
    assert type(unsure) is ProviderOutcomeUnknown
    sure = failure(Answer(code="FAIL", message="签名错误"), moves_money=True, fail_is_no=False)
    assert type(sure) is AuthenticationFailed


@pytest.mark.parametrize(
    ("code", "message", "state"),
    [
        ("NOTPAY", "", True),
        ("CLOSED", "", True),
        ("FAIL", "订单未支付", True),
        ("FAIL", "退款失败", True),
        ("SOMETHING_NEW", "", True),
        ("FAIL", "签名错误", False),
        ("FAIL", "请求已过期", False),
        ("ORDERNOTEXIST", "", False),
        ("SYSTEMERROR", "", False),
    ],
)
def test_what_tells_how_a_thing_stands(code: str, message: str, state: bool) -> None:
    assert is_state(Answer(code=code, message=message)) is state


def test_every_row_advises() -> None:
    assert all(meaning.advice for meaning in (*CODES.values(), *TEXTS.values()))
