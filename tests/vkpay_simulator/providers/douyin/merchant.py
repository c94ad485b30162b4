"""A merchant of the tests: signs and verifies by itself, from its config row alone."""

import base64
import hashlib
import json
import re
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator.clock import Clock
from vkpay_simulator.delivery import Delivery
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.douyin import DouyinSim
from vkpay_simulator.world import Settings, World

START_S = 1_767_196_800.0  # 2026-01-01 00:00:00 in Beijing
NOTIFY_URL = "http://127.0.0.1:8000/notify"
V1, SAAS = "/api/apps/ecpay/v1/", "/api/apps/ecpay/saas/"
BASIC = "/api/trade_basic/v1/developer/"
UNSIGNED = {"app_id", "thirdparty_id", "sign", "other_settle_params"}
DAY = 86_400
NONCE = "ABCDEF0123456789ABCDEF0123456789"


class Simulated:
    """A world with nothing but Douyin in it; notifications are kept instead of sent."""

    def __init__(self) -> None:
        self.world = World(Settings(seed=7), clock=Clock(lambda: START_S), providers={"douyin": DouyinSim})
        self.notified: list[Delivery] = []
        self.world.notify = self.notified.append  # type: ignore[method-assign,assignment]
        provider = self.world.providers["douyin"]
        assert isinstance(provider, DouyinSim)
        self.douyin = provider

    def route(
        self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        path = target.partition("?")[0]
        for route in self.douyin.routes():
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path), path)
            if found and route.method == method:
                request = Request(
                    method=method,
                    target=target,
                    headers=CIMultiDictProxy(CIMultiDict(headers or {})),
                    body=body,
                    params=found.groupdict(),
                )
                return route.handler(request)
        raise LookupError(target)

    def post(self, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return read(self.route("POST", path, json.dumps(body).encode(), named))

    def control(self, name: str, **body: Any) -> Any:
        answer = self.route("POST", f"/_sim/douyin/{name}", json.dumps(body).encode())
        return json.loads(answer.body) | ({} if answer.status == 200 else {"status": answer.status})

    def shop(self, pid: str = "default") -> "Shop":
        return Shop(self, pid)

    def trade(self, pid: str = "certs") -> "TradeShop":
        return TradeShop(self, pid)

    async def advance(self, seconds: float) -> None:
        await self.world.advance(seconds)

    def told(self) -> list[dict[str, Any]]:
        """The message of every notification so far."""
        return [message(delivery) for delivery in self.notified]


def read(answer: Answer) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(answer.body)
    return value


def envelope(delivery: Delivery, attempt: int = 0) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(delivery.build(attempt).body)
    return body


def message(delivery: Delivery) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(envelope(delivery)["msg"])
    return told


def ecpay_sign(fields: dict[str, Any], salt: str) -> str:
    values = [shown(value).strip() for name, value in fields.items() if name not in UNSIGNED]
    return hashlib.md5("&".join(sorted([*filter(None, values), salt])).encode()).hexdigest()


def shown(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


class Shop:
    """The mini program of a merchant under guaranteed payment."""

    def __init__(self, simulated: Simulated, pid: str) -> None:
        self.simulated = simulated
        self.pid = pid
        self.refresh()
        self.extra: dict[str, Any] = {}
        self.headers: dict[str, str] = {}

    def refresh(self) -> None:
        merchant = self.simulated.world.merchants[self.pid]
        self.node = self.simulated.douyin.config_row(merchant)["douyin"]["mp-toutiao"]
        self.app_id: str = self.node["appId"]
        self.mch_id: str = self.node["mchId"]

    def signed(self, fields: dict[str, Any]) -> dict[str, Any]:
        sent = {"app_id": self.app_id, **self.extra, **fields}
        return {**sent, "sign": ecpay_sign(sent, self.node["salt"])}

    def call(self, name: str, /, **fields: Any) -> dict[str, Any]:
        """A signed call; the answer. A field given as ``None`` is left out."""
        kept = {key: value for key, value in fields.items() if value is not None}
        return self.simulated.post(self.path(name), self.signed(kept), **self.headers)

    def get(self, path: str, **params: Any) -> Answer:
        return self.simulated.route("GET", f"{path}?{urlencode(self.signed(params))}")

    @staticmethod
    def path(name: str) -> str:
        return (SAAS if "merchant" in name or "withdraw" in name else V1) + name

    def created(self, number: str = "T1", total: int = 1000, **fields: Any) -> dict[str, Any]:
        answer = self.call("create_order", **order(number, total) | fields)
        assert answer["err_no"] == 0, answer
        data: dict[str, Any] = answer["data"]
        return data

    def paid(self, number: str = "T1", total: int = 1000, channel: str = "wxpay", **fields: Any) -> None:
        self.created(number, total, **fields)
        self.simulated.douyin.pay(number, channel=channel)

    def status(self, number: str = "T1") -> str:
        answer = self.call("query_order", out_order_no=number)
        return str(answer["payment_info"]["order_status"] if answer["err_no"] == 0 else answer["err_no"])

    def refund(self, number: str, amount: int, order_no: str = "T1", **fields: Any) -> dict[str, Any]:
        asked = {
            "out_order_no": order_no,
            "out_refund_no": number,
            "reason": "破损",
            "refund_amount": amount,
            "notify_url": NOTIFY_URL,
        }
        return self.call("create_refund", **asked | fields)

    def refund_status(self, number: str) -> str:
        answer = self.call("query_refund", out_refund_no=number)
        return str(answer["refundInfo"]["refund_status"] if answer["err_no"] == 0 else answer["err_no"])

    def settle(self, number: str, order_no: str = "T1", **fields: Any) -> dict[str, Any]:
        asked = {
            "out_settle_no": number,
            "out_order_no": order_no,
            "settle_desc": "主动结算",
            "notify_url": NOTIFY_URL,
        }
        return self.call("settle", **asked | fields)

    def balance(self, channel: str = "wx") -> dict[str, int]:
        answer = self.call("query_merchant_balance", merchant_uid=self.mch_id, channel_type=channel)
        info: dict[str, int] = answer["account_info"]
        return info

    def verify(self, delivery: Delivery, token: str | None = None) -> dict[str, Any]:
        """The envelope, after its signature was checked."""
        found = envelope(delivery)
        text = "".join(
            sorted([token or self.node["token"], found["timestamp"], found["nonce"], found["msg"]])
        )
        assert found["msg_signature"] == hashlib.sha1(text.encode()).hexdigest()
        return found


def order(number: str = "T1", total: int = 1000, **fields: Any) -> dict[str, Any]:
    return {
        "out_order_no": number,
        "total_amount": total,
        "subject": "一斤茶叶",
        "body": "一斤茶叶",
        "valid_time": 600,
        "notify_url": NOTIFY_URL,
        **fields,
    }


class TradeShop(Shop):
    """The mini program of a merchant in the general trade system."""

    def __init__(self, simulated: Simulated, pid: str) -> None:
        super().__init__(simulated, pid)
        self.key: Any = load_pem_private_key(self.node["appPrivateKeyContent"].encode(), None)
        self.platform: Any = load_pem_public_key(self.node["douyinPublicKeyContent"].encode())
        self.access = ""

    def authorization(self, data: str, **parts: str) -> str:
        values = {
            "appid": self.app_id,
            "nonce_str": NONCE,
            "timestamp": "1767196800",
            "key_version": "1",
        } | parts
        text = f"POST\n/requestOrder\n{values['timestamp']}\n{NONCE}\n{data}\n"
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        values.setdefault("signature", base64.b64encode(signature).decode())
        return "SHA256-RSA2048 " + ",".join(f"{name}={value}" for name, value in values.items())

    def request_order(self, data: dict[str, Any] | str, **parts: str) -> dict[str, Any]:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        answer: dict[str, Any] = self.simulated.control(
            "request-order", data=text, byteAuthorization=self.authorization(text, **parts)
        )
        return answer

    def ordered(self, number: str = "T1", total: int = 1000, **fields: Any) -> dict[str, Any]:
        answer = self.request_order(goods(number, total) | fields)
        assert "orderId" in answer, answer
        return answer

    def bought(self, number: str = "T1", total: int = 1000, channel: str = "wxpay", **fields: Any) -> str:
        """A paid order; gives Douyin's number."""
        order_id = str(self.ordered(number, total, **fields)["orderId"])
        self.simulated.douyin.pay(number, channel=channel)
        return order_id

    def token(self) -> str:
        body = {
            "client_key": self.app_id,
            "client_secret": self.node["secret"],
            "grant_type": "client_credential",
        }
        answer = self.simulated.post("/oauth/client_token/", body)
        assert answer["message"] == "success", answer
        return str(answer["data"]["access_token"])

    def ask(self, name: str, /, **body: Any) -> dict[str, Any]:
        self.access = self.access or self.token()
        path = name if name.startswith("/") else f"{BASIC}{name}/"
        return self.simulated.post(path, body, access_token=self.access)

    def ask_refund(self, number: str, amount: int, order_id: str, **fields: Any) -> dict[str, Any]:
        asked = {
            "order_id": order_id,
            "out_refund_no": number,
            "refund_total_amount": amount,
            "refund_reason": [{"code": 101, "text": "不想要了"}],
            "order_entry_schema": {"path": "pages/order", "params": "{}"},
            "cp_extra": "x",
            "notify_url": NOTIFY_URL,
        }
        return self.ask("refund_create", **asked | fields)

    def verify(self, delivery: Delivery, token: str | None = None) -> dict[str, Any]:
        outgoing = delivery.build(0)
        headers = outgoing.headers
        text = f"{headers['Byte-Timestamp']}\n{headers['Byte-Nonce-Str']}\n".encode() + outgoing.body + b"\n"
        self.platform.verify(
            base64.b64decode(headers["Byte-Signature"]), text, padding.PKCS1v15(), hashes.SHA256()
        )
        body: dict[str, Any] = json.loads(outgoing.body)
        return body


def goods(number: str = "T1", total: int = 1000, **fields: Any) -> dict[str, Any]:
    sku = {
        "skuId": "1",
        "price": total,
        "quantity": 1,
        "title": "一斤茶叶",
        "imageList": ["https://dummyimage.com/234x60"],
        "type": 301,
        "tagGroupId": "tag_group_7272625659888058380",
    }
    return {
        "skuList": [sku],
        "outOrderNo": number,
        "totalAmount": total,
        "payExpireSeconds": 600,
        "payNotifyUrl": NOTIFY_URL,
        "orderEntrySchema": {"path": "pages/order", "params": "{}"},
        **fields,
    }
