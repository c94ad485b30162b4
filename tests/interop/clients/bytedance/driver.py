"""bytedance as judge: guaranteed payment, the general trade system, and the messages of both."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from bytedance import ByteDance
from bytedance.base import ByteDanceError
from bytedance.security import ecpay_signature
from judge import Delivered, Judge, demand, expect, refused

WEEK = 7 * 86_400
BEIJING = timezone(timedelta(hours=8))
SUCCESS, PROCESSING = "SUCCESS", "PROCESSING"


class Shop:
    """One merchant's client, with nothing but its hosts changed, and the judge that acts around it."""

    def __init__(self, judge: Judge, pid: str, **changed: Any) -> None:
        self.judge = judge
        self.node: dict[str, Any] = judge.merchants[pid]["douyin"]["mp-toutiao"] | changed
        self.tag = pid
        self.app = ByteDance(
            app_id=self.node["appId"],
            app_secret=self.node["secret"],
            payment_salt=self.node["salt"],
            callback_token=self.node["token"],
            private_key=self.node.get("appPrivateKeyContent"),
            platform_public_key=self.node.get("douyinPublicKeyContent"),
            key_version=self.node.get("keyVersion", "1"),
            api_domains={
                "https://developer.toutiao.com": judge.base_url,
                "https://open.douyin.com": judge.base_url,
            },
            access_token_type="file",
            ac_path=f"{tempfile.mkdtemp()}/token",
        )
        self.app.session.trust_env = False

    @property
    def uid(self) -> str:
        return str(self.node["mchId"])

    def told(self, tag: str, count: int = 1) -> Delivered:
        return self.judge.received(f"{self.tag}-{tag}", count)

    def url(self, tag: str) -> str:
        return self.judge.notify_url(f"{self.tag}-{tag}")


class Guaranteed(Shop):
    """Guaranteed payment."""

    def order(self, number: str, tag: str = "pay", **more: Any) -> Any:
        body = {
            "out_order_no": number,
            "total_amount": 10_000,
            "subject": "一斤茶叶",
            "body": "一斤茶叶",
            "valid_time": 600,
            "notify_url": self.url(tag),
        }
        return self.app.payment.ecpay.pay_list.pay(body=body | more)["data"]

    def paid(self, number: str, tag: str = "pay", **more: Any) -> None:
        made = self.order(number, tag, **more)
        left = self.judge.control(
            "douyin/tt-pay", {"orderInfo": {name: made[name] for name in ("order_id", "order_token")}}
        )
        expect(left["code"], 0)

    def status(self, number: str, **more: Any) -> str:
        found = self.app.payment.ecpay.pay_list.query(body={"out_order_no": number} | more)
        return str(found["payment_info"]["order_status"])

    def refund(self, number: str, order: str, amount: int, tag: str = "refund") -> Any:
        """The client has a name for every call but this one: its own signature, its own low-level call."""
        body = {
            "app_id": self.node["appId"],
            "out_order_no": order,
            "out_refund_no": number,
            "reason": "破损",
            "refund_amount": amount,
            "notify_url": self.url(tag),
        }
        sign = ecpay_signature(body, self.node["salt"])
        return self.app.post("/ecpay/v1/create_refund", body | {"sign": sign}, token=False)

    def read(self, delivered: Delivered) -> Any:
        """The message, when the client finds it genuine."""
        return self.app.callbacks.parse(delivered.body, protocol="ecpay")["parsed_msg"]


class Trading(Shop):
    """The general trade system."""

    def __init__(self, judge: Judge, pid: str, **changed: Any) -> None:
        super().__init__(judge, pid, **changed)
        self.api = self.app.payment.trade_system.general

    def asked(self, number: str, tag: str = "pay", pieces: int = 2) -> dict[str, str]:
        """What the server signs for ``tt.requestOrder``."""
        sku = {
            "skuId": "1",
            "price": 10_000 // pieces,
            "quantity": pieces,
            "title": "一斤茶叶",
            "imageList": ["https://dummyimage.com/234x60"],
            "type": 301,
            "tagGroupId": self.node["tagGroupId"],
        }
        data = {
            "skuList": [sku],
            "outOrderNo": number,
            "totalAmount": 10_000,
            "payExpireSeconds": 600,
            "payNotifyUrl": self.url(tag),
            "orderEntrySchema": {"path": "pages/order", "params": "{}"},
        }
        signed: dict[str, str] = self.app.signed_order(data)
        return signed

    def order(self, number: str, tag: str = "pay", pieces: int = 2) -> str:
        made = self.judge.control("douyin/request-order", self.asked(number, tag, pieces))
        demand("orderId" in made, made)
        return str(made["orderId"])

    def paid(self, number: str, tag: str = "pay", pieces: int = 2) -> str:
        order_id = self.order(number, tag, pieces)
        left = self.judge.control("douyin/get-order-payment", {"orderId": order_id})
        expect(left["errMsg"], "getOrderPayment:ok")
        return order_id

    def refund(self, number: str, order_id: str, **what: Any) -> Any:
        body = {
            "order_id": order_id,
            "out_refund_no": number,
            "refund_reason": [{"code": 101, "text": "不想要了"}],
            "order_entry_schema": {"path": "pages/order", "params": "{}"},
            "cp_extra": "x",
            "notify_url": self.url("refund"),
        }
        return self.api.refund.create_refund(body=body | what)["data"]

    def read(self, delivered: Delivered) -> Any:
        return self.app.callbacks.parse(delivered.body, delivered.headers)["parsed_msg"]


def payment(shop: Guaranteed, number: str) -> None:
    judge = shop.judge
    with judge.proves("create"):
        made = shop.order(number)
        demand(bool(made["order_id"] and made["order_token"]), made)
        expect(shop.order(number)["order_id"], made["order_id"])
    with judge.proves("query"):
        expect(shop.status(number), PROCESSING)
        judge.pay(number)
        expect(shop.status(number), SUCCESS)
    with judge.proves("notify_payment"):
        told = shop.read(shop.told("pay"))
        expect((told["cp_orderno"], told["total_amount"], told["status"]), (number, 10_000, SUCCESS))
        expect(told["order_id"], made["order_id"])
    with judge.proves("notify_tampered"):
        sent = json.loads(shop.told("pay").body)
        sent["msg"] = sent["msg"].replace("10000", "1")
        with refused(ByteDanceError, "signature"):
            shop.read(replace(shop.told("pay"), body=json.dumps(sent).encode()))
        other = judge.number()
        shop.order(other, "spoilt")
        judge.spoil_next_notification(other)
        judge.pay(other)
        with refused(ByteDanceError, "signature"):
            shop.read(shop.told("spoilt"))


def refunds(shop: Guaranteed, number: str) -> None:
    judge = shop.judge
    with judge.proves("refund"):
        made = shop.refund(f"{number}r1", number, 3000)
        demand(bool(made["refund_no"]), made)
        judge.advance(5)
    with judge.proves("refund_query"):
        info = shop.app.payment.ecpay.refund_list.query(body={"out_refund_no": f"{number}r1"})["refundInfo"]
        expect((info["refund_status"], info["refund_amount"]), (SUCCESS, 3000))
    with judge.proves("notify_refund"):
        told = shop.read(shop.told("refund"))
        expect((told["cp_refundno"], told["refund_amount"], told["status"]), (f"{number}r1", 3000, SUCCESS))
    with judge.proves("refund_rest"):
        with refused(ByteDanceError):
            shop.refund(f"{number}r2", number, 7001)
        demand(bool(shop.refund(f"{number}r3", number, 7000)["refund_no"]), number)
        judge.advance(5)
        expect(shop.read(shop.told("refund", 2))["refund_amount"], 7000)


def settlements(shop: Guaranteed) -> None:
    judge, ecpay, number = shop.judge, shop.app.payment.ecpay, shop.judge.number()
    settle = f"{number}s1"
    shop.paid(number)
    judge.advance(WEEK)
    with judge.proves("unsettled"):
        found = ecpay.settlements.unsettle_amount(body={"out_order_no": number, "out_item_order_no": ""})
        expect(found["data"]["unsettle_amount"], 9940)
    with judge.proves("settle"):
        share = json.dumps([{"merchant_uid": "7100000000000000001", "amount": 2000}])
        body = {
            "out_settle_no": settle,
            "out_order_no": number,
            "settle_desc": "主动结算",
            "settle_params": share,
            "notify_url": shop.url("settle"),
            "finish": "true",
        }
        demand(bool(ecpay.settlements.settlement(body=body)["settle_no"]), body)
        judge.advance(5)
    with judge.proves("settle_query"):
        info = ecpay.settlements.query(body={"out_settle_no": settle})["settle_info"]
        expect((info["settle_status"], info["settle_amount"], info["rake"]), (SUCCESS, 9940, 60))
    with judge.proves("notify_settle"):
        told = shop.read(shop.told("settle"))
        expect((told["cp_settle_no"], told["status"], told["settle_amount"]), (settle, SUCCESS, 9940))
    with judge.proves("returns"):
        body = {
            "out_settle_no": settle,
            "out_return_no": f"{number}b1",
            "merchant_uid": "7100000000000000001",
            "return_amount": 500,
            "return_desc": "退回",
        }
        demand(bool(ecpay.return_settle.return_settle(body=body)), body)
        judge.advance(5)
        found = ecpay.return_settle.query(body={"out_return_no": f"{number}b1"})
        expect(found["return_info"]["return_status"], SUCCESS)


def funds(shop: Guaranteed) -> None:
    judge, withdraw = shop.judge, shop.app.payment.ecpay.withdraw
    with judge.proves("balance"):
        body = {"merchant_uid": shop.uid, "channel_type": "wx"}
        demand(withdraw.query_balance(body=body)["account_info"]["withdrawable_balacne"] > 0, body)
    with judge.proves("withdraw"):
        number = judge.number("w")
        body = {
            "merchant_uid": shop.uid,
            "channel_type": "wx",
            "withdraw_amount": 100,
            "out_order_id": number,
            "callback": shop.url("withdraw"),
        }
        withdraw.merchant_withdraw(body=body)
        judge.advance(60)
        asked = {"merchant_uid": shop.uid, "channel_type": "wx", "out_order_id": number}
        expect(withdraw.query(body=asked)["status"], SUCCESS)
    with judge.proves("bills"):
        number = judge.number()
        shop.paid(number)
        day = _today(judge)
        judge.advance(34 * 3600)
        bills = shop.app.payment.ecpay.bills
        asked = {"merchant_id": shop.uid, "bill_date": day}
        rows = bills.bill(query=asked | {"bill_type": "payment"}).content.decode()
        demand(f",{number}," in rows, rows)
        rows = bills.fundbill(query=asked | {"account_type": "wx"}).content.decode()
        demand("100" in rows, rows)


def fulfilment(shop: Guaranteed) -> None:
    judge, number = shop.judge, shop.judge.number()
    with judge.proves("order_sync"):
        shop.paid(number)
        detail = {
            "order_id": number,
            "create_time": 1,
            "status": "已核销",
            "amount": 1,
            "total_price": 10_000,
        }
        body = {
            "app_name": "douyin",
            "open_id": "o1",
            "order_detail": json.dumps(detail),
            "order_status": 4,
            "order_type": 0,
            "update_time": 1,
        }
        expect(shop.app.payment.ecpay.order.order_sync(body=body)["err_code"], 0)
    with judge.proves("login"):
        code = judge.control("login", {"appid": shop.node["appId"], "openid": "somebody"})["code"]
        expect(shop.app.code2Session(code)["openid"], "somebody")


def refusals(shop: Guaranteed) -> None:
    judge = shop.judge
    with judge.proves("business_error"):
        with refused(ByteDanceError):
            shop.status("nosuchorder")
        with refused(ByteDanceError):
            shop.order(judge.number(), total_amount=0)
    with judge.proves("wrong_salt"):
        stranger = Guaranteed(judge, "default", salt="wrong")
        with refused(ByteDanceError):
            stranger.order(judge.number())


def partner(judge: Judge) -> None:
    with judge.proves("partner"):
        shop, number = Guaranteed(judge, "partner"), judge.number()
        acting = {"thirdparty_id": shop.node["thirdpartyId"]}
        shop.paid(number, **acting)
        expect(shop.status(number, **acting), SUCCESS)
        expect(shop.read(shop.told("pay"))["appid"], shop.node["appId"])


def trade_payment(shop: Trading, number: str) -> str:
    judge = shop.judge
    order_id = ""
    with judge.proves("client_token"):
        demand(bool(shop.app.client_token), "")
    with judge.proves("request_order"):
        order_id = shop.order(number)
        wrong = shop.asked(number)
        answer = judge.control(
            "douyin/request-order", wrong | {"data": wrong["data"].replace("10000", "9999")}
        )
        demand("orderId" not in answer, answer)
    with judge.proves("trade_query"):
        judge.pay(number)
        found = shop.api.order.query_order(body={"out_order_no": number})["data"]
        expect((found["order_id"], found["pay_status"], found["total_amount"]), (order_id, SUCCESS, 10_000))
        expect(len(found["item_order_list"]), 2)
    with judge.proves("trade_notify_payment"):
        told = shop.read(shop.told("pay"))
        expect((told["out_order_no"], told["status"], told["total_amount"]), (number, SUCCESS, 10_000))
    with judge.proves("trade_notify_tampered"):
        genuine = shop.told("pay")
        forged = replace(genuine, body=genuine.body.replace(b"10000", b"1"))
        demand(forged.body != genuine.body, genuine.body)
        with refused(ByteDanceError, "signature"):
            shop.read(forged)
    return order_id


def trade_refunds(shop: Trading, number: str, order_id: str) -> None:
    judge, refund = shop.judge, shop.api.refund
    with judge.proves("trade_refund"):
        item = shop.api.order.query_order(body={"order_id": order_id})["data"]["item_order_list"][0]
        part = [{"item_order_id": item["item_order_id"], "refund_amount": 3000}]
        made = shop.refund(f"{number}r1", order_id, refund_total_amount=3000, item_order_detail=part)
        demand(bool(made["refund_id"]), made)
        judge.advance(5)
    with judge.proves("trade_refund_query"):
        (found,) = refund.query_refund(body={"out_refund_no": f"{number}r1"})["data"]["refund_list"]
        expect((found["refund_status"], found["refund_total_amount"]), (SUCCESS, 3000))
    with judge.proves("trade_notify_refund"):
        told = shop.read(shop.told("refund"))
        expect((told["out_refund_no"], told["status"]), (f"{number}r1", SUCCESS))
    with judge.proves("trade_refund_audit"):
        asked = judge.control("douyin/user-refund", {"out_trade_no": number, "amount": 1000})
        body = {"refund_id": asked["refund_id"], "refund_audit_status": 1}
        expect(refund.refund_audit(body=body)["err_no"], 0)
        judge.advance(5)
        (found,) = refund.query_refund(body={"refund_id": asked["refund_id"]})["data"]["refund_list"]
        expect(found["refund_status"], SUCCESS)


def trade_settlement(shop: Trading) -> None:
    judge, api, number = shop.judge, shop.api, shop.judge.number()
    order_id = shop.paid(number, pieces=1)
    with judge.proves("trade_fulfil"):
        found = api.order.query_order(body={"order_id": order_id})["data"]["item_order_list"]
        pieces = [item["item_order_id"] for item in found]
        body = {"order_id": order_id, "item_order_id_list": pieces, "to_status": "x"}
        expect(api.trade_fulfill.push_fulfill_status(body=body)["err_no"], 0)
    with judge.proves("trade_settle"):
        judge.advance(3 * 86_400)
        fresh = Trading(judge, shop.tag)
        body = {
            "out_order_no": number,
            "out_settle_no": f"{number}s1",
            "settle_desc": "主动结算",
            "notify_url": shop.url("settle"),
        }
        made = fresh.api.trade_settle.settle_create(body=body)["data"]
        demand(bool(made["settle_id"]), made)
        judge.advance(5)
    with judge.proves("trade_settle_query"):
        (found,) = fresh.api.trade_settle.settle_query(body={"out_settle_no": f"{number}s1"})["data"]
        expect((found["settle_status"], found["settle_amount"], found["rake"]), (SUCCESS, 9940, 60))
    with judge.proves("trade_notify_settle"):
        told = shop.read(shop.told("settle"))
        expect((told["out_settle_no"], told["status"]), (f"{number}s1", SUCCESS))
    with judge.proves("trade_funds"):
        body = {"merchant_uid": shop.uid, "channel_type": "wx"}
        demand(fresh.api.withdraw.api.query_merchant_balance(body=body)["account_info"] != {}, body)
        asked = body | {"out_order_id": judge.number("w")}
        fresh.api.withdraw.api.merchant_withdraw(body=asked | {"withdraw_amount": 100})
        judge.advance(5)
        expect(fresh.api.withdraw.api.query_withdraw_order(body=asked)["status"], SUCCESS)
    with judge.proves("trade_bills"):
        number, day = judge.number(), _today(judge)
        shop.paid(number)
        judge.advance(34 * 3600)
        fresh = Trading(judge, shop.tag)
        asked = {"merchant_id": shop.uid, "bill_date": day}
        listed = fresh.api.getbills.bill(body=asked | {"bill_type": "payment"})["data"]["bill_list"]
        rows = fresh.app.fetch("GET", listed[0]).content.decode()
        demand(f",{number}," in rows, rows)
        demand(bool(fresh.api.getbills.fund_bills(body=asked)["data"]["fund_bill_list"]), asked)


def trade_refusals(shop: Trading) -> None:
    judge = shop.judge
    with judge.proves("trade_error"):
        fresh = Trading(judge, shop.tag)
        with refused(ByteDanceError):
            fresh.api.order.query_order(body={"out_order_no": "nosuchorder"})
        with refused(ByteDanceError):
            fresh.api.order.query_order(body={"out_order_no": "nosuchorder"}, token="clt.nobody")
    with judge.proves("wrong_key"):
        stranger = judge.merchants["default"]["alipay"]["h5"]["privateKey"]
        answer = judge.control(
            "douyin/request-order",
            Trading(judge, shop.tag, appPrivateKeyContent=stranger).asked(judge.number()),
        )
        demand("orderId" not in answer, answer)


def _today(judge: Judge) -> str:
    """The simulator's day in China."""
    now = judge.control("clock", {"advance_seconds": 0})["now_ms"] / 1000
    return datetime.fromtimestamp(now, UTC).astimezone(BEIJING).strftime("%Y%m%d")


def main() -> None:
    judge = Judge("bytedance")
    shop, number = Guaranteed(judge, "default"), judge.number()
    payment(shop, number)
    refunds(shop, number)
    fulfilment(shop)
    settlements(shop)
    funds(shop)
    refusals(shop)
    partner(judge)
    trading, number = Trading(judge, "certs"), judge.number()
    order_id = trade_payment(trading, number)
    trade_refunds(trading, number, order_id)
    trade_settlement(trading)
    trade_refusals(trading)


main()
