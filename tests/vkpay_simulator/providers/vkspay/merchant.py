"""A merchant of the tests: signs and reads by itself, from its config row alone."""

import hashlib
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator.clock import Clock
from vkpay_simulator.delivery import Delivery
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.vkspay import VkspaySim
from vkpay_simulator.world import Settings, World

START_S = 1_767_196_800.0  # 2026-01-01 00:00:00 in Beijing
NOTIFY_URL = "http://127.0.0.1:8000/notify"
JSON = "application/json; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
ORIGIN = "http://127.0.0.1:9200"
WECHAT = "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"
ALIPAY = "Mozilla/5.0 (Linux; Android 14) AlipayClient/10.6"
CODE = "134567890123456789"


class Simulated:
    """A world with nothing but VksPay in it; notifications are kept instead of sent."""

    def __init__(self) -> None:
        self.world = World(Settings(seed=7), clock=Clock(lambda: START_S), providers={"vkspay": VkspaySim})
        self.notified: list[Delivery] = []
        self.world.notify = self.notified.append  # type: ignore[method-assign,assignment]
        provider = self.world.providers["vkspay"]
        assert isinstance(provider, VkspaySim)
        self.vkspay = provider

    def request(self, method: str, target: str, body: bytes = b"", **headers: str) -> Request:
        sent = CIMultiDictProxy(CIMultiDict({k.replace("_", "-"): v for k, v in headers.items()}))
        return Request(method=method, target=target, headers=sent, body=body, origin=ORIGIN)

    def route(self, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        path = target.partition("?")[0]
        for route in self.vkspay.routes():
            if route.method == method and route.path == path:
                return route.handler(self.request(method, target, body, **headers))
        raise LookupError(target)

    def control(self, name: str, **body: Any) -> Any:
        answer = self.route("POST", f"/_sim/vkspay/{name}", json.dumps(body).encode())
        return json.loads(answer.body) | ({} if answer.status == 200 else {"status": answer.status})

    def shop(self, pid: str = "default") -> "Shop":
        return Shop(self, self.world.merchants[pid])

    def told(self) -> list[dict[str, str]]:
        """Every notification so far, as its fields."""
        return [form_of(delivery) for delivery in self.notified]


def form_of(delivery: Delivery) -> dict[str, str]:
    return dict(parse_qsl(delivery.build(0).body.decode(), strict_parsing=True))


class Shop:
    """One store. ``extra`` goes into every call."""

    def __init__(self, simulated: Simulated, merchant: Any) -> None:
        self.simulated = simulated
        self.pid: str = merchant.pid
        self.node = simulated.vkspay.config_row(merchant)["vkspay"]
        self.nonce = 11_111_111

    def sign(self, fields: dict[str, Any]) -> str:
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "sign")
        return hashlib.md5(f"{text}&key={self.node['key']}".encode()).hexdigest()

    def signed(self, method: str, **fields: Any) -> dict[str, Any]:
        """Signed parameters; one given as ``None`` is left out."""
        self.nonce += 1
        common = {
            "method": method,
            "merchantno": self.node["mchId"],
            "signaturenonce": str(self.nonce).replace("0", "1"),
            "timestamp": int(START_S),
            "version": "2.0",
        }
        kept = {name: value for name, value in (common | fields).items() if value is not None}
        return {**kept, "sign": self.sign(kept)}

    def send(self, fields: dict[str, Any], *, form: bool = False) -> Answer:
        body = urlencode(fields) if form else json.dumps(fields, ensure_ascii=False)
        return self.simulated.route("POST", "/api", body.encode(), content_type=FORM if form else JSON)

    def call(self, method: str, **fields: Any) -> dict[str, Any]:
        answer = self.send(self.signed(method, **fields))
        assert answer.status == 200
        content: dict[str, Any] = json.loads(answer.body)
        return content

    def why(self, method: str, **fields: Any) -> tuple[str, str, str]:
        """A refusal: code, text, and what the journal says."""
        answer = self.send(self.signed(method, **fields))
        content = json.loads(answer.body)
        return content["return_code"], content["return_msg"], answer.explain

    def order(self, amount: str = "10.00", **fields: Any) -> str:
        """A new cashier order; gives the number the gateway calls it by."""
        content = self.call("webpay", **{"total_fee": amount, "notify_url": NOTIFY_URL, **fields})
        assert content["return_code"] == "SUCCESS", content
        number: str = content["data"]["out_trade_no"]
        return number

    def paid(self, amount: str = "10.00", **fields: Any) -> str:
        number = self.order(amount, **fields)
        self.simulated.vkspay.pay(number, pid=self.pid)
        return number

    def micropay(self, auth_code: str = CODE, **fields: Any) -> dict[str, Any]:
        scanned = {
            "total_fee": "10.00",
            "auth_code": auth_code,
            "pay_chnl": "wxpay",
            "client_ip": "127.0.0.1",
            "cashier": "default",
            "kuantai": "default",
            "source": "default",
            "pay_cate": "pay",
        }
        return self.call("micropay", **{**scanned, **fields})

    def state(self, number: str) -> str:
        code: str = self.call("orderquery", out_trade_no=number)["return_code"]
        return code


def link_of(content: dict[str, Any]) -> str:
    """The pay link's path and query."""
    found = re.fullmatch(rf"{ORIGIN}(/pay\?o=[a-z0-9]+)", content["data"]["qrcode"])
    assert found, content
    return found[1]
