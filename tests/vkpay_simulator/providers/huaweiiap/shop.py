"""A merchant of the tests: makes its tokens and checks what Huawei signs by itself, from its config row alone."""

import base64
import hashlib
import json
import re
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator.clock import Clock
from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.providers.huaweiiap import HuaweiIapSim
from vkpay_simulator.sender import NoReplyError, Reply
from vkpay_simulator.world import Settings, World

START_S = 1_767_225_600.0  # 2026-01-01 00:00:00 UTC
START_MS = int(START_S * 1000)
ES256 = ec.ECDSA(hashes.SHA256())
ORDER = "/order/harmony/v1/application"
APPLICATION = "/harmony/v1/application"
REVIEW = "/post-sales/harmony/v1/transactions/refund/result"
MARK = x509.ObjectIdentifier("1.3.6.1.4.1.2011.2.415.1.1")


class Simulated:
    """A world with nothing but IAP Kit in it, and a merchant's server that answers what it is told to."""

    def __init__(self, seed: int = 7) -> None:
        self.world = World(
            Settings(seed=seed), clock=Clock(lambda: START_S), providers={"huaweiiap": HuaweiIapSim}
        )
        provider = self.world.providers["huaweiiap"]
        assert isinstance(provider, HuaweiIapSim)
        self.huawei = provider
        self.status: int | None = 200
        self.arrived: list[tuple[int, str, bytes]] = []
        self.world.sender.post = self._post

    async def _post(self, url: str, outgoing: Outgoing, _timeout_s: float) -> Reply:
        self.arrived.append((self.world.clock.now(), url, outgoing.body))
        if self.status is None:
            raise NoReplyError("no answer within 5 s")
        return Reply(self.status, b"")

    def request(self, path: str, body: bytes = b"", **headers: str) -> Request:
        return Request(method="POST", target=path, headers=CIMultiDictProxy(CIMultiDict(headers)), body=body)

    def post(self, path: str, body: bytes = b"", **headers: str) -> Answer:
        (route,) = [one for one in self.huawei.routes() if re.fullmatch(one.path, path)]
        assert route.method == "POST"
        return route.handler(self.request(path, body, **headers))

    def control(self, what: str, **body: Any) -> Any:
        answer = self.post(f"/_sim/huaweiiap/{what}", json.dumps(body).encode())
        return json.loads(answer.body) | ({} if answer.status == 200 else {"status": answer.status})

    def shop(self, pid: str = "default") -> "Shop":
        return Shop(self, pid)

    async def settle(self) -> None:
        """Whatever is due by now has happened."""
        await self.world.advance(0)


class Shop:
    """One merchant's app."""

    def __init__(self, simulated: Simulated, pid: str) -> None:
        self.simulated = simulated
        self.pid = pid
        row = simulated.huawei.config_row(simulated.world.merchants[pid])
        self.node = row["huaweiiap"]["app-harmony"]
        self.key: Any = load_pem_private_key(self.node["privateKey"].encode(), None)
        self.root = x509.load_pem_x509_certificate(self.node["rootCert"].encode())

    def token(self, body: bytes, *, kid: str | None = None, alg: str = "ES256", **claims: Any) -> str:
        """A token as Huawei's documentation has it."""
        usual = {
            "iss": self.node["issuerId"],
            "aud": "iap-v1",
            "iat": int(START_S),
            "exp": int(START_S) + 3600,
            "aid": self.node["appId"],
            "digest": hashlib.sha256(body).hexdigest(),
        }
        header = {"alg": alg, "typ": "JWT", "kid": kid or self.node["keyId"]}
        signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(usual | claims).encode())}"
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ES256))
        return f"{signed}.{b64(r.to_bytes(32) + s.to_bytes(32))}"

    def send(self, path: str, body: Any = None, *, token: str | None = None) -> Answer:
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        given = self.token(content) if token is None else token
        return self.simulated.post(path, content, Authorization=f"Bearer {given}")

    def ask(self, path: str, body: Any = None) -> Any:
        """The fields of a success."""
        said = self.said(path, body)
        assert said.pop("responseCode") == "0", said
        assert said.pop("responseMessage") == "success"
        return said

    def code(self, path: str, body: Any = None) -> str:
        """The error's code."""
        said = self.said(path, body)
        assert sorted(said) == ["responseCode", "responseMessage"]
        return str(said["responseCode"])

    def said(self, path: str, body: Any) -> Any:
        answer = self.send(path, body)
        assert answer.status == 200, answer.explain
        said = json.loads(answer.body)
        assert (said["responseCode"] == "0") is (answer.explain == "")
        return said

    def buys(self, **fields: Any) -> Any:
        asked = {"product_id": "coins", "price": 600, "developer_payload": "T1", "pid": self.pid, **fields}
        return self.simulated.control("purchase", **asked)

    def verified(self, token: str) -> dict[str, Any]:
        """What is signed, by the rule of Huawei's guide."""
        head, payload, signature = token.split(".")
        header = json.loads(unb64(head))
        assert header["alg"] == "ES256"
        leaf, between, root = (x509.load_der_x509_certificate(base64.b64decode(one)) for one in header["x5c"])
        assert root == self.root
        for certificate, issuer in ((leaf, between), (between, root), (root, root)):
            certificate.verify_directly_issued_by(issuer)
        assert leaf.extensions.get_extension_for_oid(MARK)
        raw = unb64(signature)
        der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        leaf.public_key().verify(der, f"{head}.{payload}".encode(), ES256)  # type: ignore[union-attr, call-arg, arg-type]
        content: dict[str, Any] = json.loads(unb64(payload))
        return content

    def arrived(self) -> list[dict[str, Any]]:
        """The notifications that were sent, verified."""
        return [self.verified(json.loads(body)["jwsNotification"]) for _, _, body in self.simulated.arrived]


def names(one: Any) -> dict[str, str]:
    """A purchase as the calls name it."""
    return {"purchaseOrderId": one["purchaseOrderId"], "purchaseToken": one["purchaseToken"]}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
