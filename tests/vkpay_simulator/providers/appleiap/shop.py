"""A merchant of the tests: makes its tokens and checks what Apple signs by itself, from its config row alone."""

import base64
import json
import re
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator.clock import Clock
from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.appleiap import AppleSim
from vkpay_simulator.sender import NoReplyError, Reply
from vkpay_simulator.world import Settings, World

START_S = 1_767_225_600.0  # 2026-01-01 00:00:00 UTC
START_MS = int(START_S * 1000)
TOKEN = "0b0c1c0e-6f0a-4a52-9c0b-0d4b5f1c2a33"
COINS, PREMIUM = "com.example.coins", "com.example.premium"
RENEWABLE = "Auto-Renewable Subscription"
ES256 = ec.ECDSA(hashes.SHA256())


class Simulated:
    """A world with nothing but Apple in it, and a merchant's server that answers what it is told to."""

    def __init__(self, seed: int = 7) -> None:
        self.world = World(
            Settings(seed=seed), clock=Clock(lambda: START_S), providers={"appleiap": AppleSim}
        )
        provider = self.world.providers["appleiap"]
        assert isinstance(provider, AppleSim)
        self.apple = provider
        self.status: int | None = 200
        self.arrived: list[tuple[int, str, bytes]] = []
        self.world.sender.post = self._post

    async def _post(self, url: str, outgoing: Outgoing, _timeout_s: float) -> Reply:
        self.arrived.append((self.world.clock.now(), url, outgoing.body))
        if self.status is None:
            raise NoReplyError("no answer within 5 s")
        return Reply(self.status, b"")

    def route(self, method: str, target: str, **request: Any) -> Answer:
        path = target.partition("?")[0]
        for route in self.apple.routes():
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path), path)
            if found and route.method == method:
                headers = CIMultiDictProxy(CIMultiDict(request.pop("headers", {})))
                return route.handler(
                    Request(
                        method=method, target=target, headers=headers, params=found.groupdict(), **request
                    )
                )
        raise LookupError(f"{method} {target}")

    def control(self, what: str, **body: Any) -> Any:
        answer = self.route("POST", f"/_sim/appleiap/{what}", body=json.dumps(body).encode())
        return json.loads(answer.body) | ({} if answer.status == 200 else {"status": answer.status})

    def shop(self, pid: str = "default", environment: str = "Sandbox") -> "Shop":
        return Shop(self, pid, environment)

    async def settle(self) -> None:
        """Whatever is due by now has happened."""
        await self.world.advance(0)

    async def advance(self, seconds: float) -> None:
        await self.world.advance(seconds)


class Shop:
    """One merchant's app in one environment."""

    def __init__(self, simulated: Simulated, pid: str, environment: str) -> None:
        self.simulated = simulated
        self.pid = pid
        self.environment = environment
        self.prefix = "/sandbox" if environment == "Sandbox" else ""
        row = simulated.apple.config_row(simulated.world.merchants[pid])
        self.node = row["appleiap"]["app-plus"]
        self.key: Any = load_pem_private_key(self.node["privateKey"].encode(), None)
        self.root = x509.load_pem_x509_certificate(self.node["rootCert"].encode())

    def token(self, *, kid: str | None = None, alg: str = "ES256", **claims: Any) -> str:
        """A token as Apple's documentation has it; a claim given as ``None`` is left out."""
        usual = {
            "iss": self.node["issuerId"],
            "iat": int(START_S),
            "exp": int(START_S) + 300,
            "aud": "appstoreconnect-v1",
            "bid": self.node["bundleId"],
        }
        said = {name: value for name, value in (usual | claims).items() if value is not None}
        header = {"alg": alg, "kid": kid or self.node["keyId"], "typ": "JWT"}
        signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(said).encode())}"
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ES256))
        return f"{signed}.{b64(r.to_bytes(32) + s.to_bytes(32))}"

    def send(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> Answer:
        sent = {"Authorization": f"Bearer {token or self.token()}", **headers}
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        return self.simulated.route(method, self.prefix + path, body=content, headers=sent)

    def get(self, path: str, *query: tuple[str, str]) -> Any:
        """The body of a success."""
        return ok(self.send("GET", f"/inApps/{path}?{urlencode(query)}"))

    def code(self, method: str, path: str, body: Any = None) -> int:
        """The error's code, whose form is checked."""
        answer = self.send(method, f"/inApps/{path}", body)
        said = json.loads(answer.body)
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.explain
        assert sorted(said) == ["errorCode", "errorMessage"]
        assert answer.status == said["errorCode"] // 10000
        code: int = said["errorCode"]
        return code

    def buys(self, product_id: str = COINS, **fields: Any) -> dict[str, Any]:
        asked = {"pid": self.pid, "environment": self.environment, "product_id": product_id, **fields}
        bought: dict[str, Any] = self.simulated.control("purchase", **asked)
        assert "error" not in bought, bought
        return bought

    def subscribes(self, **fields: Any) -> dict[str, Any]:
        return self.buys(PREMIUM, type=RENEWABLE, **fields)

    def does(self, what: str, one: dict[str, Any], **fields: Any) -> Any:
        return self.simulated.control(what, transaction_id=one["transactionId"], **fields)

    def info(self, one: dict[str, Any]) -> dict[str, Any]:
        return self.verified(self.get(f"v1/transactions/{one['transactionId']}")["signedTransactionInfo"])

    def last(self, one: dict[str, Any]) -> dict[str, Any]:
        """The state of a subscription."""
        answer = self.get(f"v1/subscriptions/{one['transactionId']}")
        found: dict[str, Any] = answer["data"][0]["lastTransactions"][0]
        return found

    def verified(self, jws: str) -> dict[str, Any]:
        """The payload, once the chain up to the pinned root and the signature hold."""
        head, payload, signature = jws.split(".")
        header = json.loads(unb64(head))
        assert header["alg"] == "ES256"
        leaf, intermediate, _ = [
            x509.load_der_x509_certificate(base64.b64decode(one)) for one in header["x5c"]
        ]
        intermediate.verify_directly_issued_by(self.root)
        leaf.verify_directly_issued_by(intermediate)
        raw = unb64(signature)
        r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
        key: Any = leaf.public_key()
        key.verify(encode_dss_signature(r, s), f"{head}.{payload}".encode(), ES256)
        said: dict[str, Any] = json.loads(unb64(payload))
        return said

    def told(self) -> list[dict[str, Any]]:
        """Every notification that arrived, verified."""
        return [self.verified(json.loads(body)["signedPayload"]) for _, _, body in self.simulated.arrived]

    def events(self) -> list[str]:
        return [".".join(filter(None, (one["notificationType"], one.get("subtype")))) for one in self.told()]


def ok(answer: Answer) -> Any:
    assert answer.status == 200, answer
    return json.loads(answer.body) if answer.body else None


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
