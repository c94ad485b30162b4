"""The notify routes inside somebody's aiohttp application."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.vkpay_async.fake import GENUINE, Bank, Clock, Shop, open_shop
from vkpay_async.models import Notification
from vkpay_async.web.aiohttp import vkpay_app

Client = TestClient[web.Request, web.Application]
PATH = "/deep/pay/vk-pay-notify/wxpay_h5/order_0001"


@pytest.fixture
def limited(bank: Bank, clock: Clock, database: str) -> Shop:
    return open_shop(bank, clock, database, max_notification=2_000_000)


@pytest.fixture
async def client(limited: Shop) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_subapp("/deep/pay", vkpay_app(limited.pay))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_payment_is_taken_in(client: Client, limited: Shop) -> None:
    limited.listen()
    await limited.order()
    event = Notification(kind="payment", id="1", event="PAID", trade=limited.trade())
    response = await client.post(PATH, data=msgspec.json.encode(event), headers=GENUINE)
    assert (response.status, await response.read(), response.content_type) == (200, b"got it", "text/plain")
    assert len(limited.runs) == 1


@pytest.mark.parametrize("body", [b"", b" {\xff\xfe\r\n\x00", b"a=%2B&b=+", b"x" * 1_500_000])
async def test_the_body_arrives_as_it_was_sent(client: Client, limited: Shop, body: bytes) -> None:
    await limited.order()
    headers = {"Wechatpay-Signature": "a+b/c==", "Content-Type": "application/x-www-form-urlencoded"}
    response = await client.post(PATH, data=io.BytesIO(body), headers=headers)
    assert (response.status, await response.read()) == (500, b"again")
    raw = limited.bank.last("notification")
    assert (raw.body, raw.method, raw.path) == (body, "POST", PATH)
    assert raw.headers["wechatpay-signature"] == "a+b/c=="


async def test_a_number_in_the_address_stays_as_it_was_written(client: Client, limited: Shop) -> None:
    await limited.order("order|0001*")
    response = await client.post("/deep/pay/vk-pay-notify/wxpay_h5/order%7C0001%2A", data=b"{}")
    assert response.status == 500
    assert limited.bank.count()["notification"] == 1


async def test_a_transfers_notification_is_taken_in(client: Client, limited: Shop) -> None:
    response = await client.post("/deep/pay/transfer-notify/wxpay_transfer/B1/shop7", data=b"{}")
    assert response.status == 500
    assert limited.bank.last("notification").path == "/deep/pay/transfer-notify/wxpay_transfer/B1/shop7"


async def test_a_body_that_is_too_large_is_refused_in_the_providers_words(
    client: Client, limited: Shop
) -> None:
    await limited.order()
    response = await client.post(PATH, data=io.BytesIO(b"x" * 2_000_001), headers=GENUINE)
    assert (response.status, await response.read()) == (500, b"again")
    assert "notification" not in limited.bank.count()


@pytest.mark.parametrize(
    "path", ["/deep/pay/", "/deep/pay/vk-pay-notify/wxpay_h5", "/vk-pay-notify/wxpay_h5/order_0001"]
)
async def test_any_other_path_is_404(client: Client, path: str) -> None:
    assert (await client.post(path)).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_any_other_method_is_405(client: Client, method: str) -> None:
    assert (await client.request(method, PATH)).status == 405


async def test_the_client_is_opened_and_closed_with_the_application(limited: Shop) -> None:
    app = web.Application()
    app.add_subapp("/pay", vkpay_app(limited.pay))
    async with TestClient(TestServer(app)):
        assert limited.pay.orders._engine is not None
    assert limited.pay.orders._engine is None
