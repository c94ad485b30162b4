"""A merchant of the tests: signs, verifies and reads by itself, from its config row alone.

Signatures of Huawei Pay are checked with a third-party package, keys in use are generated for tests.
"""

import json
import re
from base64 import b64decode, b64encode
from typing import Any

import gmssl_pyx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator.clock import Clock
from vkpay_simulator.delivery import Delivery
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.huawei import HuaweiSim
from vkpay_simulator.providers.huawei.accounts import Account
from vkpay_simulator.world import Settings, World

START_S = 1_767_196_800.0  # 2026-01-01 00:00:00 in Beijing
NOTIFY_URL = "http://127.0.0.1:8000/notify"
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
PREPAY = "/api/v2/aggr/preorder/create/fa"
QUERY = "/api/v2/aggr/transactions/merc-orders/"
CLOSE = "/api/v1/aggr/transactions/orders/close"
REFUNDS = "/api/v1/aggr/transactions/refunds"
Json = dict[str, Any]


def plain(value: Any) -> str:
    """The text of the guide's rules, written once more."""
    if isinstance(value, dict):
        return "&".join(f"{name}={plain(value[name])}" for name in sorted(value) if value[name] is not None)
    if isinstance(value, list):
        return ",".join(plain(item) for item in value if item is not None)
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


class Simulated:
    """A world with nothing but Huawei Pay in it; notifications are kept instead of sent."""

    def __init__(self, seed: int = 7) -> None:
        settings = Settings(seed=seed)
        self.world = World(settings, clock=Clock(lambda: START_S), providers={"huawei": HuaweiSim})
        self.notified: list[Delivery] = []
        self.traces = 0
        self.world.notify = self.notified.append  # type: ignore[method-assign,assignment]
        provider = self.world.providers["huawei"]
        assert isinstance(provider, HuaweiSim)
        self.huawei = provider

    def route(self, request: Request) -> Answer:
        for route in self.huawei.routes():
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path), request.path)
            if found and route.method == request.method:
                return route.handler(
                    Request(
                        method=request.method,
                        target=request.target,
                        headers=request.headers,
                        body=request.body,
                        params=found.groupdict(),
                    )
                )
        raise LookupError(f"{request.method} {request.path}")

    def control(self, name: str, **body: Any) -> Any:
        request = Request(
            method="POST",
            target=f"/_sim/huawei/{name}",
            headers=CIMultiDictProxy(CIMultiDict()),
            body=json.dumps(body).encode(),
        )
        answer = self.route(request)
        return json.loads(answer.body) | ({} if answer.status == 200 else {"status": answer.status})

    def shop(self, pid: str = "default", node: str = "mp-harmony") -> "Shop":
        return Shop(self, pid, node)

    def told(self) -> list[Json]:
        """Every callback so far, each with a signature that holds."""
        return [self.opened(delivery) for delivery in self.notified]

    def opened(self, delivery: Delivery, attempt: int = 0) -> Json:
        outgoing = delivery.build(attempt)
        assert outgoing.headers == {"Content-Type": "application/json;charset=UTF-8"}
        return self.shop().verified(outgoing.body)


class Result:
    """An answer whose signature holds."""

    def __init__(self, data: Json, answer: Answer) -> None:
        self.data, self.answer = data, answer

    @property
    def code(self) -> str:
        """``000000``, or the subCode of a refusal."""
        result: str = self.data.get("subCode", self.data["resultCode"])
        return result

    @property
    def explain(self) -> str:
        return self.answer.explain


class Shop:
    """One config node of one merchant."""

    def __init__(self, simulated: Simulated, pid: str, node: str) -> None:
        self.simulated, self.pid = simulated, pid
        merchant = simulated.world.merchants[pid]
        self.account: Account = merchant.accounts["huawei"]
        self.node: Json = simulated.huawei.config_row(merchant)["huawei"][node]

    def sign(self, text: bytes) -> str:
        pem = self.node["mchPrivateKey"]
        if self.account.certificates[self.node["mchAuthId"]].algorithm == "SM2":
            private = sm2_scalar(pem)
            public = self.account.certificates[self.node["mchAuthId"]].public
            return b64encode(gmssl_pyx.sm2_sign(private, public.point[1:], text)).decode()  # type: ignore[union-attr]
        key: Any = load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
        return b64encode(key.sign(text, PSS, hashes.SHA256())).decode()

    def verified(self, body: bytes) -> Json:
        """The JSON of an answer or a callback."""
        data: Json = json.loads(body)
        text = plain({name: value for name, value in data.items() if name != "sign"})
        point = bytes.fromhex(self.node["platformPublicKey"])
        assert gmssl_pyx.sm2_verify(point[1:], text.encode(), b64decode(data["sign"]))
        return data

    def auth(self, text: str, **changed: Any) -> Json:
        """The members of PayMercAuth; one changed to ``None`` is left out."""
        self.simulated.traces += 1
        members = {
            "callerId": self.node["mchId"],
            "traceId": f"trace{self.simulated.traces:020d}",
            "time": int(START_S * 1000),
            "authId": self.node["mchAuthId"],
            "bodySign": self.sign(text.encode()),
        } | changed
        header_sign = changed.get("headerSign", self.sign(plain(members).encode()))
        return {
            name: value
            for name, value in (members | {"headerSign": header_sign}).items()
            if value is not None
        }

    def request(
        self, method: str, target: str, body: Any = None, *, header: str | None = None, **changed: Any
    ) -> Request:
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        text = changed.pop("text", plain(body) if isinstance(body, dict) else target)
        given = json.dumps(self.auth(text, **changed)) if header is None else header
        headers = CIMultiDict({"PayMercAuth": given} if given else {})
        return Request(method=method, target=target, headers=CIMultiDictProxy(headers), body=raw)

    def call(self, method: str, target: str, body: Any = None, **more: Any) -> Result:
        answer = self.simulated.route(self.request(method, target, body, **more))
        assert answer.status == 200
        return Result(self.verified(answer.body), answer)

    def post(self, target: str, body: Any, **more: Any) -> Result:
        return self.call("POST", target, body, **more)

    def get(self, target: str, **more: Any) -> Result:
        return self.call("GET", target, **more)

    def order(self, **changed: Any) -> Json:
        """The body of a prepayment; a field changed to ``None`` is left out."""
        body: Json = {
            "appId": self.node["appId"],
            "mercNo": self.node["mchId"],
            "mercOrderNo": "T1",
            "tradeSummary": "Tea, 500 g",
            "totalAmount": 1000,
            "currency": "CNY",
            "callbackUrl": NOTIFY_URL,
        }
        return {name: value for name, value in (body | changed).items() if value is not None}

    def prepay(self, **changed: Any) -> Result:
        return self.post(PREPAY, self.order(**changed))

    def order_str(self, prepay_id: str, **changed: Any) -> str:
        members = {
            "app_id": self.node["appId"],
            "merc_no": self.node["mchId"],
            "prepay_id": prepay_id,
            "timestamp": str(int(START_S * 1000)),
            "noncestr": "1487b8a60ed9f9ecc0ba759fbec23f4f",
            "auth_id": self.node["mchAuthId"],
        } | changed
        members = {name: value for name, value in members.items() if value is not None}
        return json.dumps({"sign": self.sign(plain(members).encode()), **members})

    def request_payment(self, prepay_id: str, outcome: str = "pay", **changed: Any) -> Json:
        """Hands an order string to the buyer's phone."""
        order_str = self.order_str(prepay_id, **changed)
        result: Json = self.simulated.control("request-payment", order_str=order_str, outcome=outcome)
        return result

    def paid(self, **changed: Any) -> Json:
        """A paid order, as a query has it."""
        prepaid = self.prepay(**changed)
        assert prepaid.code == "000000", prepaid.explain
        assert self.request_payment(prepaid.data["prepayId"])["code"] == 0
        return self.query(changed.get("mercOrderNo", "T1")).data

    def query(self, number: str = "T1") -> Result:
        return self.get(QUERY + number)

    def close(self, number: str = "T1") -> Result:
        return self.post(CLOSE, {"mercOrderNo": number})

    def refund(self, fen: int | None = 400, number: str = "R1", **changed: Any) -> Result:
        body = {
            "mercOrderNo": "T1",
            "mercRefundOrderNo": number,
            "refundAmount": fen,
            "callbackUrl": NOTIFY_URL,
        } | changed
        return self.post(REFUNDS, {name: value for name, value in body.items() if value is not None})

    def query_refund(self, number: str = "R1") -> Result:
        return self.get(f"{REFUNDS}/merc-orders/{number}")


def sm2_scalar(pem: str) -> bytes:
    """The private number in a PKCS #8 key as the simulator writes it."""
    der = b64decode("".join(line for line in pem.splitlines() if not line.startswith("-")))
    at = der.index(bytes.fromhex("0201010420"))
    return der[at + 5 : at + 37]
