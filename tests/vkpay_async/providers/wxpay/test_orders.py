"""Query, close and reverse."""

from __future__ import annotations

from typing import Any

import pytest

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import OrderRef, TradeState

REF = OrderRef(pay_type="wxpay_h5", out_trade_no="T-1|2", transaction_id=None)
HOST = "https://api.mch.weixin.qq.com"
PAID = {
    "appid": "wx2421b1c4370ec43b",
    "mchid": "1900007291",
    "out_trade_no": "T-1|2",
    "transaction_id": "4200000000202601010000000001",
    "trade_state": "SUCCESS",
    "trade_state_desc": "支付成功",
    "success_time": "2026-01-01T00:00:01+08:00",
    "payer": {"openid": "oUpF8"},
    "amount": {"total": 100, "payer_total": 100, "currency": "CNY"},
    "promotion_detail": [],
    "a_field_of_tomorrow": {"x": 1},
}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "/v3/pay/transactions/out-trade-no/T-1%7C2?mchid=1900007291"),
        ({"transaction_id": "42"}, "/v3/pay/transactions/id/42?mchid=1900007291"),
        (
            {"sub_mchid": "19"},
            "/v3/pay/partner/transactions/out-trade-no/T-1%7C2?sp_mchid=1900007291&sub_mchid=19",
        ),
        (
            {"sub_mchid": "19", "transaction_id": "42"},
            "/v3/pay/partner/transactions/id/42?sp_mchid=1900007291&sub_mchid=19",
        ),
    ],
)
def test_query_goes_by_the_better_number(
    provider: Any, platform: Any, run: Any, fields: dict[str, str], path: str
) -> None:
    ref = OrderRef(**{"pay_type": "wxpay_h5", "out_trade_no": "T-1|2", **fields})
    run(provider.query(ref), platform.answer(PAID))
    assert (run.request.method, run.request.url) == ("GET", HOST + path)
    assert platform.read(run.request) is None
    assert "Content-Type" not in run.request.headers
    assert (run.request.moves_money, run.request.repeatable) == (False, True)


def test_a_paid_order(provider: Any, platform: Any, run: Any) -> None:
    trade = run(provider.query(REF), platform.answer(PAID))
    assert (trade.state, trade.raw_state, trade.description) == (TradeState.SUCCESS, "SUCCESS", "支付成功")
    assert (trade.total_fee, trade.openid, trade.success_time) == (100, "oUpF8", 1767196801000)
    assert (trade.appid, trade.mch_id, trade.sub_mchid) == ("wx2421b1c4370ec43b", "1900007291", None)
    assert trade.raw["a_field_of_tomorrow"] == {"x": 1}


def test_an_order_of_a_service_provider_is_known_by_the_providers_names(
    provider: Any, platform: Any, run: Any
) -> None:
    answer = {
        "sp_appid": "wxsp",
        "sp_mchid": "19",
        "sub_appid": "wxsub",
        "sub_mchid": "20",
        "out_trade_no": "T-1|2",
        "trade_state": "REFUND",
        "payer": {"sp_openid": "oSP", "sub_openid": "oSUB"},
        "amount": {"total": 5},
    }
    trade = run(provider.query(REF), platform.answer(answer))
    assert (trade.appid, trade.mch_id, trade.sub_mchid, trade.openid) == ("wxsp", "19", "20", "oSUB")
    assert trade.state is TradeState.REFUND


@pytest.mark.parametrize(
    ("word", "state"),
    [(state.value, state) for state in TradeState if state is not TradeState.UNKNOWN]
    + [("ACCEPT", TradeState.UNKNOWN), ("UNKNOWN", TradeState.UNKNOWN), (None, TradeState.UNKNOWN)],
)
def test_every_state_keeps_its_word(
    provider: Any, platform: Any, run: Any, word: str | None, state: TradeState
) -> None:
    answer = {"trade_state": word, "amount": None, "payer": None, "success_time": ""}
    trade = run(provider.query(REF), platform.answer(answer))
    assert (trade.state, trade.raw_state) == (state, word or "")
    assert (trade.out_trade_no, trade.total_fee, trade.openid, trade.success_time) == (
        "T-1|2",
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-01-01T00:00:01+08:00", 1767196801000),
        ("2025-12-31T16:00:01Z", 1767196801000),
        ("2026-01-01T00:00:01", 1767196801000),
        ("yesterday", None),
    ],
)
def test_a_strange_time_loses_no_payment(
    provider: Any, platform: Any, run: Any, text: str, ms: int | None
) -> None:
    trade = run(provider.query(REF), platform.answer({**PAID, "success_time": text}))
    assert trade.success_time == ms


def test_close(provider: Any, platform: Any, run: Any) -> None:
    assert run(provider.close(REF), platform.answer(b"", 204)) is None
    assert run.request.url == f"{HOST}/v3/pay/transactions/out-trade-no/T-1%7C2/close"
    assert platform.read(run.request) == {"mchid": "1900007291"}
    assert (run.request.moves_money, run.request.repeatable) == (False, True)


def test_reverse(provider: Any, platform: Any, run: Any) -> None:
    assert run(provider.reverse(REF), platform.answer({"out_trade_no": "T-1|2"})) is None
    assert run.request.url == f"{HOST}/v3/pay/transactions/out-trade-no/T-1%7C2/reverse"
    assert platform.read(run.request) == {"appid": "wx2421b1c4370ec43b", "mchid": "1900007291"}
    assert (run.request.moves_money, run.request.repeatable) == (True, True)


@pytest.mark.parametrize(
    ("operation", "names"),
    [("close", {"sp_mchid", "sub_mchid"}), ("reverse", {"sp_appid", "sp_mchid", "sub_mchid"})],
)
def test_close_and_reverse_for_a_sub_merchant(
    provider: Any, platform: Any, run: Any, operation: str, names: set[str]
) -> None:
    ref = OrderRef(pay_type="wxpay_h5", out_trade_no="T1", sub_mchid="19")
    run(getattr(provider, operation)(ref), platform.answer({}))
    assert run.request.url == f"{HOST}/v3/pay/partner/transactions/out-trade-no/T1/{operation}"
    assert platform.read(run.request).keys() == names


def test_a_number_that_is_no_number(provider: Any, run: Any) -> None:
    with pytest.raises(InvalidArgument, match="transaction_id"):
        run(provider.query(OrderRef(pay_type="wxpay_h5", out_trade_no="T1", transaction_id="../x")))


def test_a_base_url_with_a_path_is_signed_with_it(make_provider: Any, platform: Any, run: Any) -> None:
    provider = make_provider(base_url="http://127.0.0.1:8080/wxpay/")
    run(provider.query(REF), platform.answer(PAID))
    assert run.request.url.startswith("http://127.0.0.1:8080/wxpay/v3/pay/transactions/out-trade-no/")
    assert platform.read(run.request) is None


def test_the_nodes_timeout_goes_with_the_request(make_provider: Any, platform: Any, run: Any) -> None:
    run(make_provider(timeout=2500).query(REF), platform.answer(PAID))
    assert run.request.timeout_ms == 2500
