"""The way to WeChat: the access token that all processes share, both signatures, and what an answer says.

A body is written once: the bytes that are signed are the bytes that are sent, a second time as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from vkpay_async.config.secret import Secret
from vkpay_async.errors import InvalidArgument
from vkpay_async.models import JsonObject
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse, SharedValue, keep, kept, shared
from vkpay_async.providers.login import SessionLogin
from vkpay_async.providers.weixin.login import WeixinApp, mini_program_login
from vkpay_async.providers.weixin.models import UNREADABLE, Verdict
from vkpay_async.providers.wxpay_virtual.about import WxpayVirtualNode
from vkpay_async.providers.wxpay_virtual.errors import (
    PROVIDER,
    SESSION_ENDED,
    STALE_TOKEN,
    Operation,
    failed,
    refusal_of,
    unreadable,
)
from vkpay_async.providers.wxpay_virtual.models import TokenAnswer
from vkpay_async.providers.wxpay_virtual.signing import pay_sig, user_signature
from vkpay_async.version import VERSION

T = TypeVar("T")

SESSION_MS = 30 * 86_400_000
"""How long a session_key is kept: WeChat does not say when it ends, and says so when it has."""

_TOKEN = Operation(name="wxpay-virtual.access_token", fetches_key=True)
_VERDICT = msgspec.json.Decoder(Verdict)
_TOKEN_ANSWER = msgspec.json.Decoder(TokenAnswer)


def session_name(appid: str, openid: str) -> str:
    """Under which name a user's session_key is kept, whoever has logged them in."""
    return f"weixin session {appid} {openid}"


class Gateway:
    """One node's way to WeChat."""

    def __init__(self, node: WxpayVirtualNode, env: Env) -> None:
        base_url = node.base_url or node.default_base_url
        if not base_url.startswith(("https://", "http://")):
            raise node.error("base_url", "must start with https:// (http:// for a simulator)")
        self.env = env
        self._node = node
        self._base_url = base_url.rstrip("/")
        self._secret: Secret = node.require("secret", "it is the AppSecret of the mini program's console")
        self.app_key(int(node.sandbox))

    def app_key(self, env: int) -> str:
        """The AppKey of an environment. Raises :class:`ConfigError` where it is not set."""
        name, called = ("sandbox_app_key", "沙箱 AppKey") if env else ("app_key", "现网 AppKey")
        key: Secret = self._node.require(name, f"it is the {called} of the mini program's virtual payment")
        return key.reveal()

    def call(
        self, operation: Operation, path: str, body: Mapping[str, Any], *, env: int, user: str | None = None
    ) -> Flow[HttpResponse]:
        """A call that WeChat has answered with success. ``user`` signs it as well, by the session_key that is kept.

        Raises what the answer says.
        """
        raw = _encoded(body)
        signatures = {"pay_sig": pay_sig(self.app_key(env), path, raw)}
        if user is not None:
            session_key = yield from self.session_key(user)
            signatures["signature"] = user_signature(session_key, raw)
        token = yield from self._token()
        response = yield self._request(operation, path, raw, token, signatures)
        if _verdict(response, operation).errcode in STALE_TOKEN:
            token = yield from self._token(stale=token)
            response = yield self._request(operation, path, raw, token, signatures)
        verdict = _verdict(response, operation)
        if verdict.errcode:
            raise refusal_of(verdict, operation, response.status)
        return response

    def ask(
        self,
        operation: Operation,
        decoder: msgspec.json.Decoder[T],
        path: str,
        body: Mapping[str, Any],
        *,
        env: int,
        user: str | None = None,
    ) -> Flow[tuple[T, JsonObject]]:
        """As :meth:`call`, and the answer typed, with the object it was read from."""
        response = yield from self.call(operation, path, body, env=env, user=user)
        return _typed(decoder, response, operation), JsonObject(response.body)

    def session_key(self, openid: str) -> Flow[str]:
        """The user's session_key as it is kept. Raises :class:`InvalidArgument` with WeChat's own number where there is none."""
        found = yield from kept(session_name(self._node.app_id, openid))
        if found is None:
            raise InvalidArgument(
                f"no session_key is kept of user {openid!r}: log the user in again (wx.login in the mini program, "
                "then code2session with its code)",
                code=SESSION_ENDED,
            )
        return found

    def login(self, code: str) -> Flow[SessionLogin]:
        """Who a ``wx.login`` code belongs to; the session_key is kept."""
        app = WeixinApp(
            provider=PROVIDER,
            appid=self._node.app_id,
            secret=self._secret,
            base_url=self._base_url,
            timeout_ms=self._node.timeout,
        )
        login = yield from mini_program_login(app, code)
        key = SharedValue(value=login.session_key.reveal(), expires=self.env.now_ms() + SESSION_MS)
        yield from keep(session_name(app.appid, login.openid), key)
        return login

    def _token(self, stale: str | None = None) -> Flow[str]:
        return shared(f"weixin token {self._node.app_id}", lambda: self._fetched(stale), stale=stale)

    def _fetched(self, stale: str | None) -> Flow[SharedValue]:
        """Another token than ``stale``. A forced one ends the old for everybody, and is not asked for otherwise."""
        answer = yield from self._stable_token(force=False)
        if answer.access_token == stale:
            answer = yield from self._stable_token(force=True)
        expires = self.env.now_ms() + answer.expires_in * 1000
        return SharedValue(value=answer.access_token, expires=expires)

    def _stable_token(self, *, force: bool) -> Flow[TokenAnswer]:
        body = {
            "grant_type": "client_credential",
            "appid": self._node.app_id,
            "secret": self._secret.reveal(),
            "force_refresh": force,
        }
        response = yield HttpRequest(
            method="POST",
            url=f"{self._base_url}/cgi-bin/stable_token",
            headers=_headers() | {"Content-Type": "application/json"},
            body=msgspec.json.encode(body),
            operation=_TOKEN.name,
            fetches_key=True,
            timeout_ms=self._node.timeout,
        )
        return _typed(_TOKEN_ANSWER, _succeeded(response, _TOKEN), _TOKEN)

    def _request(
        self, operation: Operation, path: str, raw: bytes, token: str, signatures: Mapping[str, str]
    ) -> HttpRequest:
        return HttpRequest(
            method="POST",
            url=f"{self._base_url}{path}?{urlencode({'access_token': token, **signatures})}",
            headers=_headers() | {"Content-Type": "application/json"},
            body=raw,
            operation=operation.name,
            moves_money=operation.moves_money,
            timeout_ms=self._node.timeout,
        )


def _headers() -> dict[str, str]:
    return {"Accept": "application/json", "User-Agent": f"vkpay-async/{VERSION}"}


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(body)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidArgument(f"cannot be written as JSON, change it: {error}") from error


def _verdict(response: HttpResponse, operation: Operation) -> Verdict:
    if response.status != 200:
        raise failed(response, operation)
    return _typed(_VERDICT, response, operation)


def _succeeded(response: HttpResponse, operation: Operation) -> HttpResponse:
    verdict = _verdict(response, operation)
    if verdict.errcode:
        raise refusal_of(verdict, operation, response.status)
    return response


def _typed(decoder: msgspec.json.Decoder[T], response: HttpResponse, operation: Operation) -> T:
    try:
        return decoder.decode(response.body)
    except UNREADABLE as error:
        raise unreadable(operation, str(error), response) from error
