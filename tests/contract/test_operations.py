"""Every operation is there: it asks the provider something, or says what to do instead before anything is sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from tests.contract.cases import platform_of
from vkpay_async import config_from_dict
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.config import Secret
from vkpay_async.errors import VKPayError
from vkpay_async.models import (
    AuthorizationRequest,
    CreateOrder,
    OrderRef,
    RefundRef,
    RefundRequest,
    TransferRef,
    TransferRequest,
)
from vkpay_async.pay_type import ClientContext, pay_type_of
from vkpay_async.providers.base import HttpRequest, HttpResponse, Provider, SharedValue, run_offline
from vkpay_async.providers.registry import Providers
from vkpay_async.registry import about
from vkpay_simulator.running import RunningSimulator

NUMBER = "T2026112100000001"
ADDRESS = "http://gateway.example"

Start = Callable[[Any, str], Any]

MAY_NEED_NO_NETWORK = {"create", "close"}
"""A provider's client may ask for itself, with what was signed for it; what nobody has ordered needs no closing."""


def ref(pay_type: str) -> OrderRef:
    return OrderRef(
        pay_type=pay_type, out_trade_no=NUMBER, total_fee=100, openid="o1", provider_order_no="P1"
    )


def order(pay_type: str) -> CreateOrder:
    return CreateOrder(
        pay_type=pay_type,
        out_trade_no=NUMBER,
        total_fee=100,
        subject="Tea",
        notify_url="https://shop.example/pay",
        openid="o1",
        auth_code="134567890123456789",
    )


OPERATIONS: dict[str, Start] = {
    "create": lambda provider, pay_type: provider.create(provider.prepared(order(pay_type))),
    "query": lambda provider, pay_type: provider.query(ref(pay_type)),
    "close": lambda provider, pay_type: provider.close(ref(pay_type)),
    "refund": lambda provider, pay_type: provider.refund(
        RefundRequest(order=ref(pay_type), out_refund_no="R1", refund_fee=1, total_fee=100)
    ),
    "query_refund": lambda provider, pay_type: provider.query_refund(
        RefundRef(order=ref(pay_type), out_refund_no="R1")
    ),
    "transfer": lambda provider, _: provider.transfer(
        TransferRequest(out_bill_no="B1", transfer_amount=100, openid="o1")
    ),
    "query_transfer": lambda provider, _: provider.query_transfer(TransferRef(out_bill_no="B1")),
    "cancel_transfer": lambda provider, _: provider.cancel_transfer(TransferRef(out_bill_no="B1")),
    "create_authorization": lambda provider, _: provider.create_authorization(
        AuthorizationRequest(
            out_authorization_no="A1", openid="o1", transfer_scene_id="1000", user_display_name="u"
        )
    ),
    "query_authorization": lambda provider, _: provider.query_authorization("A1"),
    "close_authorization": lambda provider, _: provider.close_authorization("A1"),
    "code2session": lambda provider, _: provider.code2session("c1"),
    "account_balance": lambda provider, _: provider.account_balance("2088000000000000"),
    "trade_bill": lambda provider, _: provider.trade_bill(dt.date(2026, 11, 20)),
}


@pytest.fixture
def built(vkpay_sim: RunningSimulator, name: str) -> tuple[Provider, str, list[str]]:
    """The provider with the simulated merchant's settings, a pay_type of its, and its secrets."""
    row = vkpay_sim.merchant()[name]
    for table in [row] if about(name).one_node else row.values():
        if isinstance(table, dict):
            table["baseUrl"] = ADDRESS
    config = config_from_dict({name: row})
    platform = platform_of(name)
    pay_type = pay_type_of(name, ClientContext(platform=platform, is_pc=True))
    node = config.node(None, *pay_type.split("_", 1))
    secrets = [one.reveal() for one in msgspec.structs.asdict(node).values() if isinstance(one, Secret)]
    return Providers(config, SYSTEM_ENV).get(None, pay_type), pay_type, [one for one in secrets if one]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_it_asks_or_says_what_to_do_instead(
    built: tuple[Provider, str, list[str]], name: str, operation: str
) -> None:
    provider, pay_type, secrets = built
    steps, refusal = attempted(provider, pay_type, operation)
    assert bool(steps) != bool(refusal) or operation in MAY_NEED_NO_NETWORK
    for request in steps:
        assert request.operation.startswith(f"{name}.")
        assert request.url.startswith(("http://", "https://"))
        assert [secret for secret in secrets if secret in repr(request) and len(secret) > 7] == []


@pytest.mark.parametrize("operation", ["refund", "transfer"])
def test_what_moves_money_says_so(built: tuple[Provider, str, list[str]], operation: str) -> None:
    """Without it a lost answer would pass for nothing done."""
    provider, pay_type, _ = built
    steps, refusal = attempted(provider, pay_type, operation)
    assert refusal or any(request.moves_money for request in steps)


@pytest.mark.parametrize("operation", ["query", "query_refund", "query_transfer"])
def test_what_only_asks_moves_nothing(built: tuple[Provider, str, list[str]], operation: str) -> None:
    provider, pay_type, _ = built
    steps, _ = attempted(provider, pay_type, operation)
    assert not any(request.moves_money for request in steps)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_an_answer_that_is_none_is_an_error_of_ours(
    built: tuple[Provider, str, list[str]], operation: str, body: bytes
) -> None:
    """Whatever stands between here and the provider: no bytes make it stumble."""
    provider, pay_type, _ = built
    for status in (200, 404, 502):
        answer = HttpResponse(status=status, headers={}, body=body)
        attempted(provider, pay_type, operation, answer)


def attempted(
    provider: Provider, pay_type: str, operation: str, answer: HttpResponse | None = None
) -> tuple[list[HttpRequest], str]:
    """The requests, and what an error of ours says. Any other error is a failure."""
    try:
        return played(OPERATIONS[operation](provider, pay_type), answer), ""
    except VKPayError as error:
        text = str(error)
        assert len(text) > 20, text
        return [], text


class Asked(Exception):
    """The first request of a Flow, which is left there."""


class Known(dict[str, SharedValue]):
    """Every token there may be."""

    def get(self, key: str, default: Any = None) -> SharedValue:
        return SharedValue(value="token-of-the-tests", expires=2**53)


def played(flow: Any, answer: HttpResponse | None = None) -> list[HttpRequest]:
    """The requests that a Flow makes, each answered alike; without an answer it is left at the first."""
    asked: list[HttpRequest] = []

    def say(request: HttpRequest) -> HttpResponse:
        asked.append(request)
        if answer is None:
            raise Asked
        return answer

    if isinstance(flow, Generator):  # what needs no network may give its result at once
        with suppress(Asked):
            run_offline(flow, say, Known())
    return asked
