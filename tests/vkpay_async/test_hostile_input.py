"""What a stranger, a wrong caller or a broken network may do to orders and money: nothing that is not undone."""

from __future__ import annotations

import asyncio
import gzip
import logging
import traceback
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.vkpay_async.fake import GENUINE, START_MS, Bank, Clock, Shop, open_shop
from vkpay_async import (
    ConfigError,
    InvalidArgument,
    NotificationInvalid,
    NotificationMismatch,
    OrderString,
    PageUrl,
    Refund,
    RefundState,
    Transfer,
    TransferState,
    config_from_dict,
)
from vkpay_async.ledger.engine import open_store
from vkpay_async.models import Notification
from vkpay_async.notify.routes import parse_path, payment_path, transfer_path
from vkpay_async.providers.base import HttpRequest, HttpResponse
from vkpay_async.registry import about
from vkpay_async.web import aiohttp as web_aiohttp
from vkpay_async.web import router

NUMBER = "order_0001"


# Notifications


async def test_a_notification_at_the_address_of_another_kind(shop: Shop) -> None:
    await shop.order()
    payment = Notification(kind="payment", id="1", event="PAID", trade=shop.trade())
    result = await shop.deliver(transfer_path("wxpay_transfer", NUMBER, None), payment)
    assert isinstance(result.error, NotificationMismatch)
    assert result.reply.status == 500
    news = Notification(
        kind="transfer",
        id="1",
        event="X",
        transfer=Transfer(out_bill_no=NUMBER, state=TransferState.SUCCESS, raw_state="SUCCESS"),
    )
    result = await shop.deliver(payment_path("wxpay_h5", NUMBER), news)
    assert isinstance(result.error, NotificationMismatch)
    assert (await shop.pay.orders.require(NUMBER)).status == 0


@pytest.mark.parametrize("wrong", [{"appid": "wx7"}, {"total_fee": 1}, {"mch_id": "1900000007"}])
async def test_the_refund_of_another_apps_order_of_the_same_number(shop: Shop, wrong: dict[str, Any]) -> None:
    await shop.paid()
    refund = await shop.pay.refund(out_trade_no=NUMBER, refund_fee=5000)
    fields = {"state": RefundState.SUCCESS, "raw_state": "SUCCESS", "refund_fee": 5000, **wrong}
    about = Refund(out_trade_no=NUMBER, out_refund_no=refund.out_refund_no, **fields)
    event = Notification(kind="refund", id="1", event="R", refund=about)
    result = await shop.deliver(payment_path("wxpay_h5", NUMBER), event)
    assert isinstance(result.error, NotificationMismatch)
    assert (await shop.pay.orders.require(NUMBER)).refund_list[0].state == "PROCESSING"


async def test_money_for_the_service_provider_is_not_the_sub_merchants(shop: Shop) -> None:
    await shop.order(sub_mchid="1900000109")
    result = await shop.notify(sub_mchid=None)
    assert isinstance(result.error, NotificationMismatch)
    assert (await shop.notify(sub_mchid="1900000109")).error is None


@pytest.mark.parametrize("wait", [False, True])
async def test_a_query_does_not_call_another_amount_paid(shop: Shop, wait: bool) -> None:
    await shop.order()
    shop.paid_at_bank(total_fee=1)
    with pytest.raises(NotificationMismatch, match="amount 1 fen"):
        await shop.pay.query_payment(out_trade_no=NUMBER, await_notify=wait)


async def test_a_refunds_news_comes_to_the_provider_that_was_paid(shop: Shop) -> None:
    await shop.order()
    await shop.order(provider="alipay")
    (await shop.notify()).raise_for_error()
    await shop.pay.refund(out_trade_no=NUMBER)
    assert shop.bank.last("refund").notify_url == f"https://shop.example/pay/vk-pay-notify/wxpay_h5/{NUMBER}"


@pytest.mark.parametrize("body", ["text", None, {"a": 1}])
async def test_a_body_that_is_no_bytes(shop: Shop, body: Any) -> None:
    await shop.order()
    result = await shop.pay.handle_notification(
        path=payment_path("wxpay_h5", NUMBER), headers=GENUINE, body=body
    )
    assert isinstance(result.error, NotificationInvalid)
    assert "raw bytes" in str(result.error)


@given(
    st.one_of(
        st.text(),
        st.lists(st.sampled_from(["vk-pay-notify", "transfer-notify", "..", "%2F", "", "%"])).map("/".join),
    )
)
def test_any_path(path: str) -> None:
    try:
        route = parse_path(path)
    except NotificationInvalid:
        return
    assert route.kind in ("payment", "transfer")


def test_a_path_without_end() -> None:
    with pytest.raises(NotificationInvalid, match="no notification address"):
        parse_path("/vk-pay-notify/wxpay_h5/" + "1" * 5000)


async def test_strange_paths_are_answered(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    for tail in ("\ud800", "%00", "%ED%A0%80", "x" * 900, "a\r\nb"):
        result = await shop.pay.handle_notification(
            path=f"/vk-pay-notify/wxpay_h5/{tail}", headers=GENUINE, body=b"{}"
        )
        assert result.error is not None
        assert result.reply.status == 500
    assert all("\n" not in record.getMessage() for record in caplog.records)


async def test_the_web_application_takes_no_compressed_and_no_endless_body(
    bank: Bank, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "BODY_TIMEOUT_S", 0.05)
    app: web.Application = web_aiohttp.vkpay_app(open_shop(bank, clock, "sqlite://").pay)

    async def endless() -> Any:
        yield b"{"
        await asyncio.sleep(5)

    async with TestClient(TestServer(app)) as client:
        packed = await client.post(
            "/vk-pay-notify/wxpay_h5/order_0001",
            data=gzip.compress(b"{}"),
            headers={"Content-Encoding": "gzip"},
        )
        assert packed.status == 415
        slow = await client.post("/vk-pay-notify/wxpay_h5/order_0001", data=endless())
        assert slow.status == 408


# Settings

keys = st.one_of(
    st.sampled_from(
        [
            *(
                "wxpay",
                "alipay",
                "http",
                "merchants",
                "notify_url",
                "database",
                "handlerTimeout",
                "user_whitelist",
            ),
            *(
                "app_id",
                "mchId",
                "v3_key",
                "privateKeyPath",
                "scene_info",
                "timeout",
                "total_timeout",
                "attempts",
            ),
            *about("wxpay").platforms,
        ]
    ),
    st.text(max_size=6),
    st.integers(),
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=4)
)
nested = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(keys, nested, max_size=5))
def test_any_settings_load_or_name_the_mistake(data: Any) -> None:
    try:
        config = config_from_dict(data, source="any.toml")
    except ConfigError as error:
        assert str(error).startswith("any.toml")  # noqa: PT017 - most settings are wrong, some are not
        return
    for pid in config.merchants:
        for node in config.merchant(pid).nodes.values():
            assert node.app_id


@pytest.mark.parametrize(
    "http",
    [
        *({"attempts": value} for value in (0, -1)),
        *({"total_timeout": value} for value in (0, -1, "nan", "inf")),
        {"max_response": 0},
    ],
    ids=str,
)
def test_limits_that_limit_nothing(http: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"http: (attempts|total_timeout|max_response): Expected"):
        config_from_dict({"http": http})


# Arguments and secrets


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"total_fee": 10_000_000_001}, 1003),
        ({"total_fee": 10**30}, 1003),
        ({"subject": "half \ud83d"}, 1004),
        ({"time_expire": START_MS * 1000}, -1),
    ],
    ids=str,
)
async def test_what_cannot_be_an_order(shop: Shop, given: dict[str, Any], code: int) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await shop.order(**given)
    assert refused.value.code == code
    assert await shop.pay.orders.get(NUMBER) is None


async def test_a_database_error_shows_no_parameters(database_url: str) -> None:
    store = open_store(database_url)
    token = "-".join(("201509BB", "token"))  # put together here, so that no line of code shows it
    statement = text("insert into nowhere values (:token)")
    with pytest.raises(DBAPIError) as failed:
        await store.write(lambda c: c.execute(statement, {"token": token}))
    await store.close()
    shown = "".join(traceback.format_exception(failed.value))
    assert "nowhere" in shown
    assert token not in shown


async def test_a_debug_log_shows_no_parameters(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await shop.order(app_auth_token="201509BBtoken")
    assert "201509BBtoken" not in caplog.text


@pytest.mark.parametrize(
    "custom",
    [{"a": object()}, {"a": "half \ud83d"}, {"a": {1, (2, 3), object}}],
    ids=["object", "text", "set"],
)
async def test_custom_that_cannot_be_kept(shop: Shop, custom: Any) -> None:
    with pytest.raises(InvalidArgument, match="custom must be plain JSON"):
        await shop.order(custom=custom)
    assert shop.bank.count()["create"] == 0


@pytest.mark.parametrize(
    "url", ["s3cret", "postgres://u:s3cret@[h", "sqlite://u:s3cret@h:port/x", "oracle://u:s3cret@h/x"]
)
def test_a_wrong_database_address_keeps_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        open_store(url)
    assert "s3cret" not in f"{refused.value}{refused.value.__cause__}"


@pytest.mark.parametrize(
    "value",
    [
        OrderString(order_string="app_auth_token=t0ken&sign=s"),
        PageUrl(url="https://gateway.test/?app_auth_token=t0ken"),
        HttpRequest(
            method="POST",
            url="https://x",
            headers={"Authorization": "t0ken"},
            body=b"auth_code=t0ken",
            operation="x",
        ),
        HttpResponse(status=200, headers={"a": "t0ken"}, body=b"t0ken"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_holds_a_token_does_not_show_it(value: Any) -> None:
    assert "t0ken" not in repr(value)
    assert "***" in repr(value)


async def test_a_front_end_is_not_told_why_the_handler_failed(shop: Shop) -> None:
    @shop.pay.on_paid("goods")
    async def fail(_: Any) -> None:
        raise RuntimeError("password=t0ken")

    await shop.order()
    await shop.notify()
    shop.paid_at_bank()
    state = await shop.pay.query_payment(out_trade_no=NUMBER, pay_order_info=True)
    assert state.pay_order is not None
    assert "t0ken" in str(state.pay_order.handler_error)
    assert "t0ken" not in str(state.to_client())


@pytest.mark.parametrize(
    ("provider", "text"),
    [("wxpay", "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"), ("alipay", "https://qr.example/bax03")],
)
async def test_the_qr_codes_text_is_at_hand(shop: Shop, provider: str, text: str) -> None:
    assert (await shop.order(provider=provider)).code_url == text
    assert (await shop.order(provider=provider, need_qrcode=False, product="app-plus")).code_url is None
