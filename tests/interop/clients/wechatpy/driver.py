"""wechatpy as judge of virtual payment's surroundings: tokens, logins, and message push with its cipher."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from judge import Delivered, Judge, demand, expect, refused
from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient
from wechatpy.client.api import WeChatWxa
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import (
    InvalidAppIdException,
    InvalidSignatureException,
    WeChatClientException,
    WeChatOAuthException,
)
from wechatpy.oauth import WeChatOAuth
from wechatpy.utils import check_signature

WECHAT = "https://api.weixin.qq.com/"


class Redirected(HTTPAdapter):
    """The client writes WeChat's host into the address of one call; only that is changed."""

    def __init__(self, base_url: str) -> None:
        self._base_url = f"{base_url}/"
        super().__init__()

    def send(self, request: Any, *args: Any, **options: Any) -> Any:
        request.url = request.url.replace(WECHAT, self._base_url, 1)
        return super().send(request, *args, **options)


class Shop:
    """The merchant's side of one mini program, and the phone of its user."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.node = judge.merchants["default"]["wxpay-virtual"]["mp-weixin"]
        self.client = self.client_of(self.node["secret"])
        self.crypto = WeChatCrypto(self.node["token"], self.node["encodingAESKey"], self.node["appId"])
        self.openid = self.session_key = ""

    def client_of(self, secret: str) -> WeChatClient:
        client = WeChatClient(self.node["appId"], secret, timeout=10)
        client._http.mount(WECHAT, Redirected(self.judge.base_url))
        return client

    def log_in(self) -> None:
        code = self.judge.control("login", {"appid": self.node["appId"]})["code"]
        session = self.client.wxa.code_to_session(code)
        self.openid, self.session_key = session["openid"], session["session_key"]

    def settings(self, **push: Any) -> None:
        self.judge.control("wxpay-virtual/account", {"push": push})

    def paid(self) -> str:
        """An order that is paid; no client offers what the phone is called with."""
        number = self.judge.number("virtual")
        data = json.dumps(
            {
                "offerId": self.node["offerId"],
                "buyQuantity": 1,
                "env": 0,
                "currencyType": "CNY",
                "productId": "vip30",
                "goodsPrice": 990,
                "outTradeNo": number,
                "attach": "附言",
            }
        )
        done = self.judge.control(
            "wxpay-virtual/request-virtual-payment",
            {
                "openid": self.openid,
                "mode": "short_series_goods",
                "signData": data,
                "paySig": signed(self.node["appKey"], f"requestVirtualPayment&{data}"),
                "signature": signed(self.session_key, data),
                "action": "open",
            },
        )
        expect(done["errCode"], 0)
        self.judge.pay(number)
        return number

    def opened(self, push: Delivered) -> str:
        """The message of an encrypted push, as the client's documentation reads it."""
        query = push.query
        body: Any = push.body.decode()
        if body.startswith("{"):
            body = json.loads(body)
        message: str = self.crypto.decrypt_message(
            body, query["msg_signature"], query["timestamp"], query["nonce"]
        )
        return message


def signed(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def credentials(judge: Judge, shop: Shop) -> None:
    with judge.proves("access_token"):
        expect(shop.client.fetch_access_token()["expires_in"], 7200)
        demand(bool(shop.client.access_token), shop.client.access_token)
    with judge.proves("session"):
        shop.log_in()
        expect((shop.openid[:1], len(shop.session_key)), ("o", 24))
    with judge.proves("page_login"):
        node = judge.merchants["default"]["wxpay"]["h5-weixin"]
        user = judge.control("login", {"appid": node["appId"]})
        page = WeChatOAuth(node["appId"], node["secret"], "https://shop.example.com/")
        page.API_BASE_URL = f"{judge.base_url}/"
        expect(page.fetch_access_token(user["code"])["openid"], user["openid"])
        with refused(WeChatOAuthException, "40163"):
            page.fetch_access_token(user["code"])
    with judge.proves("wrong_secret"), refused(WeChatClientException, "40125"):
        shop.client_of("wrong").fetch_access_token()


def pushes(judge: Judge, shop: Shop) -> None:
    token = shop.node["token"]
    with judge.proves("url_check"):
        shop.settings(url=judge.notify_url("check"))
        delivery = judge.control("wxpay-virtual/check-url", {})["delivery"]
        query = judge.received("check").query
        check_signature(token, query["signature"], query["timestamp"], query["nonce"])
        with refused(InvalidSignatureException):
            check_signature(token, query["signature"], query["timestamp"], "1")
        demand(bool(delivery), delivery)
    with judge.proves("push_plain"):
        shop.settings(url=judge.notify_url("plain"), mode="plain")
        number = shop.paid()
        push = judge.received("plain")
        check_signature(token, push.query["signature"], push.query["timestamp"], push.query["nonce"])
        expect(json.loads(push.body)["OutTradeNo"], number)
    with judge.proves("push_json"):
        shop.settings(url=judge.notify_url("json"), mode="secure")
        number = shop.paid()
        event = json.loads(shop.opened(judge.received("json")))
        expect((event["OutTradeNo"], event["GoodsInfo"]["Attach"]), (number, "附言"))
    with judge.proves("push_xml"):
        shop.settings(url=judge.notify_url("xml"), format="xml")
        number = shop.paid()
        message = shop.opened(judge.received("xml"))
        demand(f"<OutTradeNo><![CDATA[{number}]]></OutTradeNo>" in message, message)
    with judge.proves("push_tampered"):
        shop.settings(url=judge.notify_url("tampered"))
        judge.spoil_next_notification(shop_number(judge))
        shop.paid()
        with refused(InvalidSignatureException):
            shop.opened(judge.received("tampered"))
    with judge.proves("push_other_app"):
        shop.settings(url=judge.notify_url("other"), wrong_appid=True)
        shop.paid()
        with refused(InvalidAppIdException):
            shop.opened(judge.received("other"))
        shop.settings(wrong_appid=False)


def shop_number(judge: Judge) -> str:
    """The number that the next order will have."""
    return f"{judge._prefix}virtual{judge._numbers + 1:06d}"


def replies(judge: Judge, shop: Shop) -> None:
    """A reply counts when the order is delivered; one that says no does not."""
    with judge.proves("reply"):
        for form, yes, no in (
            ("xml", "<xml><ErrCode>0</ErrCode></xml>", "<xml><ErrCode>1</ErrCode></xml>"),
            ("json", '{"ErrCode":0}', '{"ErrCode":1}'),
        ):
            for said, state in ((yes, "DELIVERED"), (no, "DELIVERING")):
                tag = f"reply-{form}-{state}"
                judge.reply_with(tag, shop.crypto.encrypt_message(said, "nonce1", "1767196802"))
                shop.settings(url=judge.notify_url(tag), format=form)
                number = shop.paid()
                expect(judge.order(number)["state"], state)


def refund(judge: Judge, shop: Shop) -> None:
    with judge.proves("push_refund"):
        shop.settings(url=judge.notify_url("refund"), format="json")
        number = shop.paid()
        refunded(judge, shop, number)
        event = json.loads(shop.opened(judge.received("refund", 2)))
        expect((event["Event"], event["MchOrderId"], event["RetCode"]), ("xpay_refund_notify", number, 0))


def refunded(judge: Judge, shop: Shop, number: str) -> None:
    """The call is signed here: the client has none of them, but adds its access token."""
    body = json.dumps(
        {
            "openid": shop.openid,
            "env": 0,
            "order_id": number,
            "refund_order_id": f"{number}-1",
            "left_fee": 990,
            "refund_fee": 990,
            "biz_meta": "",
            "refund_reason": "3",
            "req_from": "2",
        }
    )
    pay_sig = signed(shop.node["appKey"], f"/xpay/refund_order&{body}")
    answer = shop.client.post(
        "xpay/refund_order", params={"pay_sig": pay_sig}, data=body.encode(), api_base_url=WECHAT
    )
    expect(answer["refund_order_id"], f"{number}-1")
    judge.advance(3)


def main() -> None:
    judge = Judge("wechatpy")
    shop = Shop(judge)
    WeChatWxa.API_BASE_URL = WECHAT
    credentials(judge, shop)
    pushes(judge, shop)
    replies(judge, shop)
    refund(judge, shop)


if __name__ == "__main__":
    main()
