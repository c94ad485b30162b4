"""What stands before and after every endpoint: who is calling, and the signature on the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Handler, Request
from vkpay_simulator.providers.wxpay import signing
from vkpay_simulator.providers.wxpay.accounts import Account, Accounts, ApiCertificate, PlatformKey
from vkpay_simulator.providers.wxpay.diagnosis import diagnose, signed_message
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error, printable, sign_error
from vkpay_simulator.providers.wxpay.explain import explain
from vkpay_simulator.providers.wxpay.signing import Authorization

if TYPE_CHECKING:
    from vkpay_simulator.world import World

WINDOW_S = 300
ACCEPTED = frozenset({"*/*", "application/*", "application/json"})
_CLAIMED = re.compile(r'mchid="([^"]*)"')
_CERTIFICATE_TEXTS = {
    "expired": "商户证书已过期",
    "revoked": "商户证书已作废",
    "superseded": "商户已更换证书，请使用新证书",
}


class Reply(NamedTuple):
    """What an endpoint answers with; no body for ``None``."""

    body: dict[str, Any] | None
    status: int = 200


class File(NamedTuple):
    """A download, which is not signed."""

    body: bytes
    content_type: str


Work = Callable[[Account, Request], Reply]
Delivery = Callable[[Account, Request], File]


class Gate:
    """Authenticates requests, and signs answers."""

    def __init__(self, world: World, accounts: Accounts) -> None:
        self._world = world
        self._accounts = accounts

    def guard(self, work: Work) -> Handler:
        """The endpoint as the outside sees it."""

        def handle(request: Request) -> Answer:
            try:
                account = self._authenticate(request)
                reply = work(account, request)
            except WxpayError as error:
                return self.refuse(request, error)
            return self._answer(account, request, reply, 0)

        return handle

    def deliver(self, work: Delivery) -> Handler:
        """A download as the outside sees it: the request is signed, the file is not, and a refusal is."""

        def handle(request: Request) -> Answer:
            try:
                file = work(self._authenticate(request), request)
            except WxpayError as error:
                return self.refuse(request, error)
            headers = CIMultiDict(
                [
                    ("Server", "nginx"),
                    ("Content-Type", file.content_type),
                    ("Request-ID", f"{self.request_id()}-0"),
                ]
            )
            return Answer(body=file.body, headers=headers)

        return handle

    def refuse(self, request: Request, error: WxpayError) -> Answer:
        account = self.claimed(request)
        answer = self._answer(account, request, Reply(error.body(), error.status), error.number)
        answer.explain = explain(error)
        return answer

    def claimed(self, request: Request) -> Account | None:
        """The account the request says it is from, true or not."""
        match = _CLAIMED.search(request.headers.get("Authorization", ""))
        return self._accounts.find(match[1]) if match else None

    def _authenticate(self, request: Request) -> Account:
        _check_headers(request)
        given = signing.parse_authorization(request.headers.get("Authorization"))
        if abs(self._world.signing_ms() // 1000 - int(given.timestamp)) > WINDOW_S:
            raise _out_of_time(given.timestamp, self._world.signing_ms() // 1000)
        account = self._accounts.find(given.mchid)
        if account is None or not account.certificates:
            whose = f"{printable(given.mchid)} has no API certificate here"
            advice = f"{whose}: take mchId of GET /_sim/merchants/{{pid}}, node wxpay.*."
            raise sign_error("商户未申请过证书", "mchid", "no certificate", advice)
        self._verify(request, given, _certificate(account, given.serial_no))
        return account

    def _verify(self, request: Request, given: Authorization, certificate: ApiCertificate) -> None:
        for text in self._messages(request, given):
            try:
                return signing.verify(certificate.public, text, given.signature)
            except (InvalidSignature, ValueError):
                continue
        raise _mismatch(request, given, certificate)

    def _messages(self, request: Request, given: Authorization) -> list[bytes]:
        strict = signed_message(request, given)
        if not self._world.settings.lenient:
            return [strict]
        # wechatpayv3 (async) sends the text null for no body; wechatpay-node-v3 leaves out the last line feed.
        unsent = signed_message(request.with_body(b""), given)
        return [strict, *([unsent] if request.body == b"null" else []), strict[:-1]]

    def _answer(self, account: Account | None, request: Request, reply: Reply, number: int) -> Answer:
        body = b"" if reply.body is None else msgspec.json.encode(reply.body)
        wanted = request.headers.get("Wechatpay-Serial", "")
        key = account.answering_key(wanted) if account else self._accounts.stranger_key
        headers = CIMultiDict(
            [
                ("Server", "nginx"),
                *([("Content-Type", "application/json; charset=utf-8")] if body else []),
                ("Connection", "keep-alive"),
                ("Keep-Alive", "timeout=8"),
                ("Cache-Control", "no-cache, must-revalidate"),
                ("X-Content-Type-Options", "nosniff"),
                ("Request-ID", f"{self.request_id()}-{number}"),
                ("Content-Language", "zh-CN"),
                *self.sign(key, body).items(),
            ]
        )
        return Answer(status=reply.status, body=body, headers=headers)

    def request_id(self) -> str:
        return "08" + self._world.ids.hex(38).upper()

    def sign(self, key: PlatformKey, body: bytes) -> dict[str, str]:
        """The five ``Wechatpay-*`` headers, in the letter case that case-sensitive clients look for."""
        nonce, timestamp = self._world.ids.hex(32), str(self._world.signing_ms() // 1000)
        return {
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signing.sign(key.key, signing.message(timestamp, nonce, body)),
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Serial": key.id,
            "Wechatpay-Signature-Type": signing.SCHEME,
        }


def _check_headers(request: Request) -> None:
    accept = request.headers.get("Accept", "")
    if not request.headers.get("User-Agent") or not accept:
        advice = "Send the headers Accept: application/json and User-Agent."
        raise WxpayError("INVALID_REQUEST", "Http头缺少Accept或User-Agent", advice=advice)
    if not _takes_json(accept):
        message = "Http头Accept应为application/json"
        raise param_error("Accept", "not acceptable", value=accept, location="header", message=message)


@lru_cache(maxsize=64)  # a client says the same each time
def _takes_json(accept: str) -> bool:
    return any(part.partition(";")[0].strip().lower() in ACCEPTED for part in accept.split(","))


def _out_of_time(timestamp: str, now: int) -> WxpayError:
    message = "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"
    advice = (
        f"timestamp {timestamp} is {abs(now - int(timestamp))} s away from the server's {now}: Unix seconds, "
        "at most 300 s off. The server goes by real time, however far business time was moved, unless it was "
        "started with --sign-with-virtual-time."
    )
    return sign_error(message, "timestamp", "timestamp out of range", advice)


def _certificate(account: Account, serial: str) -> ApiCertificate:
    current = f"{account.mchid} signs with {account.certificate.serial} (serialNo of the configuration)."
    certificate = account.certificates.get(serial)
    if certificate is None:
        message = "商户证书序列号有误。请使用签名私钥匹配的证书序列号"
        advice = f"serial_no {printable(serial)} is none of this merchant's API certificates: {current}"
        raise sign_error(message, "serial_no", "serial_no not match", advice)
    if message := _CERTIFICATE_TEXTS.get(certificate.state, ""):
        advice = f"Certificate {serial} is {certificate.state}: {current}"
        raise sign_error(message, "serial_no", f"certificate {certificate.state}", advice)
    return certificate


def _mismatch(request: Request, given: Authorization, certificate: ApiCertificate) -> WxpayError:
    text = signed_message(request, given)
    head = signing.message(request.method, request.target, given.timestamp, given.nonce_str)
    body = text[len(head) : -1]
    detail = {
        "detail": {"issue": "sign not match"},
        "field": "signature",
        "location": "authorization",
        "sign_information": {
            "method": request.method,
            "sign_message_length": len(text),
            "truncated_sign_message": (head + body[:8] + b"\n").decode(errors="replace"),
            "url": printable(request.target),
        },
    }
    return WxpayError("SIGN_ERROR", detail=detail, advice=diagnose(request, given, certificate))
