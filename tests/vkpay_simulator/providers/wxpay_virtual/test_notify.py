"""Message push: what is sent in each mode and format, on which schedule, and what counts as taken."""

import json
from base64 import b64encode
from urllib.parse import parse_qsl

import pytest
from defusedxml.ElementTree import fromstring

from tests.vkpay_simulator.providers.wxpay_virtual.shop import NO, Shop, sha1_sorted
from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.providers.wxpay_virtual import signing


def query(outgoing: Outgoing) -> dict[str, str]:
    return dict(parse_qsl(outgoing.query))


def test_goods(shop: Shop) -> None:
    shop.buy(buyQuantity=2, attach="附言")
    order = shop.order()
    (delivery,) = shop.sent
    assert (delivery.provider, delivery.event, delivery.subject) == (
        "wxpay-virtual", "xpay_goods_deliver_notify", NO,
    )  # fmt: skip
    assert delivery.url == "http://127.0.0.1:8000/pay/vk-pay-notify/wxpay-virtual_mp-weixin/-/default"
    event = shop.opened(delivery.build(0))
    assert event == {
        "ToUserName": shop.app.original_id,
        "FromUserName": event["FromUserName"],
        "CreateTime": 1_767_196_800,
        "MsgType": "event",
        "Event": "xpay_goods_deliver_notify",
        "OpenId": shop.openid,
        "OutTradeNo": NO,
        "Env": 0,
        "WeChatPayInfo": {
            "MchOrderNo": order["channel_order_id"],
            "TransactionId": order["wxpay_order_id"],
            "PaidTime": 1_767_196_800,
        },
        "GoodsInfo": {
            "ProductId": "vip30",
            "Quantity": 2,
            "OrigPrice": 1980,
            "ActualPrice": 1980,
            "Attach": "附言",
        },
        "RetryTimes": 0,
    }


def test_coins(shop: Shop) -> None:
    shop.buy("short_series_coin", env=1)
    event = shop.opened(shop.sent[0].build(3))
    assert (event["Event"], event["Env"], event["RetryTimes"]) == ("xpay_coin_pay_notify", 1, 3)
    assert event["CoinInfo"] == {"Quantity": 100, "OrigPrice": 100, "ActualPrice": 100, "Attach": ""}
    assert "GoodsInfo" not in event


@pytest.mark.parametrize(("status", "code"), [("SUCCESS", 0), ("FAIL", 1)])
def test_refunds(shop: Shop, status: str, code: int) -> None:
    shop.buy()
    shop.refund(400)
    shop.sim.settle_refund("R20260001", status)
    delivery = shop.sent[1]
    event = shop.opened(delivery.build(0))
    assert (delivery.event, delivery.subject) == ("xpay_refund_notify", NO)
    order, refund = shop.order(), shop.order("R20260001")
    assert (
        event
        | {
            "OpenId": shop.openid,
            "WxRefundId": refund["wx_order_id"],
            "MchRefundId": "R20260001",
            "WxOrderId": order["wx_order_id"],
            "MchOrderId": NO,
            "RefundFee": 400,
            "RetCode": code,
            "RefundStartTimestamp": 1_767_196_800,
            "WxpayRefundTransactionId": refund["wxpay_order_id"],
        }
        == event
    )
    assert bool(event["RefundSuccTimestamp"]) is (code == 0)


def test_the_three_modes(shop: Shop) -> None:
    shop.buy()
    (delivery,) = shop.sent
    bodies = {}
    for mode in ("secure", "compatible", "plain"):
        shop.change(push={"mode": mode})
        outgoing = delivery.build(0)
        assert shop.opened(outgoing)["OutTradeNo"] == NO
        bodies[mode] = json.loads(outgoing.body)
    assert sorted(bodies["secure"]) == ["Encrypt", "ToUserName"]
    assert bodies["compatible"].keys() == bodies["plain"].keys() | {"Encrypt"}
    assert "Encrypt" not in bodies["plain"]


def test_every_attempt_is_sealed_anew(shop: Shop) -> None:
    shop.buy()
    first, second = (shop.sent[0].build(attempt) for attempt in (0, 1))
    assert query(first)["nonce"] != query(second)["nonce"]
    assert json.loads(first.body)["Encrypt"] != json.loads(second.body)["Encrypt"]


def test_xml(shop: Shop) -> None:
    shop.change(push={"mode": "plain", "format": "xml"})
    shop.buy(attach="<a>]]>&")
    outgoing = shop.sent[0].build(0)
    assert outgoing.headers["Content-Type"] == "text/xml; charset=UTF-8"
    assert b"<ProductId><![CDATA[vip30]]></ProductId><Quantity>1</Quantity>" in outgoing.body
    root = fromstring(outgoing.body)
    assert (root.tag, root.findtext("OutTradeNo")) == ("xml", NO)
    assert root.findtext("GoodsInfo/Attach") == "<a>]]>&"
    assert root.findtext("WeChatPayInfo/PaidTime") == "1767196800"


def test_encrypted_xml(shop: Shop) -> None:
    shop.change(push={"format": "xml"})
    shop.buy()
    outgoing = shop.sent[0].build(0)
    root = fromstring(outgoing.body)
    assert [child.tag for child in root] == ["ToUserName", "Encrypt"]
    sealed = root.findtext("Encrypt") or ""
    given = query(outgoing)
    assert given["msg_signature"] == sha1_sorted(
        shop.app.push.token, given["timestamp"], given["nonce"], sealed
    )
    assert fromstring(shop.unsealed(sealed)).findtext("OutTradeNo") == NO


def test_the_schedule(shop: Shop) -> None:
    shop.buy()
    pauses = shop.sent[0].pauses
    assert (len(pauses), list(pauses[:4]), sum(pauses)) == (15, [2, 4, 8, 16], 65_534)


def sealed_reply(
    shop: Shop, plain: bytes, *, appid: str = "", form: str = "json", spoilt: bool = False
) -> bytes:
    sealed = signing.seal(shop.app.push.aes_key, appid or shop.app.appid, b"0" * 16, plain)
    signature = sha1_sorted(shop.app.push.token, "1767196800", "n", sealed)
    reply = {
        "Encrypt": sealed,
        "MsgSignature": "0" * 40 if spoilt else signature,
        "TimeStamp": 1767196800,
        "Nonce": "n",
    }
    if form == "json":
        return json.dumps(reply).encode()
    return f"<xml>{''.join(f'<{name}>{value}</{name}>' for name, value in reply.items())}</xml>".encode()


@pytest.mark.parametrize(
    ("status", "body", "taken"),
    [
        (200, b"", True),
        (200, b"success", True),
        (200, b'{"ErrCode":0,"ErrMsg":"success"}', True),
        (200, b'{"errcode":0}', True),
        (200, b"<xml><ErrCode>0</ErrCode><ErrMsg><![CDATA[success]]></ErrMsg></xml>", True),
        (200, b"<xml><ErrCode><![CDATA[0]]></ErrCode></xml>", True),
        (200, b'{"ErrCode":1}', False),
        (200, b"<xml><ErrCode>1</ErrCode></xml>", False),
        (200, b"fail", False),
        (200, b"{}", False),
        (200, b"[]", False),
        (200, b"\xff", False),
        (200, b"<xml>", False),
        (200, b"[" * 100_000, False),
        (200, b'<!DOCTYPE x [<!ENTITY a "0">]><xml><ErrCode>&a;</ErrCode></xml>', False),
        (204, b"", False),
        (500, b"success", False),
    ],
)
def test_what_is_taken(shop: Shop, status: int, body: bytes, taken: bool) -> None:
    shop.buy()
    assert shop.sent[0].accepts(status, body) is taken
    assert shop.order()["status"] == (4 if taken else 2)


@pytest.mark.parametrize("form", ["json", "xml"])
def test_encrypted_replies(shop: Shop, form: str) -> None:
    shop.buy()
    accepts = shop.sent[0].accepts
    plain = b'{"ErrCode":0}' if form == "json" else b"<xml><ErrCode>0</ErrCode></xml>"
    assert not accepts(200, sealed_reply(shop, b'{"ErrCode":1}', form=form))
    assert not accepts(200, sealed_reply(shop, plain, form=form, spoilt=True))
    assert not accepts(200, sealed_reply(shop, plain, form=form, appid="wx1"))
    assert accepts(200, sealed_reply(shop, plain, form=form))


@pytest.mark.parametrize("sealed", ["", "AAAA", b64encode(bytes(64)).decode(), "x"])
def test_replies_that_cannot_be_opened(shop: Shop, sealed: str) -> None:
    shop.buy()
    signature = sha1_sorted(shop.app.push.token, "1", "n", sealed)
    reply = {"Encrypt": sealed, "MsgSignature": signature, "TimeStamp": 1, "Nonce": "n"}
    assert not shop.sent[0].accepts(200, json.dumps(reply).encode())


def test_a_plain_push_wants_no_encrypted_reply(shop: Shop) -> None:
    shop.buy()
    shop.change(push={"mode": "plain"})
    assert not shop.sent[0].accepts(200, sealed_reply(shop, b'{"ErrCode":0}'))


def test_pushes_that_are_not_as_they_should_be(shop: Shop) -> None:
    shop.change(push={"wrong_appid": True, "without_pay_info": True})
    shop.buy()
    sealed = json.loads(shop.sent[0].build(0).body)["Encrypt"]
    with pytest.raises(AssertionError):
        shop.unsealed(sealed)
    shop.change(push={"wrong_appid": False})
    assert "WeChatPayInfo" not in shop.opened(shop.sent[0].build(0))


def test_another_channel_than_wechat_pay(shop: Shop) -> None:
    shop.buy(channel="OTHER")
    assert "WeChatPayInfo" not in shop.opened(shop.sent[0].build(0))
    assert shop.order()["wxpay_order_id"] == ""


def test_no_push_where_it_is_switched_off(shop: Shop) -> None:
    shop.change(push={"enabled": False})
    shop.buy()
    assert shop.sent == []
    assert shop.order()["status"] == 2


def test_the_address_is_that_of_the_console(shop: Shop) -> None:
    assert shop.change(push={"url": "http://127.0.0.1:1/x"})["push"]["url"] == "http://127.0.0.1:1/x"
    shop.buy()
    assert shop.sent[0].url == "http://127.0.0.1:1/x"
    assert shop.change(push={"url": ""})["push"]["url"].endswith(
        "/vk-pay-notify/wxpay-virtual_mp-weixin/-/default"
    )


def test_the_console_checks_the_address(shop: Shop) -> None:
    delivery_id = shop.post("/_sim/wxpay-virtual/check-url", {})["delivery"]
    (delivery,) = shop.sent
    assert delivery.id == delivery_id
    outgoing = delivery.build(0)
    given = query(outgoing)
    assert (outgoing.method, outgoing.body, list(delivery.pauses)) == ("GET", b"", [])
    assert given["signature"] == sha1_sorted(shop.app.push.token, given["timestamp"], given["nonce"])
    assert delivery.accepts(200, given["echostr"].encode())
    assert not delivery.accepts(200, b"success")
    assert not delivery.accepts(403, given["echostr"].encode())


def test_spoilt_signatures(shop: Shop) -> None:
    shop.buy()
    outgoing = shop.sent[0].build(0)
    spoilt = shop.sim.spoil_outgoing(outgoing)
    right, wrong = query(outgoing), query(spoilt)
    assert {name for name in right if right[name] != wrong[name]} == {"signature", "msg_signature"}
    assert (spoilt.body, spoilt.method) == (outgoing.body, "POST")


def test_a_reset_takes_the_console_back(shop: Shop) -> None:
    shop.change(push={"mode": "plain", "format": "xml", "url": "http://127.0.0.1:1/x", "enabled": False})
    key, token = shop.app.push.aes_key, shop.app.push.token
    shop.sim.reset()
    push = shop.app.push
    assert (push.mode, push.format, push.url, push.enabled) == ("secure", "json", None, True)
    assert (push.aes_key, push.token) == (key, token)
