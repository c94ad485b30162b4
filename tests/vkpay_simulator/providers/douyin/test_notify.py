"""What is told, how it is signed, and how long Douyin goes on."""

import hashlib
from urllib.parse import parse_qsl

import pytest
from cryptography.exceptions import InvalidSignature

from tests.vkpay_simulator.providers.douyin.merchant import (
    NOTIFY_URL,
    Shop,
    Simulated,
    TradeShop,
    envelope,
)


def test_a_payment(shop: Shop, simulated: Simulated) -> None:
    data = shop.created(cp_extra="x")
    simulated.douyin.pay("T1", channel="alipay")
    (delivery,) = simulated.notified
    assert (delivery.event, delivery.subject, delivery.url) == ("payment", "T1", NOTIFY_URL)
    found = shop.verify(delivery)
    assert found.keys() == {"timestamp", "nonce", "msg", "type", "msg_signature"}
    assert (found["type"], found["timestamp"]) == ("payment", "1767196800")
    assert len(found["nonce"]) == 4
    told = simulated.told()[0]
    no = shop.call("query_order", out_order_no="T1")["payment_info"]["channel_no"]
    assert told == {
        "appid": shop.app_id,
        "cp_orderno": "T1",
        "cp_extra": "x",
        "way": "2",
        "channel_no": no,
        "channel_gateway_no": "",
        "payment_order_no": f"PC{no}",
        "out_channel_order_no": no,
        "total_amount": 1000,
        "status": "SUCCESS",
        "seller_uid": shop.mch_id,
        "extra": "null",
        "item_id": "",
        "paid_at": 1_767_196_800,
        "message": "",
        "order_id": data["order_id"],
    }


def test_without_an_address_the_consoles_is_used(shop: Shop, simulated: Simulated) -> None:
    shop.created(notify_url=None)
    simulated.douyin.pay("T1")
    assert simulated.notified[0].url == "http://127.0.0.1:8000/pay/vk-pay-notify/"


def test_the_address_of_another_merchant_names_it(simulated: Simulated) -> None:
    simulated.shop("partner").created(notify_url=None)
    simulated.douyin.pay("T1")
    assert simulated.notified[0].url.endswith("/vk-pay-notify/douyin_mp-toutiao/-/partner")


def test_the_schedule(shop: Shop, simulated: Simulated) -> None:
    shop.paid()
    (delivery,) = simulated.notified
    assert list(delivery.pauses) == [
        15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600,
    ]  # fmt: skip
    assert sum(delivery.pauses) == 24 * 3600 + 4 * 60


def test_every_attempt_is_signed_anew(shop: Shop, simulated: Simulated) -> None:
    shop.paid()
    first, second = (envelope(simulated.notified[0], attempt) for attempt in range(2))
    assert first["msg"] == second["msg"]
    assert first["nonce"] != second["nonce"]
    shop.verify(simulated.notified[0])


@pytest.mark.parametrize(
    ("status", "body", "accepted"),
    [
        (200, b'{"err_no":0,"err_tips":"success"}', True),
        (200, b' { "err_tips": "success", "err_no": 0, "more": 1 } ', True),
        (201, b'{"err_no":0,"err_tips":"success"}', False),
        (200, b'{"err_no":1,"err_tips":"success"}', False),
        (200, b'{"err_no":0,"err_tips":"ok"}', False),
        (200, b"success", False),
        (200, b"[]", False),
        (200, b"", False),
        (200, b"[" * 100_000, False),
        (500, b"", False),
    ],
)
def test_what_counts_as_received(
    shop: Shop, simulated: Simulated, status: int, body: bytes, accepted: bool
) -> None:
    shop.paid()
    assert simulated.notified[0].accepts(status, body) is accepted


def test_an_order_keeps_the_token_it_was_paid_with(shop: Shop, simulated: Simulated) -> None:
    old = shop.node["token"]
    shop.paid()
    simulated.control("account", pid="default", renew_token=True)
    shop.refresh()
    assert shop.node["token"] != old
    shop.refund("R1", 1)
    simulated.douyin.settle_refund("R1", "SUCCESS")
    shop.paid("T2")
    shop.verify(simulated.notified[1], old)
    shop.verify(simulated.notified[2])


def test_the_console_checks_an_address(shop: Shop, simulated: Simulated) -> None:
    check = simulated.control("check-url")
    query = dict(parse_qsl(check["query"], keep_blank_values=True))
    text = "".join(sorted([shop.node["token"], query["timestamp"], query["nonce"], query["msg"]]))
    assert query["signature"] == hashlib.sha1(text.encode()).hexdigest()
    assert query["echostr"] == check["echostr"]


def test_a_spoilt_signature_does_not_hold(shop: Shop, trade: TradeShop, simulated: Simulated) -> None:
    shop.paid()
    trade.bought("T2")
    for delivery in simulated.notified:
        good = delivery.build(0)
        spoilt = simulated.douyin.spoil_outgoing(good)
        assert spoilt != good
        delivery.build = lambda _attempt, spoilt=spoilt: spoilt  # type: ignore[misc]
    with pytest.raises(AssertionError):
        shop.verify(simulated.notified[0])
    with pytest.raises(InvalidSignature):
        trade.verify(simulated.notified[1])
