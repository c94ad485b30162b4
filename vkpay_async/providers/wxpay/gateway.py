"""Every call of API v3 takes this way: serialise once, sign those bytes, send them, verify the answer's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vkpay_async.config import Secret
from vkpay_async.crypto.aes import Gcm
from vkpay_async.crypto.pem import load_certificate, load_private_key
from vkpay_async.crypto.x509 import serial_hex
from vkpay_async.errors import (
    InvalidArgument,
    ProviderError,
    ResponseUnverified,
    SignatureInvalid,
    VKPayError,
)
from vkpay_async.models import JsonObject
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse, target_of
from vkpay_async.providers.bill import DOWNLOAD_MS, LARGEST_FILE
from vkpay_async.providers.wxpay.about import WxpayNode
from vkpay_async.providers.wxpay.certs import (
    PUBLIC_KEY_PREFIX,
    NamedKey,
    PlatformCertificate,
    UnknownSerial,
    Verifier,
    decrypt_certificates,
)
from vkpay_async.providers.wxpay.errors import Operation, error_from, unreadable
from vkpay_async.providers.wxpay.models import UNREADABLE
from vkpay_async.providers.wxpay.signing import MerchantKey
from vkpay_async.version import VERSION

T = TypeVar("T")

_HEADERS = {"Accept": "application/json", "User-Agent": f"vkpay-async/{VERSION}"}
_CERTIFICATES = Operation(name="wxpay.certificates", fetches_key=True)
_NO_CERTIFICATES = (
    "this merchant has no platform certificates and uses WeChat Pay's public key: download it in the merchant "
    "platform (account center → API security) and set wxpay_public_key and wxpay_public_key_id; if it should have "
    "certificates, set an APIv3 key there first"
)


class Gateway:
    """One node's way to WeChat Pay."""

    def __init__(
        self,
        *,
        base_url: str,
        timeout_ms: int | None,
        key: MerchantKey,
        verifier: Verifier,
        gcm: Gcm,
        env: Env,
    ) -> None:
        self.key = key
        self.verifier = verifier
        self.gcm = gcm
        self.env = env
        self._base_url = base_url.rstrip("/")
        self._prefix = target_of(self._base_url).rstrip("/")
        self._timeout_ms = timeout_ms

    def call(
        self,
        operation: Operation,
        method: str,
        target: str,
        json: Mapping[str, Any] | None = None,
        *,
        serial: str | None = None,
    ) -> Flow[HttpResponse]:
        """A verified success. ``serial`` names the key that fields were encrypted with. Raises what the answer says."""
        request = self._request(operation, method, target, json, serial)
        response = yield request
        if not 200 <= response.status < 300:
            raise error_from(response, operation, self.env.now_ms())
        try:
            unknown = self.verify(response.headers, response.body)
            if unknown is not None:
                yield from self.introduced(
                    unknown, response.headers, response.body, moves_money=operation.moves_money
                )
        except VKPayError as error:
            if not operation.moves_money:
                raise
            raise ResponseUnverified(
                f"{operation.name} was answered with a success that cannot be believed: {error.msg}; "
                "query with the same number before trying again"
            ) from error
        return response

    def ask(
        self,
        operation: Operation,
        decoder: msgspec.json.Decoder[T],
        method: str,
        target: str,
        json: Mapping[str, Any] | None = None,
        *,
        serial: str | None = None,
    ) -> Flow[tuple[T, JsonObject]]:
        """As :meth:`call`, and the answer typed, with the object it was read from."""
        response = yield from self.call(operation, method, target, json, serial=serial)
        try:
            return decoder.decode(response.body), JsonObject(response.body)
        except UNREADABLE as error:
            raise unreadable(operation, str(error), response) from error

    def verify(self, headers: Mapping[str, str], body: bytes) -> UnknownSerial | None:
        """``None`` where the signature holds, or who is to be :meth:`introduced`. Raises :class:`SignatureInvalid`."""
        try:
            self.verifier.verify(headers, body, self.env.now_ms())
        except UnknownSerial as unknown:
            return unknown
        return None

    def introduced(
        self,
        unknown: UnknownSerial,
        headers: Mapping[str, str],
        body: bytes,
        *,
        moves_money: bool = False,
        untrusted: bool = False,
    ) -> Flow[None]:
        """Fetches the certificates and verifies once more. Raises :class:`SignatureInvalid`.

        ``untrusted`` input may name serials as it likes: it makes us ask once in ten seconds at most.
        """
        refused = untrusted and not self.verifier.may_ask(self.env.now_ms())
        if refused or unknown.serial.startswith(PUBLIC_KEY_PREFIX):
            raise unknown
        yield from self._learn(unknown, moves_money=moves_money)
        self.verifier.verify(headers, body, self.env.now_ms())

    def download(self, *, moves_money: bool = False) -> Flow[list[PlatformCertificate]]:
        """Fetches the platform certificates and believes them. They are decrypted first: one of them vouches for them.

        With ``moves_money`` a call that does hangs on it, and a missing answer leaves that call's outcome unknown.
        """
        self.verifier.note_asking(self.env.now_ms())
        operation = msgspec.structs.replace(_CERTIFICATES, moves_money=moves_money)
        response = yield self._request(operation, "GET", "/v3/certificates", None, None)
        now_ms = self.env.now_ms()
        if response.status != 200:
            advice = _NO_CERTIFICATES if response.status == 404 else None
            raise error_from(response, operation, now_ms, advice=advice)
        certificates = decrypt_certificates(response.body, self.gcm)
        self.verifier.with_certificates(certificates).verify(response.headers, response.body, now_ms)
        self.verifier.add(certificates)
        return certificates

    def fetch(self, operation: Operation, url: str) -> Flow[HttpResponse]:
        """A file at an address that a signed answer gave. The request is signed for that address as it stands.

        The file is not signed: what the signed answer says of it is the caller's to compare. Raises what a refusal says.
        """
        secure = self._base_url.startswith("https://")
        if not url.startswith("https://" if secure else ("https://", "http://")):
            raise unreadable(operation, "an address that is not one to be called")
        response = yield HttpRequest(
            method="GET",
            url=url,
            headers=self._headers("GET", target_of(url), b"", None),
            operation=operation.name,
            timeout_ms=max(self._timeout_ms or 0, DOWNLOAD_MS),
            max_response=LARGEST_FILE,
        )
        if response.status != 200:
            raise error_from(response, operation, self.env.now_ms())
        return response

    def encryption_key(self) -> Flow[NamedKey]:
        """What sensitive fields are encrypted with; fetched when no valid one is known."""
        try:
            return self.verifier.encryption_key(self.env.now_ms())
        except SignatureInvalid:
            yield from self.download()
            return self.verifier.encryption_key(self.env.now_ms())

    def _learn(self, unknown: UnknownSerial, *, moves_money: bool) -> Flow[None]:
        try:
            yield from self.download(moves_money=moves_money)
        except ProviderError as error:
            raise SignatureInvalid(
                f"signed with {unknown.serial!r}, which is not known, and the platform certificates cannot be "
                f"fetched: {error.msg}"
            ) from error

    def _request(
        self,
        operation: Operation,
        method: str,
        target: str,
        json: Mapping[str, Any] | None,
        serial: str | None,
    ) -> HttpRequest:
        body = b"" if json is None else _encoded(json)
        return HttpRequest(
            method=method,
            url=f"{self._base_url}{target}",
            headers=self._headers(method, self._prefix + target, body, serial),
            body=body,
            operation=operation.name,
            moves_money=operation.moves_money,
            repeatable=operation.repeatable,
            fetches_key=operation.fetches_key,
            timeout_ms=self._timeout_ms,
        )

    def _headers(self, method: str, target: str, body: bytes, serial: str | None) -> dict[str, str]:
        headers = {**_HEADERS, "Authorization": self.key.authorization(method, target, body, self.env)}
        key = self.verifier.public_key
        if key is not None:
            serial = key.serial
        if serial is not None:
            headers["Wechatpay-Serial"] = serial
        if body:
            headers["Content-Type"] = "application/json"
        return headers


def _encoded(json: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(json)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidArgument(
            f"cannot be written as JSON, change it in `other` or `json`: {error}"
        ) from error


def gateway_from(node: WxpayNode, env: Env, verifier: Verifier | None = None) -> Gateway:
    """Loads what a node's settings name. Raises :class:`ConfigError` naming file, node and key."""
    private_key = node.load("app_private_key", load_private_key, "it is apiclient_key.pem of the merchant")
    return Gateway(
        base_url=_base_url(node),
        timeout_ms=node.timeout,
        key=MerchantKey(mch_id=node.mch_id, serial_no=_serial_no(node, private_key), key=private_key),
        verifier=verifier if verifier is not None else Verifier.from_node(node),
        gcm=_gcm(node),
        env=env,
    )


def _base_url(node: WxpayNode) -> str:
    base_url = node.base_url or node.default_base_url
    if not base_url.startswith(("https://", "http://")):
        raise node.error("base_url", "must start with https:// (http:// for a simulator)")
    return base_url


def _serial_no(node: WxpayNode, private_key: RSAPrivateKey) -> str:
    if not node.app_cert:
        serial_no: str = node.require("serial_no", "or set app_cert, apiclient_cert.pem of the merchant")
        return serial_no.upper()
    certificate = node.load("app_cert", load_certificate, "it is apiclient_cert.pem of the merchant")
    if certificate.public_key() != private_key.public_key():
        raise node.error("app_cert", "does not belong to app_private_key; take both from the same download")
    return serial_hex(certificate)


def _gcm(node: WxpayNode) -> Gcm:
    secret: Secret = node.require("v3_key", "it is the APIv3 key set in the merchant platform")
    key = secret.reveal().encode()
    if len(key) != 32:
        raise node.error(
            "v3_key", f"has {len(key)} bytes, an APIv3 key has 32: copy it from where it was set"
        )
    return Gcm(key)
