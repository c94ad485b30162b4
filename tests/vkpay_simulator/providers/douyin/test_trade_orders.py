"""The general trade system: what the mini program asks for, and what the server hears of it."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.vkpay_simulator.providers.douyin.merchant import (
    DAY,
    NONCE,
    NOTIFY_URL,
    Simulated,
    TradeShop,
    goods,
    read,
)


def test_an_order_is_made_and_paid(trade: TradeShop, simulated: Simulated) -> None:
    made = trade.ordered()
    assert made["orderId"].startswith("motb")
    (item,) = made["itemOrderList"]
    assert (item["skuId"], item["itemOrderAmount"]) == ("1", 1000)
    data = trade.ask("order_query", out_order_no="T1")["data"]
    assert (data["pay_status"], data["total_amount"]) == ("PROCESS", 1000)
    assert "pay_time" not in data
    paid = simulated.control("get-order-payment", orderId=made["orderId"], way="alipay")
    assert paid == {"errMsg": "getOrderPayment:ok"}
    answer = trade.ask("order_query", order_id=made["orderId"])
    assert (answer["err_no"], answer["err_msg"]) == (0, "success")
    assert answer["data"] == {
        "order_id": made["orderId"],
        "out_order_no": "T1",
        "app_id": trade.app_id,
        "pay_status": "SUCCESS",
        "trade_time": 1_767_196_800_000,
        "total_amount": 1000,
        "discount_amount": 0,
        "merchant_uid": trade.mch_id,
        "item_order_list": [{"item_order_id": item["itemOrderId"], "sku_id": "1", "item_order_amount": 1000}],
        "pay_time": 1_767_196_800_000,
        "pay_channel": 2,
        "channel_pay_id": answer["data"]["channel_pay_id"],
        "user_bill_pay_id": answer["data"]["user_bill_pay_id"],
    }


def test_a_payment_is_told(trade: TradeShop, simulated: Simulated) -> None:
    order_id = trade.bought(channel="douyin")
    (delivery,) = simulated.notified
    assert (delivery.event, delivery.subject, delivery.url) == ("payment", "T1", NOTIFY_URL)
    assert trade.verify(delivery).keys() == {"msg", "type", "version"}
    headers = delivery.build(0).headers
    assert headers["Byte-Identifyname"] == "/msg/basic/payment/notify"
    told = simulated.told()[0]
    assert (told["status"], told["order_id"], told["out_order_no"]) == ("SUCCESS", order_id, "T1")
    assert (told["total_amount"], told["pay_channel"], told["merchant_uid"]) == (1000, 10, trade.mch_id)
    assert (told["app_id"], told["event_time"]) == (trade.app_id, 1_767_196_800_000)
    assert len(delivery.pauses) == 20
    assert list(delivery.pauses[:5]) == [15, 30, 60, 120, 240]


async def test_an_order_that_runs_out_is_told_of(trade: TradeShop, simulated: Simulated) -> None:
    trade.ordered(payExpireSeconds=None)
    await simulated.advance(300)
    assert trade.ask("order_query", out_order_no="T1")["data"]["pay_status"] == "TIMEOUT"
    (told,) = simulated.told()
    assert (told["status"], told["message"], told["pay_channel"]) == ("CANCEL", "TIME_OUT", 0)


def test_a_user_cancels_an_order(trade: TradeShop, simulated: Simulated) -> None:
    trade.ordered()
    assert simulated.douyin.cancel("T1").state == "FAIL"
    (told,) = simulated.told()
    assert (told["status"], told["message"]) == ("CANCEL", "USER_CANCEL")
    assert trade.ask("order_query", out_order_no="T1")["data"]["pay_status"] == "FAIL"


@pytest.mark.parametrize(("outcome", "number"), [("cancel", 4), ("unknown", 9)])
def test_leaving_the_cashier_ends_nothing(
    trade: TradeShop, simulated: Simulated, outcome: str, number: int
) -> None:
    order_id = trade.ordered()["orderId"]
    answer = simulated.control("get-order-payment", orderId=order_id, outcome=outcome)
    assert answer["errNo"] == number
    assert simulated.notified == []
    assert simulated.control("get-order-payment", orderId=order_id) == {"errMsg": "getOrderPayment:ok"}
    assert simulated.control("get-order-payment", orderId="motb0")["errNo"] == 10000


def test_the_same_data_give_the_same_order(trade: TradeShop) -> None:
    first = trade.ordered()
    assert trade.ordered()["orderId"] == first["orderId"]
    changed = trade.request_order(goods() | {"totalAmount": 999, "discountAmount": 1})
    assert changed["errNo"] == 10000
    trade.simulated.douyin.pay("T1")
    assert trade.request_order(goods())["errNo"] == 10000


def test_several_pieces_and_a_discount(trade: TradeShop) -> None:
    data = goods(total=334)
    data["skuList"][0]["quantity"] = 3
    items = trade.ordered("T1", **data | {"totalAmount": 1000, "discountAmount": 2})["itemOrderList"]
    assert [item["itemOrderAmount"] for item in items] == [334, 333, 333]


def test_ways_that_the_cashier_does_not_show(trade: TradeShop, simulated: Simulated) -> None:
    order_id = trade.ordered(limitPayWayList=[1])["orderId"]
    assert simulated.control("get-order-payment", orderId=order_id, way="wxpay")["status"] == 409
    assert simulated.control("get-order-payment", orderId=order_id, way="diamond")["errMsg"].endswith("ok")


def wrong_sku(**fields: Any) -> dict[str, Any]:
    data = goods()
    return {"skuList": [data["skuList"][0] | fields]}


@pytest.mark.parametrize(
    "fields",
    [
        {"skuList": []},
        {"skuList": goods()["skuList"] * 2},
        {"skuList": [1]},
        wrong_sku(price="1"),
        wrong_sku(quantity=0),
        wrong_sku(quantity=101),
        wrong_sku(title="茶" * 86),
        wrong_sku(imageList=[]),
        wrong_sku(tagGroupId=""),
        wrong_sku(type="301"),
        {"outOrderNo": "T 1"},
        {"totalAmount": 999},
        {"payExpireSeconds": 172_801},
        {"payNotifyUrl": "http://example.com/"},
        {"orderEntrySchema": None},
        {"orderEntrySchema": {"path": "p", "params": {}}},
        {"limitPayWayList": [3]},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_data_that_do_not_do(trade: TradeShop, fields: dict[str, Any]) -> None:
    answer = trade.request_order(goods() | fields)
    assert answer["errNo"] == 10000
    assert answer["why"]
    assert answer["errLogId"]


@pytest.mark.parametrize("data", ["", "x", "[]", "[" * 5000])
def test_data_that_are_no_object(trade: TradeShop, data: str) -> None:
    assert trade.request_order(data)["errNo"] == 10000


class TestAuthorization:
    def refused(self, trade: TradeShop, authorization: str, data: str | None = None) -> str:
        text = data if data is not None else json.dumps(goods())
        answer = trade.simulated.control("request-order", data=text, byteAuthorization=authorization)
        assert answer["errNo"] == 11004
        return str(answer["why"])

    def test_other_data_than_were_signed(self, trade: TradeShop) -> None:
        why = self.refused(trade, trade.authorization(json.dumps(goods())), json.dumps(goods(total=1)))
        assert "does not verify" in why

    def test_with_quotes(self, trade: TradeShop) -> None:
        assert "without quotes" in self.refused(
            trade, trade.authorization(json.dumps(goods())).replace("=t", '="t')
        )

    @pytest.mark.parametrize("text", ["", "SHA256-RSA2048", "RSA appid=1", "SHA256-RSA2048 appid=tt1"])
    def test_what_is_none(self, trade: TradeShop, text: str) -> None:
        assert "looks like this" in self.refused(trade, text)

    def test_whose_it_is(self, trade: TradeShop, simulated: Simulated) -> None:
        data = json.dumps(goods())
        assert "No merchant" in self.refused(trade, trade.authorization(data, appid="tt0"))
        other = simulated.shop().app_id
        assert "uploaded no key" in self.refused(trade, trade.authorization(data, appid=other))

    def test_the_version_of_the_key(self, trade: TradeShop, simulated: Simulated) -> None:
        data = json.dumps(goods())
        assert "key_version is 2: there are 1" in self.refused(
            trade, trade.authorization(data, key_version="2")
        )
        simulated.control("account", pid="certs", renew_keys=True)
        assert "version 1" in self.refused(trade, trade.authorization(data, key_version="2"))
        assert "orderId" in trade.request_order(data), "both keys hold"
        trade.refresh()
        assert trade.node["keyVersion"] == "2"
        trade.key = load_pem_private_key(trade.node["appPrivateKeyContent"].encode(), None)
        assert "orderId" in trade.request_order(goods("T2"), key_version="2")

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("POST\n/requestOrder\n1767196800\n{nonce}\n{data}", "last line feed"),
            ("POST\nrequestOrder\n1767196800\n{nonce}\n{data}\n", "begins with a slash"),
            ("GET\n/requestOrder\n1767196800\n{nonce}\n{data}\n", "POST"),
            ("POST\n/requestOrder\n1767196800\n{nonce}\n\n", "data was not signed"),
        ],
    )
    def test_a_known_mistake(self, trade: TradeShop, text: str, told: str) -> None:
        data = json.dumps(goods())
        signed = text.format(nonce=NONCE, data=data).encode()
        signature = base64.b64encode(trade.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())).decode()
        assert told in self.refused(trade, trade.authorization(data, signature=signature))


class TestToken:
    def body(self, trade: TradeShop, **fields: str) -> dict[str, str]:
        secret = {"client_key": trade.app_id, "client_secret": trade.node["secret"]}
        return {**secret, "grant_type": "client_credential", **fields}

    def test_a_token(self, trade: TradeShop, simulated: Simulated) -> None:
        answer = simulated.post("/oauth/client_token/", self.body(trade))
        assert answer["data"]["access_token"].startswith("clt.")
        assert (answer["data"]["expires_in"], answer["data"]["error_code"]) == (7200, 0)

    @pytest.mark.parametrize(
        "fields", [{"client_key": "tt0"}, {"client_secret": "x"}, {"grant_type": "code"}]
    )
    def test_who_gets_none(self, trade: TradeShop, simulated: Simulated, fields: dict[str, str]) -> None:
        answer = simulated.post("/oauth/client_token/", self.body(trade, **fields))
        assert answer["message"] == "error"
        assert answer["data"]["error_code"] != 0

    async def test_a_newer_one_leaves_the_older_five_minutes(
        self, trade: TradeShop, simulated: Simulated
    ) -> None:
        trade.ordered()
        trade.access = trade.token()
        trade.token()
        await simulated.advance(299)
        assert trade.ask("order_query", out_order_no="T1")["err_no"] == 0
        await simulated.advance(1)
        assert trade.ask("order_query", out_order_no="T1")["err_no"] == 28001008

    async def test_two_hours(self, trade: TradeShop, simulated: Simulated) -> None:
        trade.access = trade.token()
        await simulated.advance(7200)
        assert trade.ask("order_query", out_order_no="T1")["err_no"] == 28001008

    def test_none_and_foreign_ones(self, trade: TradeShop, simulated: Simulated) -> None:
        trade.access = "clt.x"
        assert trade.ask("order_query", out_order_no="T1")["err_no"] == 28001003
        secret = {"appid": trade.app_id, "secret": trade.node["secret"], "grant_type": "client_credential"}
        trade.access = simulated.post("/api/apps/v2/token", secret)["data"]["access_token"]
        assert trade.ask("order_query", out_order_no="T1")["err_no"] == 28001003

    def test_all_of_them_end(self, trade: TradeShop, simulated: Simulated) -> None:
        trade.access = trade.token()
        simulated.control("account", pid="certs", expire_tokens=True)
        assert trade.ask("order_query", out_order_no="T1")["err_no"] == 28001008


def test_orders_that_are_not_there(trade: TradeShop, simulated: Simulated) -> None:
    assert trade.ask("order_query", out_order_no="T1")["err_no"] == 20000
    assert trade.ask("order_query")["err_no"] == 10000
    order_id = trade.ordered()["orderId"]
    other = simulated.trade()
    other.app_id, other.node = simulated.shop().app_id, simulated.shop().node
    assert other.ask("order_query", order_id=order_id)["err_no"] == 20000


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000])
def test_what_is_no_json_object(trade: TradeShop, body: bytes) -> None:
    path = "/api/trade_basic/v1/developer/order_query/"
    answer = trade.simulated.route("POST", path, body, {"access-token": trade.token()})
    assert (answer.status, read(answer)["err_no"]) == (200, 10000)


def test_a_currency_is_told_again(trade: TradeShop, simulated: Simulated) -> None:
    trade.bought(currency="DIAMOND", channel="diamond")
    assert simulated.told()[-1]["currency"] == "DIAMOND"


async def test_an_order_is_fulfilled_once(trade: TradeShop, simulated: Simulated) -> None:
    """A second word moves the day of settlement no further."""
    order_id = trade.bought()
    pieces = [
        item["item_order_id"]
        for item in trade.ask("order_query", order_id=order_id)["data"]["item_order_list"]
    ]
    fulfilled = {"order_id": order_id, "item_order_id_list": pieces, "to_status": "x"}
    assert (
        trade.ask("fulfill_push_status", **fulfilled | {"item_order_id_list": ["motb0"]})["err_no"] == 10000
    )
    assert trade.ask("fulfill_push_status", **fulfilled)["err_no"] == 0
    await simulated.advance(3 * DAY)
    trade.access = ""
    assert trade.ask("fulfill_push_status", **fulfilled)["err_no"] == 0
    asked = {"app_id": trade.app_id, "out_order_no": "T1", "out_settle_no": "S1", "settle_desc": "x"}
    assert trade.ask("settle_create", **asked)["err_no"] == 0


def test_small_calls(trade: TradeShop) -> None:
    order_id = trade.bought()
    cps = trade.ask("query_cps", order_id=order_id)["data"]
    assert (cps["order_id"], cps["cps_item_list"]) == (order_id, [])
    assert trade.ask("tag_query", goods_type=301)["data"]["tag_detail_list"][0]["tag_group_id"]
    asked = {"merchant_uid": trade.mch_id, "channel_type": "wx"}
    path = "/api/apps/ecpay/saas/query_merchant_balance/"
    assert trade.ask(path, **asked)["account_info"]["online_balance"] == 1000
    assert trade.ask(path, **asked | {"merchant_uid": "7"})["err_no"] == 10000
