"""Bad input: the provider is told to come again, the order is untouched, one line is logged."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from tests.vkpay_async.fake import GENUINE, SECRET, Shop, open_shop
from vkpay_async import (
    ConfigError,
    InvalidArgument,
    NotificationInvalid,
    NotificationMismatch,
    NotificationUnconfirmed,
    OrderNotFound,
    SignatureInvalid,
    VKPayError,
)
from vkpay_async.models import Notification, NotificationKind
from vkpay_async.notify.routes import payment_path

PATH = payment_path("wxpay_h5", "order_0001")


@pytest.fixture
async def ready(shop: Shop) -> AsyncIterator[Shop]:
    shop.listen()
    await shop.order(app_auth_token=SECRET)
    return shop


def event(shop: Shop, kind: NotificationKind = "payment", **fields: Any) -> Notification:
    number = fields.pop("out_trade_no", "order_0001")
    trade = shop.trade(number, openid=SECRET, raw={"secret": SECRET}, **fields)
    return Notification(kind=kind, id=SECRET, event=SECRET, trade=trade)


async def refused(
    shop: Shop,
    caplog: pytest.LogCaptureFixture,
    error: type[VKPayError],
    body: Notification | bytes,
    *,
    path: str = PATH,
    headers: dict[str, str] | None = None,
) -> VKPayError:
    before = await shop.pay.orders.require("order_0001")
    caplog.clear()
    with caplog.at_level(logging.INFO):
        result = await shop.deliver(
            path, body, {"Authorization": SECRET, **(GENUINE if headers is None else headers)}
        )
    assert type(result.error) is error
    with pytest.raises(error):
        result.raise_for_error()
    assert result.reply.status >= 400
    assert not result.first
    assert result.notification is None
    assert await shop.pay.orders.require("order_0001") == before
    assert shop.runs == []
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.name == "vkpay_async.notify"
    assert "\n" not in record.getMessage()
    assert SECRET not in caplog.text + repr(result)
    assert result.error is not None
    return result.error


@pytest.mark.parametrize("signature", [{}, {"X-Signature": "forged"}])
async def test_a_wrong_signature(
    ready: Shop, caplog: pytest.LogCaptureFixture, signature: dict[str, str]
) -> None:
    await refused(ready, caplog, SignatureInvalid, event(ready), headers=signature)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        SECRET.encode(),
        b"[]",
        b'{"kind":"payment"}',
        b'{"kind":"gift","id":"1","event":"x"}',
    ],
)
async def test_a_body_that_is_not_what_was_promised(
    ready: Shop, caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    await refused(ready, caplog, NotificationInvalid, body)


async def test_a_body_that_is_too_large_is_not_even_looked_at(
    bank: Any, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shop = open_shop(bank, clock, "sqlite://", max_notification=1000)
    async with shop.pay:
        await shop.order()
        error = await refused(shop, caplog, NotificationInvalid, SECRET.encode() + b"x" * 1000)
        assert "the limit is 1000" in str(error)
        assert "notification" not in bank.count()


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"total_fee": 1}, "amount 1 fen does not fit the order's 19900"),
        ({"total_fee": 19901}, "amount 19901 fen"),
        ({"total_fee": None}, "amount None fen"),
        ({"appid": "wx7"}, "app id 'wx7' does not fit ours, 'wx1'"),
        ({"mch_id": "1900000007"}, "merchant '1900000007' does not fit ours, '1900000001'"),
        ({"out_trade_no": "order_0002"}, "order number 'order_0002' does not fit"),
    ],
)
@pytest.mark.parametrize("kind", ["payment", "closed"])
async def test_a_genuine_notification_that_does_not_fit_the_order(
    shop: Shop, caplog: pytest.LogCaptureFixture, kind: NotificationKind, wrong: dict[str, Any], text: str
) -> None:
    shop.listen()
    await shop.order()
    error = await refused(shop, caplog, NotificationMismatch, event(shop, kind, **wrong))
    assert text in str(error)
    assert "nothing was changed" in str(error)


async def test_another_sub_merchant(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    await shop.order(sub_mchid="1900000109")
    error = await refused(shop, caplog, NotificationMismatch, event(shop, sub_mchid="1900000110"))
    assert "sub-merchant" in str(error)


async def test_a_tokens_sub_merchant_has_a_number_of_its_own(ready: Shop) -> None:
    result = await ready.notify(mch_id="2088999")
    assert result.reply.body == b"got it"


async def test_an_order_that_is_not_there(ready: Shop, caplog: pytest.LogCaptureFixture) -> None:
    path = payment_path("wxpay_h5", "order_0002")
    error = await refused(ready, caplog, OrderNotFound, event(ready, out_trade_no="order_0002"), path=path)
    assert "'order_0002', which is not in the ledger" in str(error)
    assert "notification" not in ready.bank.count()


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/elsewhere", NotificationInvalid),
        (payment_path("paypal_h5", "order_0001"), InvalidArgument),
        (payment_path("wxpay_h6", "order_0001"), ConfigError),
        ("/transfer-notify/wxpay_transfer/B1/nobody", ConfigError),
        ("/vk-pay-notify/wxpay_h5/a%0AERROR%20forged%20line", OrderNotFound),
    ],
)
async def test_an_address_that_leads_nowhere(
    ready: Shop, caplog: pytest.LogCaptureFixture, path: str, error: type[VKPayError]
) -> None:
    await refused(ready, caplog, error, event(ready), path=path)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [({"mch_id": "1900000007"}, "merchant"), ({"out_trade_no": "order_0002"}, "order number")],
)
async def test_a_refund_of_something_else(
    shop: Shop, caplog: pytest.LogCaptureFixture, wrong: dict[str, Any], text: str
) -> None:
    await shop.paid()
    refund = await shop.pay.refund(out_trade_no="order_0001", refund_fee=100)
    foreign = msgspec.structs.replace(refund, **wrong)
    body = Notification(kind="refund", id="1", event="REFUND.SUCCESS", refund=foreign)
    assert text in str(await refused(shop, caplog, NotificationMismatch, body))


async def test_a_forgery_changes_nothing_and_is_answered_with_success(
    ready: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """The provider was asked, and knows of no payment: there is nobody who would have to come again."""
    ready.bank.fail("notification", NotificationUnconfirmed("nobody paid order P1"))
    with caplog.at_level(logging.INFO):
        result = await ready.deliver(PATH, event(ready))
    assert isinstance(result.error, NotificationUnconfirmed)
    assert result.reply.status == 200
    assert not result.first
    assert (await ready.pay.orders.require("order_0001")).status == 0
    (line,) = caplog.messages
    assert "NotificationUnconfirmed: nobody paid order P1" in line
