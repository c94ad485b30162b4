"""A call of IAP Kit: a token over the body, and what the answer says. Answers are not signed; what they give out is."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from vkpay_async.crypto.jws import Jws, sign_es256, split, verify_es256
from vkpay_async.crypto.pem import load_certificate, load_ec_private_key
from vkpay_async.errors import InvalidArgument, SignatureInvalid
from vkpay_async.providers.base import Env, Flow, HttpRequest, off_loop
from vkpay_async.providers.huaweiiap.about import HuaweiIapNode
from vkpay_async.providers.huaweiiap.chain import Chains
from vkpay_async.providers.huaweiiap.errors import error_from, error_of_status, unreadable
from vkpay_async.providers.huaweiiap.models import UNREADABLE, Answer, Wire
from vkpay_async.version import VERSION

T = TypeVar("T")

AUDIENCE = "iap-v1"
TOKEN_LIFE_S = 600
SUCCESS = "0"
HTTP_OK = 200


class Gateway:
    """One app's way to IAP Kit."""

    def __init__(
        self, node: HuaweiIapNode, *, base_url: str, key: ec.EllipticCurvePrivateKey, chains: Chains, env: Env
    ) -> None:
        self.app_id = node.app_id
        self.env = env
        self._node = node
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._chains = chains

    def ask(self, name: str, model: type[T], path: str, json: Mapping[str, Any]) -> Flow[T]:
        """The answer of a POST, typed; a call of IAP Kit moves no money. Raises what it says."""
        body = _encoded(json)
        request = HttpRequest(
            method="POST",
            url=f"{self._base_url}{path}",
            headers={
                "Authorization": f"Bearer {self._token(body)}",
                "Content-Type": "application/json; charset=UTF-8",
                "Accept": "application/json",
                "User-Agent": f"vkpay-async/{VERSION}",
            },
            body=body,
            operation=name,
            timeout_ms=self._node.timeout,
        )
        response = yield request
        try:
            said = msgspec.json.decode(response.body, type=Answer)
            if said.code == SUCCESS and response.status == HTTP_OK:
                return msgspec.json.decode(response.body, type=model)
        except UNREADABLE as error:
            if response.status == HTTP_OK:
                raise unreadable(name, str(error), response) from error
            raise error_of_status(response, "") from error
        if response.status != HTTP_OK or not said.code:
            raise error_of_status(response, said.response_message or "")
        raise error_from(response, said.code, said.response_message or "no text came with it")

    def verified(self, text: str, model: type[T]) -> Flow[tuple[T, bytes]]:
        """What is signed, typed, and its JSON. Raises :class:`SignatureInvalid`."""
        return off_loop(lambda: self._verified(text, model))

    def all_verified(self, texts: list[str], model: type[T]) -> Flow[list[T]]:
        """As :meth:`verified`, of many."""
        return off_loop(lambda: [self._verified(text, model)[0] for text in texts])

    def _verified(self, text: str, model: type[T]) -> tuple[T, bytes]:
        jws = split(text)
        verify_es256(self._chains.key(jws.header, self._moment(jws)), jws)
        try:
            return msgspec.json.decode(jws.payload, type=model), jws.payload
        except UNREADABLE as error:
            raise SignatureInvalid(f"what is signed cannot be read: {error}") from error

    def _moment(self, jws: Jws) -> int:
        """When it was signed, which may be long ago; what claims to be from the future is looked at as of now."""
        now = self.env.now_ms()
        try:
            signed = msgspec.json.decode(jws.payload, type=_Signed).signed_time
        except UNREADABLE:
            return now
        return min(signed or now, now)

    def _token(self, body: bytes) -> str:
        now = self.env.now_ms() // 1000
        claims = {
            "iss": self._node.issuer_id,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + TOKEN_LIFE_S,
            "aid": self.app_id,
            "digest": sha256(body).hexdigest(),
        }
        return sign_es256(self._key, {"typ": "JWT", "kid": self._node.key_id}, claims)


class _Signed(Wire, frozen=True, kw_only=True):
    signed_time: int | None = None


def gateway_from(node: HuaweiIapNode, env: Env) -> Gateway:
    """Loads what a node's settings name. Raises :class:`ConfigError` naming file, node and key."""
    base_url = node.base_url or node.default_base_url
    if not base_url.startswith(("https://", "http://")):
        raise node.error("base_url", "must start with https:// (http:// for a simulator)")
    key = node.load("private_key", load_ec_private_key, "it is the API key's file from AppGallery Connect")
    root = node.load(
        "root_cert", load_certificate, "download it: https://pki.consumer.huawei.com/ca/cer/RootCaG2Ecdsa.cer"
    )
    return Gateway(node, base_url=base_url, key=key, chains=Chains(root), env=env)


def _encoded(json: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(json)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidArgument(f"cannot be written as JSON, change it in `json`: {error}") from error
