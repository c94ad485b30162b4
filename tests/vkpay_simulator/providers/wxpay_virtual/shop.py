"""A merchant's server and its user's phone for the tests, written from WeChat's pages."""

import hashlib
import hmac
import json
import re
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qsl, urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator.actions import log_in
from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.providers.wxpay_virtual import WxpayVirtualSim
from vkpay_simulator.providers.wxpay_virtual.accounts import App
from vkpay_simulator.world import World

NO = "T2026010100000001"
USER_IP = "203.0.113.9"
Json = dict[str, Any]


def hmac_hex(key: str, text: bytes) -> str:
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()


def sha1_sorted(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


class Shop:
    """One mini program with one user, who has logged in."""

    def __init__(self, world: World, sim: WxpayVirtualSim, sent: list[Delivery]) -> None:
        self.world, self.sim, self.sent = world, sim, sent
        self.app: App = sim.accounts.of("default")
        self.routes = [route for one in world.providers.values() for route in one.routes()]
        self.token = self.stable_token()["access_token"]
        self.openid, self.session_key = self.login()

    # Calls

    def send(self, request: Request) -> Answer:
        route, request = self.match(request)
        return route.handler(request)

    def match(self, request: Request) -> tuple[Route, Request]:
        for route in self.routes:
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

    def request(self, method: str, target: str, body: bytes = b"") -> Request:
        headers = CIMultiDictProxy(CIMultiDict({"Content-Type": "application/json"}))
        return Request(method=method, target=target, headers=headers, body=body)

    def get(self, path: str, **query: str) -> Json:
        answer = self.send(self.request("GET", f"{path}?{urlencode(query)}"))
        given: Json = json.loads(answer.body)
        return given

    def post(self, path: str, body: Any) -> Json:
        answer = self.send(self.request("POST", path, json.dumps(body).encode()))
        given: Json = json.loads(answer.body)
        return given

    def call(
        self, name: str, body: Any, *, signed: bool | None = None, env: int | None = 0, **query: Any
    ) -> Json:
        """A call under /xpay/; ``query`` replaces parameters, ``None`` leaves one out."""
        given: Json = json.loads(self.answer(name, body, signed=signed, env=env, **query).body)
        return given

    def answer(
        self, name: str, body: Any, *, signed: bool | None = None, env: int | None = 0, **query: Any
    ) -> Answer:
        return self.send(self.signed_request(name, body, signed=signed, env=env, **query))

    def signed_request(
        self, name: str, body: Any, *, signed: bool | None = None, env: int | None = 0, **query: Any
    ) -> Request:
        if isinstance(body, dict) and env is not None:
            body = {"env": env, **body}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = f"/xpay/{name}"
        needs = (
            name in ("query_user_balance", "currency_pay", "cancel_currency_pay")
            if signed is None
            else signed
        )
        parameters = {
            "access_token": self.token,
            "pay_sig": hmac_hex(self.app.app_keys[env or 0], path.encode() + b"&" + raw),
            **({"signature": hmac_hex(self.session_key, raw)} if needs else {}),
            **query,
        }
        kept = {name: value for name, value in parameters.items() if value is not None}
        return self.request("POST", f"{path}?{urlencode(kept)}", raw)

    def stable_token(self, *, force: bool = False, **changed: Any) -> Json:
        body = {
            "grant_type": "client_credential",
            "appid": self.app.appid,
            "secret": self.app.secret,
            "force_refresh": force,
        }
        return self.post("/cgi-bin/stable_token", body | changed)

    def login(self, openid: str | None = None) -> tuple[str, str]:
        code = log_in(self.world, self.app.appid, openid)["code"]
        session = self.code2session(code)
        return session["openid"], session["session_key"]

    def code2session(self, code: str, **changed: str) -> Json:
        query = {
            "appid": self.app.appid,
            "secret": self.app.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        return self.get("/sns/jscode2session", **(query | changed))

    # The phone

    def sign_data(self, mode: str = "short_series_goods", **changed: Any) -> str:
        data: Json = {
            "offerId": self.app.offer_id,
            "buyQuantity": 1 if mode == "short_series_goods" else 100,
            "env": 0,
            "currencyType": "CNY",
            "outTradeNo": NO,
            "attach": "",
        }
        if mode == "short_series_goods":
            data |= {"productId": "vip30", "goodsPrice": 990}
        return json.dumps({name: value for name, value in (data | changed).items() if value is not None})

    def ask(self, mode: str = "short_series_goods", *, sign_data: str | None = None, **changed: Any) -> Json:
        """What the phone is called with; what is not of the attempt itself changes signData."""
        own = {"openid", "action", "errCode", "paySig", "signature", "channel"}
        data = sign_data
        if data is None:
            data = self.sign_data(mode, **{name: value for name, value in changed.items() if name not in own})
        env = 1 if changed.get("env") == 1 else 0
        key = self.app.app_keys[env]
        attempt = {
            "openid": self.openid,
            "mode": mode,
            "signData": data,
            "paySig": hmac_hex(key, b"requestVirtualPayment&" + data.encode()),
            "signature": hmac_hex(self.session_key, data.encode()),
            "action": "pay",
        }
        return attempt | {name: value for name, value in changed.items() if name in own}

    def buy(self, mode: str = "short_series_goods", **changed: Any) -> Json:
        return self.post("/_sim/wxpay-virtual/request-virtual-payment", self.ask(mode, **changed))

    def change(self, **changed: Any) -> Json:
        return self.post("/_sim/wxpay-virtual/account", changed)

    # Orders and coins

    def order(self, number: str = NO, env: int = 0) -> Json:
        answer = self.call("query_order", {"openid": self.openid, "order_id": number}, env=env)
        assert answer["errcode"] == 0, answer
        order: Json = answer["order"]
        return order

    def refund(self, fee: int = 990, left: int = 990, number: str = "R20260001", **changed: Any) -> Json:
        body = {
            "openid": self.openid,
            "order_id": NO,
            "refund_order_id": number,
            "left_fee": left,
            "refund_fee": fee,
            "biz_meta": "",
            "refund_reason": "3",
            "req_from": "2",
        } | changed
        return self.call("refund_order", {name: value for name, value in body.items() if value is not None})

    def balance(self) -> Json:
        return self.call("query_user_balance", {"openid": self.openid, "user_ip": USER_IP})

    def spend(self, amount: int = 30, number: str = "C1", **changed: Any) -> Json:
        body = {
            "openid": self.openid,
            "user_ip": USER_IP,
            "amount": amount,
            "order_id": number,
            "payitem": '[{"productid":"chapter","unit_price":30,"quantity":1}]',
            "remark": "",
            "device_type": 1,
        }
        return self.call("currency_pay", body | changed)

    def take_back(self, amount: int = 30, number: str = "CR1", of: str = "C1", **changed: Any) -> Json:
        body = {
            "openid": self.openid,
            "user_ip": USER_IP,
            "pay_order_id": of,
            "order_id": number,
            "amount": amount,
            "device_type": 1,
        }
        return self.call("cancel_currency_pay", body | changed)

    def present(self, amount: int = 20, number: str = "P1", **changed: Any) -> Json:
        return self.call(
            "present_currency",
            {"openid": self.openid, "order_id": number, "amount": amount, "device_type": 1} | changed,
        )

    # Pushes

    def opened(self, outgoing: Outgoing) -> Json:
        """The event of a push in JSON whose signature holds, decrypted where it is encrypted."""
        query = dict(parse_qsl(outgoing.query))
        push = self.app.push
        assert query["signature"] == sha1_sorted(push.token, query["timestamp"], query["nonce"])
        body: Json = json.loads(outgoing.body)
        if "Encrypt" not in body:
            assert "msg_signature" not in query
            return body
        sealed = body["Encrypt"]
        parts = push.token, query["timestamp"], query["nonce"], sealed
        assert (query["encrypt_type"], query["msg_signature"]) == ("aes", sha1_sorted(*parts))
        event: Json = json.loads(self.unsealed(sealed))
        return event

    def unsealed(self, sealed: str) -> bytes:
        key = b64decode(self.app.push.aes_key + "=")
        decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
        padded = decryptor.update(b64decode(sealed)) + decryptor.finalize()
        framed = padded[: -padded[-1]]
        length = int.from_bytes(framed[16:20])
        assert framed[20 + length :].decode() == self.app.appid
        return framed[20 : 20 + length]
