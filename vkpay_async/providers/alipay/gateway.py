"""One call of the gateway: parameters signed on the way out, the answer verified on the way in.

Protocol: https://opendocs.alipay.com/common/02kf5q. All parameters travel in the form body, so that tokens stay out
of the access logs on the way; ``charset`` is repeated in the query, where the gateway looks before it reads the body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from vkpay_async.crypto.aes import Cbc
from vkpay_async.errors import InvalidArgument, SignatureInvalid
from vkpay_async.providers.alipay.about import AlipayNode
from vkpay_async.providers.alipay.answer import (
    Call,
    claim_of,
    distrust,
    is_failure,
    no_answer,
    open_answer,
    refusal,
    unsigned,
)
from vkpay_async.providers.alipay.certs import Certificates, Keyring, load_credentials
from vkpay_async.providers.alipay.encoding import encoded
from vkpay_async.providers.alipay.models import UNREADABLE, CertificateAnswer, Status
from vkpay_async.providers.alipay.signing import Envelope, open_result, sign_params, verify_content
from vkpay_async.providers.alipay.times import beijing_text, moment
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse

T = TypeVar("T")

OUR_PARAMETERS = frozenset(
    [
        "app_id",
        "method",
        "format",
        "charset",
        "sign_type",
        "sign",
        "timestamp",
        "version",
        "biz_content",
        "encrypt_type",
        "app_cert_sn",
        "alipay_root_cert_sn",
    ]
)
_FORM = {"content-type": "application/x-www-form-urlencoded;charset=utf-8"}
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_PAUSE_MS = 60_000
_DOWNLOAD = "alipay.open.app.alipaycert.download"


class Gateway:
    """Signs for one app and believes nothing that Alipay has not signed."""

    def __init__(self, node: AlipayNode, env: Env, certificates: Certificates | None) -> None:
        self.credentials = load_credentials(node)
        self.keyring = Keyring(self.credentials, certificates)
        self.url = f"{_base_url(node)}/gateway.do"
        self.now_ms = env.now_ms
        self._env = env
        self._no_lookup_before = 0
        self._sign_type = node.sign_type
        self._timeout_ms = node.timeout
        self._cipher = node.load("encrypt_key", Cbc, "") if node.encrypt_key else None
        self._fixed = _without_blanks(
            {
                "app_id": node.app_id,
                "format": "JSON",
                "charset": "utf-8",
                "sign_type": node.sign_type,
                "version": "1.0",
                "app_cert_sn": self.credentials.app_cert_sn,
                "alipay_root_cert_sn": self.credentials.root_cert_sn,
            }
        )

        self._fixed_form = encoded(self._fixed)
        self._calls_url = f"{self.url}?charset=utf-8"

    def signed(
        self, method: str, biz_content: Mapping[str, Any], top: Mapping[str, str | None]
    ) -> dict[str, str]:
        """Every parameter of a call, ``sign`` last."""
        return {**self._fixed, **self._own(method, biz_content, top)}

    def _own(
        self, method: str, biz_content: Mapping[str, Any], top: Mapping[str, str | None]
    ) -> dict[str, str]:
        """The parameters in which a call differs from others; ``sign`` is about all of them."""
        own = {
            "method": method,
            "timestamp": beijing_text(self._env.now_ms()),
            **_without_blanks(top),
            **self._business(biz_content),
        }
        own["sign"] = sign_params(self.credentials.private_key, self._sign_type, {**self._fixed, **own})
        return own

    def call(self, call: Call, parse: Callable[[dict[str, Any]], T]) -> Flow[T]:
        """Sends ``call`` and gives its verified content to ``parse``.

        Raises :class:`ProviderError` for a no, :class:`ProviderUnavailable` or :class:`ProviderOutcomeUnknown` for an
        answer that is none, :class:`SignatureInvalid` or, where money moves, :class:`ResponseUnverified`.
        """
        response = yield self._request(call)
        try:
            envelope = open_answer(response, call.method)
            yield from self._verify(envelope, call, response)
            content = self._content(envelope)
            status = msgspec.convert(content, Status)
            if is_failure(status):
                raise refusal(status, call, response)
            if status.code not in call.success:
                raise ValueError(f"unexpected code {status.code}")
            return parse(content)
        except UNREADABLE as error:
            raise no_answer(call, response, error) from error

    def key_for(self, sn: str | None, *, moves_money: bool = False) -> Flow[RSAPublicKey]:
        """The key named by ``alipay_cert_sn``, its certificate downloaded when it is a new one.

        ``moves_money`` is the waiting call's: if the download gets lost, that call's outcome stays open too.
        Raises :class:`SignatureInvalid`.
        """
        now = moment(self._env.now_ms())
        key = self.keyring.find(sn, now)
        if key is not None:
            return key
        download = Call(
            operation="alipay.download_certificate",
            method=_DOWNLOAD,
            biz_content={"alipay_cert_sn": sn},
            moves_money=moves_money,
            fetches_key=True,
        )
        response = yield self._request(download)
        return self.keyring.admit(str(sn), self._certificate(response), now)

    def device_content(self, text: str) -> Flow[dict[str, Any]]:
        """Verifies and decrypts a signed JSON text that came by way of a buyer's device.

        Raises :class:`SignatureInvalid`, :class:`InvalidArgument` for a text of another shape.
        """
        try:
            envelope = open_result(text)
            key = yield from self.announced_key(envelope.cert_sn)
            verify_content(key, self._sign_type, envelope.sign or "", envelope.content)
            return self._content(envelope)
        except UNREADABLE as error:
            raise InvalidArgument(
                f"not a result signed by Alipay, hand it over as it came: {error}"
            ) from error

    def announced_key(self, sn: str | None) -> Flow[RSAPublicKey]:
        """:meth:`key_for` of a notification. Anybody can send one, so after a failed look-up the next waits a minute."""
        now_ms = self._env.now_ms()
        key = self.keyring.find(sn, moment(now_ms))
        if key is not None:
            return key
        if now_ms < self._no_lookup_before:
            raise SignatureInvalid(
                f"Alipay's certificate {sn} is unknown; its look-up is tried again in a minute"
            )
        self._no_lookup_before = now_ms + _PAUSE_MS
        key = yield from self.key_for(sn)
        self._no_lookup_before = 0
        return key

    def _request(self, call: Call) -> HttpRequest:
        own = self._own(call.method, call.biz_content, call.top)
        return HttpRequest(
            method="POST",
            url=self._calls_url,
            headers=dict(_FORM),
            body=f"{self._fixed_form}&{encoded(own)}".encode("ascii"),
            operation=call.operation,
            moves_money=call.moves_money,
            repeatable=call.repeatable,
            fetches_key=call.fetches_key,
            timeout_ms=self._timeout_ms,
        )

    def _business(self, biz_content: Mapping[str, Any]) -> dict[str, str]:
        if not biz_content:
            return {}
        try:
            text = msgspec.json.encode(biz_content).decode()
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise InvalidArgument(f"cannot be written as JSON, change it in `other`: {error}") from error
        if self._cipher is None:
            return {"biz_content": text}
        return {"biz_content": self._cipher.encrypt(text), "encrypt_type": "AES"}

    def _verify(self, envelope: Envelope, call: Call, response: HttpResponse) -> Flow[None]:
        if envelope.sign is None:
            raise unsigned(envelope, call, response)
        try:
            key = yield from self.key_for(envelope.cert_sn, moves_money=call.moves_money)
            verify_content(key, self._sign_type, envelope.sign, envelope.content)
        except SignatureInvalid as error:
            raise distrust(call, f"{error.msg}{claim_of(envelope)}") from error

    def _content(self, envelope: Envelope) -> dict[str, Any]:
        content = envelope.content
        if content.startswith(b'"'):
            if self._cipher is None:
                raise ValueError("it is encrypted, and encrypt_key is not set")
            content = self._cipher.decrypt(msgspec.json.decode(content))
        return _OBJECT.decode(content)

    def _certificate(self, response: HttpResponse) -> str:
        """The one answer whose signature is not checked: its certificate's chain is."""
        try:
            content = self._content(open_answer(response, _DOWNLOAD))
            return msgspec.convert(content, CertificateAnswer).alipay_cert_content
        except UNREADABLE as error:
            raise SignatureInvalid(
                "the certificate that the signature was made with could not be downloaded; try again later"
            ) from error


def _base_url(node: AlipayNode) -> str:
    default = node.sandbox_base_url if node.sandbox else node.default_base_url
    base_url = node.base_url or default
    if not base_url.startswith(("https://", "http://")):
        raise node.error("base_url", "must start with https:// (http:// for a simulator)")
    return base_url.rstrip("/").removesuffix("/gateway.do")


def _without_blanks(params: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in params.items() if value}
