"""A merchant's till for the tests: it signs requests, checks the signature on every answer, opens notifications."""

import json
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.provider import WxpaySim
from vkpay_simulator.world import World

PKCS1, SHA256 = padding.PKCS1v15(), hashes.SHA256()
OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
NONCE = "593BEC0C930BF1AFEB40B4A08C8FB242"
NOTIFY = "http://127.0.0.1:8000/notify"
Json = dict[str, Any]


@dataclass(frozen=True)
class Result:
    status: int
    data: Any
    answer: Answer

    @property
    def code(self) -> str:
        return self.data["code"]

    @property
    def number(self) -> int:
        """The internal error number at the end of Request-ID."""
        return int(self.answer.headers["Request-ID"].rpartition("-")[2])


def signed(account: Account, method: str, target: str, body: bytes = b"", **changed: Any) -> str:
    """An Authorization header. ``changed`` replaces parameters, ``order`` and ``text`` (what is signed) too."""
    certificate = account.certificate
    values = {
        "mchid": account.mchid,
        "nonce_str": NONCE,
        "timestamp": "1767196800",
        "serial_no": certificate.serial,
    } | {name: value for name, value in changed.items() if name not in ("order", "text", "comma")}
    lines = [method, target, values["timestamp"], values["nonce_str"], body.decode(errors="surrogateescape")]
    text = changed.get("text", "".join(line + "\n" for line in lines).encode(errors="surrogateescape"))
    values.setdefault("signature", b64encode(certificate.key.sign(text, PKCS1, SHA256)).decode())
    order = changed.get("order", list(values))
    pairs = changed.get("comma", ",").join(f'{name}="{values[name]}"' for name in order)
    return f"WECHATPAY2-SHA256-RSA2048 {pairs}"


def match(routes: list[Route], request: Request) -> tuple[Route, Request]:
    for route in routes:
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path), request.path)
        if found and route.method == request.method:
            return route, Request(
                method=request.method,
                target=request.target,
                headers=request.headers,
                body=request.body,
                params=found.groupdict(),
            )
    raise LookupError(f"{request.method} {request.path}")


class Shop:
    """One merchant at the till."""

    def __init__(self, world: World, sim: WxpaySim, pid: str, sent: list[Delivery]) -> None:
        self.world, self.sim, self.sent = world, sim, sent
        self.account = sim.accounts.of(pid)
        self.routes = list(sim.routes())

    def request(
        self, method: str, target: str, body: Any = None, *, headers: Json | None = None, **changed: Any
    ) -> Request:
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {
            "Accept": "application/json",
            "User-Agent": "tests",
            "Content-Type": "application/json",
            "Authorization": signed(self.account, method, target, raw, **changed),
        } | (headers or {})
        kept = CIMultiDict({name: value for name, value in given.items() if value is not None})
        return Request(method=method, target=target, headers=CIMultiDictProxy(kept), body=raw)

    def send(self, request: Request) -> Result:
        route, request = match(self.routes, request)
        answer = route.handler(request)
        check_signed(self.sim, self.account, answer)
        return Result(answer.status, json.loads(answer.body) if answer.body else None, answer)

    def call(self, method: str, target: str, body: Any = None, **more: Any) -> Result:
        return self.send(self.request(method, target, body, **more))

    def post(self, target: str, body: Any = None, **more: Any) -> Result:
        return self.call("POST", target, body, **more)

    def get(self, target: str, **more: Any) -> Result:
        return self.call("GET", target, **more)

    # Orders

    def order(self, product: str = "jsapi", **changed: Any) -> Json:
        """The body of a create request; a field changed to ``None`` is left out."""
        app = {"app": "app", "jsapi": "mini"}.get(product, "official")
        body: Json = {
            "appid": self.account.appids[app],
            "mchid": self.account.mchid,
            "description": "Tea, 500 g",
            "out_trade_no": "T20260101000001",
            "notify_url": NOTIFY,
            "amount": {"total": 100, "currency": "CNY"},
        }
        if product == "jsapi":
            body["payer"] = {"openid": OPENID}
        if product == "h5":
            body["scene_info"] = {"payer_client_ip": "203.0.113.9", "h5_info": {"type": "Wap"}}
        return {name: value for name, value in (body | changed).items() if value is not None}

    def create(self, product: str = "jsapi", **changed: Any) -> Result:
        return self.post(f"/v3/pay/transactions/{product}", self.order(product, **changed))

    def query(self, out_trade_no: str = "T20260101000001") -> Result:
        return self.get(f"/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={self.account.mchid}")

    def close(self, out_trade_no: str = "T20260101000001") -> Result:
        target = f"/v3/pay/transactions/out-trade-no/{out_trade_no}/close"
        return self.post(target, {"mchid": self.account.mchid})

    def paid(self, product: str = "native", **changed: Any) -> Json:
        """A paid order's transaction object."""
        assert self.create(product, **changed).status == 200
        self.sim.pay(changed.get("out_trade_no", "T20260101000001"), pid=self.account.pid)
        return self.query(changed.get("out_trade_no", "T20260101000001")).data

    def code_order(self, ending: str = "99", **changed: Any) -> Json:
        order = self.order("codepay", notify_url=None) | {
            "payer": {"auth_code": f"1300000000000000{ending}"},
            "scene_info": {"store_info": {"out_id": "shop-1"}},
        }
        return {name: value for name, value in (order | changed).items() if value is not None}

    def scan_code(self, ending: str = "99", **changed: Any) -> Result:
        return self.post("/v3/pay/transactions/codepay", self.code_order(ending, **changed))

    def reverse(self, out_trade_no: str = "T20260101000001") -> Result:
        body = {"appid": self.account.appids["official"], "mchid": self.account.mchid}
        return self.post(f"/v3/pay/transactions/out-trade-no/{out_trade_no}/reverse", body)

    # Refunds and transfers

    def refund(self, fen: int = 40, number: str = "R1", **changed: Any) -> Result:
        body = {
            "out_trade_no": "T20260101000001",
            "out_refund_no": number,
            "amount": {"refund": fen, "total": 100, "currency": "CNY"},
        } | changed
        wanted = {name: value for name, value in body.items() if value is not None}
        return self.post("/v3/refund/domestic/refunds", wanted)

    def transfer(self, *, headers: Json | None = None, **changed: Any) -> Result:
        body = {
            "appid": self.account.appids["mini"],
            "out_bill_no": "B1",
            "transfer_scene_id": "1000",
            "openid": OPENID,
            "transfer_amount": 500,
            "transfer_remark": "prize",
            "transfer_scene_report_infos": [
                {"info_type": "活动名称", "info_content": "spring"},
                {"info_type": "奖励说明", "info_content": "first prize"},
            ],
        } | changed
        wanted = {name: value for name, value in body.items() if value is not None}
        return self.post("/v3/fund-app/mch-transfer/transfer-bills", wanted, headers=headers)

    def authorize(self, **changed: Any) -> Result:
        body = {
            "out_authorization_no": "AUTH1",
            "appid": self.account.appids["mini"],
            "openid": OPENID,
            "transfer_scene_id": "1000",
            "user_display_name": "wx_123456",
            "authorization_notify_url": NOTIFY,
        } | changed
        wanted = {name: value for name, value in body.items() if value is not None}
        return self.post("/v3/fund-app/mch-transfer/user-confirm-authorization", wanted)

    def authorized(self) -> str:
        """An authorisation in effect; its ``authorization_id``."""
        assert self.authorize().status == 200
        given: str = self.sim.settle_authorization("AUTH1", "confirm", pid=self.account.pid)[
            "authorization_id"
        ]
        self.sent.clear()
        return given

    # Ciphers

    def encrypted(self, text: str) -> tuple[str, Json]:
        """The text for a sensitive field, and the header that names the key."""
        key = self.account.public_key or self.account.platform[-1]
        secret = b64encode(key.key.public_key().encrypt(text.encode(), OAEP)).decode()
        return secret, {"Wechatpay-Serial": key.id}

    def decrypted(self, text: str) -> str:
        return self.account.certificate.key.decrypt(b64decode(text), OAEP).decode()

    def opened(self, outgoing: Outgoing) -> Json:
        """The resource of a notification whose signature holds."""
        key = known_key(self.sim, self.account, outgoing.headers["Wechatpay-Serial"])
        verify(key, outgoing.headers, outgoing.body)
        resource = json.loads(outgoing.body)["resource"]
        assert self.account.v3_key is not None
        plain = AESGCM(self.account.v3_key.encode()).decrypt(
            resource["nonce"].encode(),
            b64decode(resource["ciphertext"]),
            resource["associated_data"].encode(),
        )
        opened: Json = json.loads(plain)
        return opened


def known_key(sim: WxpaySim, account: Account, serial: str) -> RSAPublicKey:
    keys = [
        *account.platform,
        *([account.public_key] if account.public_key else []),
        sim.accounts.stranger_key,
    ]
    return next(key.key.public_key() for key in keys if key.id == serial)


def check_signed(sim: WxpaySim, account: Account, answer: Answer) -> None:
    assert answer.headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
    verify(known_key(sim, account, answer.headers["Wechatpay-Serial"]), answer.headers, answer.body)


def verify(key: RSAPublicKey, headers: Any, body: bytes) -> None:
    text = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
    key.verify(b64decode(headers["Wechatpay-Signature"]), text, PKCS1, SHA256)
