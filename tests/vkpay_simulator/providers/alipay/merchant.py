"""A merchant of the tests: signs, verifies and decrypts by itself, from its config row alone."""

import base64
import hashlib
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator.clock import Clock
from vkpay_simulator.delivery import Delivery
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.alipay import AlipaySim
from vkpay_simulator.world import Settings, World

START_S = 1_767_196_800.0  # 2026-01-01 00:00:00 in Beijing
NOTIFY_URL = "http://127.0.0.1:8000/notify"
FORM = "application/x-www-form-urlencoded"


class Simulated:
    """A world with nothing but Alipay in it; notifications are kept instead of sent."""

    def __init__(self) -> None:
        self.world = World(Settings(seed=7), clock=Clock(lambda: START_S), providers={"alipay": AlipaySim})
        self.notified: list[Delivery] = []
        self.world.notify = self.notified.append  # type: ignore[method-assign,assignment]
        provider = self.world.providers["alipay"]
        assert isinstance(provider, AlipaySim)
        self.alipay = provider

    def route(self, method: str, target: str, **request: Any) -> Answer:
        path = target.partition("?")[0]
        for route in self.alipay.routes():
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path), path)
            if found and route.method == method:
                headers = CIMultiDictProxy(CIMultiDict(request.pop("headers", {})))
                params = found.groupdict()
                return route.handler(
                    Request(method=method, target=target, headers=headers, params=params, **request)
                )
        raise LookupError(target)

    @staticmethod
    def as_request(params: dict[str, str]) -> Request:
        target = f"/gateway.do?{urlencode(params)}"
        return Request(method="GET", target=target, headers=CIMultiDictProxy(CIMultiDict()))

    def control(self, name: str, **body: Any) -> Any:
        answer = self.route("POST", f"/_sim/alipay/{name}", body=json.dumps(body).encode())
        return json.loads(answer.body) | ({} if answer.status == 200 else {"status": answer.status})

    def shop(self, pid: str = "default", node: str = "h5") -> "Shop":
        return Shop(self, self.world.merchants[pid], node)

    async def advance(self, seconds: float) -> None:
        await self.world.advance(seconds)

    def told(self) -> list[dict[str, str]]:
        """Every notification so far, as its fields."""
        return [form_of(delivery) for delivery in self.notified]


def form_of(delivery: Delivery, attempt: int = 0, charset: str = "utf-8") -> dict[str, str]:
    return dict(parse_qsl(delivery.build(attempt).body.decode(), encoding=charset, strict_parsing=True))


class Shop:
    """One config node of one merchant."""

    def __init__(self, simulated: Simulated, merchant: Any, node: str) -> None:
        self.simulated = simulated
        self.node = simulated.alipay.config_row(merchant)["alipay"][node]
        self.pid: str = self.node["mchId"]
        self.simulated_pid: str = merchant.pid
        self.key: Any = load_der_private_key(base64.b64decode(self.node["privateKey"]), None)
        self.alipay_key: Any = load_der_public_key(base64.b64decode(self.node["alipayPublicKey"]))
        self.charset = "utf-8"
        self.extra: dict[str, str] = {}

    def sign(self, params: dict[str, str]) -> str:
        text = "&".join(f"{k}={v}" for k, v in sorted(params.items()) if k != "sign" and v)
        return self.sign_text(text)

    def sign_text(self, text: str) -> str:
        return base64.b64encode(
            self.key.sign(text.encode(self.charset), padding.PKCS1v15(), hashes.SHA256())
        ).decode()

    def params(self, method: str, biz: dict[str, Any] | None = None, **params: str | None) -> dict[str, str]:
        """Signed parameters; a parameter given as ``None`` is left out."""
        common = {
            "app_id": self.node["appId"],
            "method": method,
            "format": "JSON",
            "charset": self.charset,
            "sign_type": "RSA2",
            "timestamp": "2026-01-01 00:00:00",
            "version": "1.0",
            "biz_content": json.dumps(biz or {}, ensure_ascii=False),
            **self.certificate_numbers(),
            **self.extra,
            **params,
        }
        kept = {name: value for name, value in common.items() if value is not None}
        return {**kept, "sign": self.sign(kept)}

    def certificate_numbers(self) -> dict[str, str]:
        if "appCertContent" not in self.node:
            return {}
        app = x509.load_pem_x509_certificate(self.node["appCertContent"].encode())
        root = [
            x509.load_pem_x509_certificate(pem.encode())
            for pem in self.node["alipayRootCertContent"].split("\n\n")
        ]
        rsa = [
            one for one in root if one.signature_algorithm_oid.dotted_string.startswith("1.2.840.113549.1.1")
        ]
        return {"app_cert_sn": sn(app), "alipay_root_cert_sn": "_".join(map(sn, rsa))}

    def send(self, params: dict[str, str]) -> Answer:
        body = urlencode({k: v.encode(self.charset) for k, v in params.items()})
        return self.simulated.route("POST", "/gateway.do", body=body.encode(), headers={"Content-Type": FORM})

    def call(self, method: str, biz: dict[str, Any] | None = None, **params: str | None) -> dict[str, Any]:
        """The node's content, after its signature was checked over the very bytes."""
        return self.read(self.send(self.params(method, biz, **params)), method)

    def read(self, answer: Answer, method: str) -> dict[str, Any]:
        assert answer.status == 200
        text, signature = self.split(answer, method.replace(".", "_") + "_response")
        self.verify(text, signature)
        value: dict[str, Any] = json.loads(text)
        return value

    def split(self, answer: Answer, node: str) -> tuple[str, str]:
        body = answer.body.decode(self.charset)
        head = f'{{"{node}":'
        assert body.startswith(head), body
        _, end = json.JSONDecoder().raw_decode(body, len(head))
        return body[len(head) : end], json.loads(body)["sign"]

    def verify(self, text: str, signature: str) -> None:
        self.alipay_key.verify(
            base64.b64decode(signature), text.encode(self.charset), padding.PKCS1v15(), hashes.SHA256()
        )

    def verify_form(self, fields: dict[str, str]) -> None:
        """As for a notification: without sign and sign_type."""
        rest = {name: value for name, value in fields.items() if name not in ("sign", "sign_type")}
        self.verify("&".join(f"{k}={v}" for k, v in sorted(rest.items())), fields["sign"])

    def precreated(self, number: str = "T1", amount: str = "10.00", **biz: Any) -> dict[str, Any]:
        return self.call("alipay.trade.precreate", order(number, amount, **biz), notify_url=NOTIFY_URL)

    def paid(self, number: str = "T1", amount: str = "10.00", **biz: Any) -> str:
        """A paid order; gives Alipay's number."""
        self.precreated(number, amount, **biz)
        view = self.simulated.alipay.pay(number, payer="2088000000012345")
        assert view.transaction_id is not None
        return view.transaction_id

    def query(self, number: str = "T1") -> dict[str, Any]:
        return self.call("alipay.trade.query", {"out_trade_no": number})

    def state(self, number: str = "T1") -> str:
        answer = self.query(number)
        state: str = answer.get("trade_status") or answer["sub_code"]
        return state


def sn(certificate: x509.Certificate) -> str:
    text = certificate.issuer.rfc4514_string() + str(certificate.serial_number)
    return hashlib.md5(text.encode()).hexdigest()


def order(number: str = "T1", amount: str = "10.00", **biz: Any) -> dict[str, Any]:
    return {"out_trade_no": number, "total_amount": amount, "subject": "一斤茶叶", **biz}
