"""Every call of the general trade system: JSON with a client token, which all processes share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from vkpay_async.models import JsonObject
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse, SharedValue, shared
from vkpay_async.providers.bill import DOWNLOAD_MS, LARGEST_FILE
from vkpay_async.providers.douyin.about import DouyinNode
from vkpay_async.providers.douyin.answer import base_url, json_text, read
from vkpay_async.providers.douyin.errors import TOKEN_REFUSED, TRADE_CODES, Call, refusal, unusable
from vkpay_async.providers.douyin.models import UNREADABLE, ClientTokenAnswer, Status

T = TypeVar("T")

CLIENT_TOKEN = Call("douyin.client_token")

_ANY = msgspec.json.Decoder(dict[str, Any])
_TOKEN = msgspec.json.Decoder(ClientTokenAnswer, strict=False)
_STATUS = msgspec.json.Decoder(Status, strict=False)
_BAD_CLIENT = "23001"


class TradeGateway:
    """One mini program's way to the general trade system."""

    def __init__(self, node: DouyinNode, env: Env) -> None:
        self.node = node
        self.env = env
        self.base_url = base_url(node, node.open_base_url)
        self._secret: str = node.require(
            "secret", "it is the mini program's AppSecret, with which client tokens are fetched"
        ).reveal()
        self._token_name = f"douyin|{node.app_id}|{self.base_url}"

    def call(
        self, call: Call, path: str, body: Mapping[str, Any], decoder: msgspec.json.Decoder[T]
    ) -> Flow[tuple[T, JsonObject]]:
        """Posts a call; its answer, typed."""
        response = yield from self._answered(call, path, body, repeatable=True)
        return read(TRADE_CODES, call, response, decoder)

    def request(
        self, call: Call, path: str, body: Mapping[str, Any], *, repeatable: bool
    ) -> Flow[dict[str, Any]]:
        """Any call, and its answer as it is."""
        response = yield from self._answered(call, path, body, repeatable=repeatable)
        answer, _ = read(TRADE_CODES, call, response, _ANY)
        return answer

    def download(self, call: Call, url: str) -> Flow[bytes]:
        """A file at an address that an answer gave."""
        if not url.startswith(
            "https://" if self.base_url.startswith("https://") else ("https://", "http://")
        ):
            raise unusable(call, _NOTHING, f"an address that is not one to be called: {url[:80]!r}")
        response = yield HttpRequest(
            method="GET",
            url=url,
            operation=call.operation,
            timeout_ms=max(self.node.timeout or 0, DOWNLOAD_MS),
            max_response=LARGEST_FILE,
        )
        if response.status != 200:
            raise unusable(call, response, f"HTTP status {response.status}")
        return response.body

    def _answered(
        self, call: Call, path: str, body: Mapping[str, Any], *, repeatable: bool
    ) -> Flow[HttpResponse]:
        """A token that Douyin no longer takes is replaced, once: the call was not carried out."""
        token = yield from shared(self._token_name, self._fetch_token)
        response = yield self._post(call, path, body, token, repeatable=repeatable)
        if _is_token_refused(response):
            token = yield from shared(self._token_name, self._fetch_token, stale=token)
            response = yield self._post(call, path, body, token, repeatable=repeatable)
        return response

    def _post(
        self, call: Call, path: str, body: Mapping[str, Any], token: str, *, repeatable: bool
    ) -> HttpRequest:
        return HttpRequest(
            method="POST",
            url=f"{self.base_url}/{path}",
            headers={"content-type": "application/json", "access-token": token},
            body=json_text(body).encode(),
            operation=call.operation,
            moves_money=call.moves_money,
            repeatable=repeatable,
            timeout_ms=self.node.timeout,
        )

    def _fetch_token(self) -> Flow[SharedValue]:
        """https://developer.open-douyin.com/docs/resource/zh-CN/mini-app/develop/server/basic-abilities/interface-request-credential/non-user-authorization/get-client_token"""
        body = {
            "client_key": self.node.app_id,
            "client_secret": self._secret,
            "grant_type": "client_credential",
        }
        response = yield HttpRequest(
            method="POST",
            url=f"{self.base_url}/oauth/client_token/",
            headers={"content-type": "application/json"},
            body=json_text(body).encode(),
            operation=CLIENT_TOKEN.operation,
            fetches_key=True,
            timeout_ms=self.node.timeout,
        )
        try:
            token = _TOKEN.decode(response.body).data
        except UNREADABLE as error:
            raise unusable(CLIENT_TOKEN, response, f"HTTP status {response.status}: {error}") from error
        if token.error_code or not token.access_token or token.expires_in <= 0:
            # Key and secret are all that is asked for here, so that any "no" is about them.
            code = str(token.error_code) if str(token.error_code) in TRADE_CODES else _BAD_CLIENT
            raise refusal(TRADE_CODES, code, token.description, CLIENT_TOKEN, response)
        expires = self.env.now_ms() + token.expires_in * 1000
        return SharedValue(value=token.access_token, expires=expires)


def _is_token_refused(response: HttpResponse) -> bool:
    try:
        return str(_STATUS.decode(response.body).err_no) in TOKEN_REFUSED
    except UNREADABLE:
        return False


_NOTHING = HttpResponse(status=200, headers={}, body=b"")
