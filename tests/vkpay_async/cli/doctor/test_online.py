"""What a provider's answer says of us."""

from __future__ import annotations

from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import pytest

from vkpay_async import config_from_dict
from vkpay_async.cli.doctor.check import Check
from vkpay_async.cli.doctor.online import check_online
from vkpay_async.config import HttpSettings
from vkpay_async.errors import (
    AuthenticationFailed,
    PermissionRefused,
    ProviderUnavailable,
    RateLimited,
    TransportError,
    VKPayError,
)
from vkpay_async.models import OrderRef
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse
from vkpay_async.transport import Transport

NOW_S = 1_767_196_800
ENV = Env(now_ms=lambda: NOW_S * 1000, nonce=lambda: "0" * 32)
NODE = config_from_dict({"wxpay": {"h5": {"app_id": "wx1", "mch_id": "19"}}}).node(None, "wxpay", "h5")


class Answering(Transport):
    """One answer to everything."""

    def __init__(self, headers: dict[str, str], lost: TransportError | None = None) -> None:
        super().__init__(HttpSettings())
        self._headers, self._lost = headers, lost

    async def _answer(self, request: HttpRequest, call: object = None) -> HttpResponse:
        if self._lost is not None:
            raise self._lost
        return HttpResponse(status=200, headers=self._headers, body=b"")


async def ask(
    headers: dict[str, str], refusal: VKPayError | None = None, lost: TransportError | None = None
) -> list[Check]:
    def certificates() -> Flow[None]:
        yield HttpRequest(method="GET", url="https://api.example/", operation="test")
        if refusal is not None:
            raise refusal

    provider = SimpleNamespace(certificates=certificates)
    providers: Any = SimpleNamespace(get=lambda *_: provider)
    return await check_online([NODE], providers, Answering(headers, lost), ENV)


@pytest.mark.parametrize(
    ("seconds", "state", "said"),
    [
        (0, "ok", "less than 30 s off"),
        (-29, "ok", "less than 30 s off"),
        (90, "warning", "90 s behind the provider"),
        (-90, "warning", "90 s ahead of the provider"),
        (400, "problem", "400 s behind"),
    ],
)
async def test_the_providers_clock(seconds: int, state: str, said: str) -> None:
    online, clock = await ask({"date": formatdate(NOW_S + seconds, usegmt=True)})
    assert (online.state, clock.state) == ("ok", state)
    assert said in clock.detail
    assert bool(clock.advice) == (state != "ok")


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}])
async def test_without_a_date_there_is_no_clock_to_compare(headers: dict[str, str]) -> None:
    assert [check.kind for check in await ask(headers)] == ["online"]


def provider_error(kind: Any, **more: Any) -> VKPayError:
    error: VKPayError = kind(provider="wxpay", code="CODE", message="said", **more)
    return error


@pytest.mark.parametrize(
    ("error", "state", "advice"),
    [
        (provider_error(AuthenticationFailed), "problem", "compare app_id, mch_id"),
        (provider_error(PermissionRefused), "warning", "the signature is accepted"),
        (provider_error(PermissionRefused, advice="open H5"), "warning", "open H5"),
        (provider_error(RateLimited), "warning", "run this again in a minute"),
        (provider_error(ProviderUnavailable), "problem", "run this again; if it stays"),
    ],
)
async def test_a_refusal_says_what_to_do(error: VKPayError, state: str, advice: str) -> None:
    (check,) = await ask({}, error)
    assert (check.state, check.detail) == (state, "wxpay CODE: said")
    assert check.advice.startswith(advice)


async def test_a_wrong_clock_comes_before_wrong_keys() -> None:
    headers = {"date": formatdate(NOW_S + 3600, usegmt=True)}
    online, clock = await ask(headers, provider_error(AuthenticationFailed, advice="check the key"))
    assert online.advice == "set this machine's clock by NTP, then run this again"
    assert clock.state == "problem"


async def test_alipay_is_asked_for_an_order_that_cannot_be() -> None:
    asked: list[str] = []

    def query(order: OrderRef) -> Flow[None]:
        asked.append(order.out_trade_no)
        yield HttpRequest(method="POST", url="https://gateway.example/", operation="test")

    node = config_from_dict({"alipay": {"h5": {"app_id": "2021"}}}).node(None, "alipay", "h5")
    providers: Any = SimpleNamespace(get=lambda *_: SimpleNamespace(query=query))
    (check,) = await check_online([node], providers, Answering({}), ENV)
    assert check.state == "ok"
    assert asked == ["vkpay_doctor_" + "0" * 32]


async def test_nobody_answers() -> None:
    (check,) = await ask({}, lost=TransportError("wxpay.certificates: cannot connect"))
    assert (check.state, check.detail) == ("problem", "wxpay.certificates: cannot connect")
    assert "firewall" in check.advice
