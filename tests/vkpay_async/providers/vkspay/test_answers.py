"""Answers: what they may look like, and what becomes of those that are none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vkpay_async.providers.vkspay.conftest import FakeVkspay, order, provider_with, ref, said
from vkpay_async.errors import (
    AuthenticationFailed,
    ConfigError,
    InvalidArgument,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderUnavailable,
    VKPayError,
)
from vkpay_async.models import RefundRequest
from vkpay_async.providers.base import HttpResponse, run_offline
from vkpay_async.providers.vkspay.models import parse_answer
from vkpay_async.providers.vkspay.provider import VkspayProvider

NO_ANSWERS = [
    b"",
    b"<html>",
    b"[]",
    b"{}",
    b'{"return_code": null}',
    b'{"return_code": 1}',
    b'{"return_code": "SUCCESS"}',
    b'{"return_code": "SUCCESS", "data": []}',
    b'{"return_code": "SUCCESS", "data": {"out_trade_no": "1"}}',
    b'{"return_code": "SUCCESS", "data": {"qrcode": "https://x"}}',
    b"\xff",
    b'{"return_code": "SUCCESS", "data": ' + b"[" * 100_000,
]


def refund() -> RefundRequest:
    return RefundRequest(order=ref(), out_refund_no="R1", refund_fee=1, total_fee=1000)


@pytest.mark.parametrize("body", NO_ANSWERS, ids=range(len(NO_ANSWERS)))
def test_what_is_no_answer_to_an_order(fake: FakeVkspay, provider: VkspayProvider, body: bytes) -> None:
    with pytest.raises(ProviderUnavailable) as raised:
        fake.run(provider.create(order()), HttpResponse(status=200, headers={}, body=body))
    assert raised.value.code == "INVALID_ANSWER"
    assert raised.value.advice


@pytest.mark.parametrize("body", NO_ANSWERS[:6], ids=range(6))
def test_what_is_no_answer_to_a_refund_leaves_it_open(
    fake: FakeVkspay, provider: VkspayProvider, body: bytes
) -> None:
    with pytest.raises(ProviderOutcomeUnknown):
        fake.run(provider.refund(refund()), HttpResponse(status=200, headers={}, body=body))


@pytest.mark.parametrize("status", [302, 404, 500, 502])
def test_another_status_carries_no_success(fake: FakeVkspay, provider: VkspayProvider, status: int) -> None:
    with pytest.raises(ProviderOutcomeUnknown, match=f"HTTP status {status}"):
        fake.run(provider.refund(refund()), said(status=status, out_refund_no="R1"))
    with pytest.raises(AuthenticationFailed):
        fake.run(provider.refund(refund()), said("FAIL", "签名错误", status=status))


@given(body=st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_no_bytes_make_a_payment(body: bytes) -> None:
    flow = provider_with().query(ref())
    try:
        trade = run_offline(flow, lambda _request: HttpResponse(status=200, headers={}, body=body))
    except VKPayError:
        return
    assert not trade.state.paid


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        (b'{"a": "x", "b": 1, "c": 0.10, "d": -2}', {"a": "x", "b": "1", "c": "0.10", "d": "-2"}),
        (b'{"a": null, "b": true, "c": {}, "d": []}', {}),
        (b"null", {}),
        (b"[]", {}),
        (b'"text"', {}),
    ],
)
def test_numbers_keep_the_text_they_came_with(data: bytes, texts: dict[str, str]) -> None:
    assert parse_answer(b'{"return_code": "SUCCESS", "data": ' + data + b"}").data == texts


@pytest.mark.parametrize(
    ("text", "fen"), [("12.3", 1230), ("0.01", 1), ("10", 1000), ("", None), (None, None)]
)
def test_amounts(text: str | None, fen: int | None) -> None:
    answer = parse_answer(said(data={"total_fee": text}).body)
    assert answer.fen("total_fee") == fen


@pytest.mark.parametrize("amount", ["1e2", "0.001", "free"])
def test_an_amount_that_is_none_is_no_answer(fake: FakeVkspay, provider: VkspayProvider, amount: str) -> None:
    with pytest.raises(ProviderUnavailable, match="INVALID_ANSWER"):
        fake.run(provider.query(ref()), said(data={"total_fee": amount}))


class TestRequest:
    def test_any_method_is_signed_and_its_whole_answer_given(
        self, fake: FakeVkspay, provider: VkspayProvider
    ) -> None:
        body = b'{"return_code": "SUCCESS", "data": {"fee": 0.10, "n": 3}}'
        answer = HttpResponse(status=200, headers={}, body=body)
        got = fake.run(provider.request("storequery", {"page": 1, "empty": "", "none": None}), answer)
        assert got == {"return_code": "SUCCESS", "data": {"fee": Decimal("0.10"), "n": 3}}
        assert fake.asked == [{"method": "storequery", "page": 1}]
        (request,) = fake.requests
        assert (request.operation, request.moves_money, request.repeatable) == (
            "vkspay.storequery",
            False,
            True,
        )

    def test_what_is_no_query_may_move_money(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        with pytest.raises(ProviderOutcomeUnknown):
            fake.run(provider.request("orderrefund", {"out_trade_no": "1"}), said("SYSTEMERROR"))
        (request,) = fake.requests
        assert (request.moves_money, request.repeatable) == (True, False)

    def test_a_no_is_raised(self, fake: FakeVkspay, provider: VkspayProvider) -> None:
        with pytest.raises(ProviderError, match="NOTPAY") as raised:
            fake.run(provider.request("orderquery", {"out_trade_no": "1"}), said("NOTPAY"))
        assert raised.value.outcome_known

    @pytest.mark.parametrize("data", [{"sign": "x"}, {"merchantno": "1"}, {"total_fee": 0.1}])
    def test_what_is_not_the_callers_to_set(self, provider: VkspayProvider, data: dict[str, Any]) -> None:
        with pytest.raises(InvalidArgument):
            next(provider.request("webpay", data))


class TestSettings:
    def test_the_address_may_end_in_the_path(self) -> None:
        for address in ("http://127.0.0.1:9200", "http://127.0.0.1:9200/", "http://127.0.0.1:9200/api"):
            request = next(provider_with(base_url=address).query(ref()))
            assert request.url == "http://127.0.0.1:9200/api"

    def test_an_address_without_a_scheme_is_named(self) -> None:
        with pytest.raises(ConfigError, match=r"vkpay\.toml: vkspay: base_url must start with https"):
            provider_with(base_url="127.0.0.1:9200")

    def test_a_time_limit_of_ones_own(self) -> None:
        assert next(provider_with(timeout=5000).query(ref())).timeout_ms == 5000
