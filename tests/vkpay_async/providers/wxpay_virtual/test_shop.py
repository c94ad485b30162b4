"""The merchant's own side: withdrawals, items, bills."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from vkpay_async.errors import (
    InsufficientFunds,
    InvalidArgument,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    RateLimited,
    ResourceNotFound,
)

OK = {"errcode": 0, "errmsg": "ok"}
MISSING = {"errcode": 268490002, "errmsg": "数据不存在 rid: 1-2-3"}


def refusal(code: int) -> dict[str, Any]:
    return {"errcode": code, "errmsg": "x"}


def available(amount: Any) -> dict[str, Any]:
    return OK | {"balance_available": {"amount": amount, "currency_code": "CNY"}}


@pytest.mark.parametrize(
    ("yuan", "fen"), [("0.00", 0), ("12.3", 1230), ("1000000.01", 100_000_001), ("-1.00", -100)]
)
def test_what_may_be_withdrawn(provider: Any, run: Any, yuan: str, fen: int) -> None:
    assert run(provider.query_biz_balance(), available(yuan)) == fen


@pytest.mark.parametrize("amount", ["", "1.234", "one", 5])
def test_a_balance_that_is_no_amount(provider: Any, run: Any, amount: Any) -> None:
    with pytest.raises(ProviderUnavailable, match="unexpected"):
        run(provider.query_biz_balance(), available(amount))


def test_a_withdrawal(provider: Any, run: Any, wechat: Any) -> None:
    made = run(provider.withdraw("W20260001", 1), OK | {"withdraw_no": "W20260001", "wx_withdraw_no": "9001"})
    assert (made.withdraw_no, made.wx_withdraw_no, made.withdraw_amount, made.status) == (
        "W20260001", "9001", 1, None,
    )  # fmt: skip
    run(provider.withdraw("W20260002"), OK | {"withdraw_no": "W20260002"})
    assert wechat.sent == [
        (
            "/xpay/create_withdraw_order",
            {"withdraw_no": "W20260001", "env": 0, "withdraw_amount": "0.01"},
        ),
        ("/xpay/create_withdraw_order", {"withdraw_no": "W20260002", "env": 0}),
    ]


def test_how_a_withdrawal_stands(provider: Any, run: Any) -> None:
    answer = OK | {
        "withdraw_no": "W20260001",
        "wx_withdraw_no": "9001",
        "status": 3,
        "withdraw_amount": "9.50",
        "create_time": "1767196800",
        "fail_reason": "银行卡信息有误",
    }
    found = run(provider.query_withdrawal("W20260001"), answer)
    assert (found.status, found.withdraw_amount, found.fail_reason) == (3, 950, "银行卡信息有误")
    del answer["fail_reason"]
    assert run(provider.query_withdrawal("W20260001"), answer | {"failReason": "x"}).fail_reason == "x"
    assert run(provider.query_withdrawal("W20260001"), OK | {"withdraw_no": "W20260001"}).status is None
    with pytest.raises(ResourceNotFound):
        run(provider.query_withdrawal("W20260001"), MISSING)


def test_withdrawals_that_fail(provider: Any, run: Any) -> None:
    with pytest.raises(InsufficientFunds):
        run(provider.withdraw("W20260001"), refusal(268490006))
    with pytest.raises(ProviderOutcomeUnknown, match="query_withdrawal with the same withdraw_no"):
        run(provider.withdraw("W20260001"), refusal(-1))


@pytest.mark.parametrize(
    ("number", "amount"),
    [
        ("W1", None),
        ("W" * 33, None),
        ("W|20260001", None),
        (None, None),
        ("W20260001", 0),
        ("W20260001", 1.5),
    ],
)
def test_withdrawals_that_cannot_be(provider: Any, run: Any, wechat: Any, number: Any, amount: Any) -> None:
    with pytest.raises(InvalidArgument):
        run(provider.withdraw(number, amount))
    assert wechat.calls == []


ITEM = {"name": "铁剑", "price": 600, "item_url": "https://shop.example.com/sword.png", "remark": "a sword"}


def test_an_upload(provider: Any, run: Any, wechat: Any) -> None:
    assert run(provider.start_upload_goods("sword", **ITEM), OK) is None
    assert wechat.sent == [("/xpay/start_upload_goods", {"upload_item": [{"id": "sword", **ITEM}], "env": 0})]
    shown = OK | {"status": 1, "upload_item": [{"id": "sword", **ITEM, "upload_status": 0, "errmsg": ""}]}
    task = run(provider.query_upload_goods(), shown)
    assert (task.status, task.items[0].id, task.items[0].status, task.items[0].price) == (1, "sword", 0, 600)
    assert run(provider.query_upload_goods(), OK | {"status": 0}).items == ()


def test_a_publication(provider: Any, run: Any, wechat: Any) -> None:
    assert run(provider.start_publish_goods("sword"), OK) is None
    assert wechat.sent == [("/xpay/start_publish_goods", {"publish_item": [{"id": "sword"}], "env": 0})]
    shown = OK | {"status": 2, "publish_item": [{"id": "sword", "publish_status": 3, "errmsg": "why"}]}
    task = run(provider.query_publish_goods(), shown)
    assert (task.status, task.items[0].status, task.items[0].errmsg) == (2, 3, "why")


def test_one_at_a_time(provider: Any, run: Any) -> None:
    for flow in (provider.start_upload_goods("sword", **ITEM), provider.start_publish_goods("sword")):
        with pytest.raises(RateLimited, match="when it is over"):
            run(flow, refusal(268490012))


@pytest.mark.parametrize(
    "changed",
    [
        {"product_id": ""},
        {"product_id": "a b"},
        {"name": "x" * 21},
        {"name": ""},
        {"price": 0},
        {"price": "600"},
        {"remark": ""},
        {"item_url": None},
    ],
)
def test_items_that_cannot_be(provider: Any, run: Any, wechat: Any, changed: dict[str, Any]) -> None:
    arguments = {"product_id": "sword", **ITEM} | changed
    with pytest.raises(InvalidArgument):
        run(provider.start_upload_goods(**arguments))
    assert wechat.calls == []


def test_a_bill(provider: Any, run: Any, wechat: Any) -> None:
    days = dt.date(2026, 1, 1), dt.date(2026, 1, 31)
    with pytest.raises(ProviderUnavailable, match="268490011.*ask again") as caught:
        run(provider.download_bill(*days), refusal(268490011))
    assert caught.value.retryable
    assert run(provider.download_bill(*days), OK | {"url": "https://x/bill"}) == "https://x/bill"
    assert wechat.sent[0] == ("/xpay/download_bill", {"begin_ds": 20260101, "end_ds": 20260131})


def test_a_list_of_orders(provider: Any, run: Any, wechat: Any) -> None:
    days = dt.date(2026, 1, 1), dt.date(2026, 1, 2)
    assert run(provider.start_download_order(*days, 2), OK | {"task_id": "t1"}) == "t1"
    assert wechat.sent == [
        (
            "/xpay/start_download_order",
            {"begin_ds": 20260101, "end_ds": 20260102, "order_type": 2, "env": 0},
        )
    ]
    found = run(
        provider.query_download_order("t1"),
        OK | {"status": 2, "download_url": "https://x/list", "expire_at": 1767198603},
    )
    assert (found.status, found.download_url, found.expire_at) == (2, "https://x/list", 1767198603)


def test_days_the_wrong_way_round(provider: Any, run: Any) -> None:
    days = dt.date(2026, 1, 2), dt.date(2026, 1, 1)
    for flow in (provider.download_bill(*days), provider.start_download_order(*days)):
        with pytest.raises(InvalidArgument, match="the earlier day first"):
            run(flow)
