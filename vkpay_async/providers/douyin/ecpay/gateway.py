"""Every call of guaranteed payment: values signed with the salt, posted as JSON or, for a bill, put into the query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import JsonObject
from vkpay_async.providers.base import Env, Flow, HttpRequest
from vkpay_async.providers.bill import DOWNLOAD_MS, LARGEST_FILE
from vkpay_async.providers.douyin.about import DouyinNode
from vkpay_async.providers.douyin.answer import base_url, check, json_text, read
from vkpay_async.providers.douyin.errors import ECPAY_CODES, Call, unusable
from vkpay_async.providers.douyin.signing import sign_ecpay

T = TypeVar("T")

_JSON = {"content-type": "application/json"}
_ANY = msgspec.json.Decoder(dict[str, Any])


class EcpayGateway:
    """One mini program's way to guaranteed payment."""

    def __init__(self, node: DouyinNode, env: Env) -> None:
        self.node = node
        self.env = env
        self.base_url = base_url(node, node.default_base_url)
        self._salt: str = node.require("salt", "it is the payment SALT of the console (支付设置)").reveal()

    def call(
        self, call: Call, path: str, fields: Mapping[str, Any], decoder: msgspec.json.Decoder[T]
    ) -> Flow[tuple[T, JsonObject]]:
        """Posts a signed call; its answer, typed. Repeating one with its number is safe: Douyin knows it by that."""
        response = yield self._post(call, path, fields, repeatable=True)
        return read(ECPAY_CODES, call, response, decoder)

    def request(
        self, call: Call, path: str, fields: Mapping[str, Any], *, repeatable: bool
    ) -> Flow[dict[str, Any]]:
        """Any call, and its answer as it is."""
        response = yield self._post(call, path, fields, repeatable=repeatable)
        answer, _ = read(ECPAY_CODES, call, response, _ANY)
        return answer

    def file(self, call: Call, path: str, params: Mapping[str, Any]) -> Flow[bytes]:
        """A file; what is JSON instead says why there is none."""
        signed = self.signed(params)
        response = yield HttpRequest(
            method="GET",
            url=f"{self.base_url}/{path}?{urlencode(signed)}",
            operation=call.operation,
            timeout_ms=max(self.node.timeout or 0, DOWNLOAD_MS),
            max_response=LARGEST_FILE,
        )
        if response.status != 200 or response.body[:1] == b"{":
            check(ECPAY_CODES, call, response)
            raise unusable(call, response, "JSON in the place of a file")
        return response.body

    def signed(self, fields: Mapping[str, Any]) -> dict[str, str | int]:
        """The fields as they are posted, ``sign`` last. Objects and lists become texts: the server signs them so."""
        body = flat({"app_id": self.node.app_id, "thirdparty_id": self.node.thirdparty_id, **fields})
        return {**body, "sign": sign_ecpay(body, self._salt)}

    def _post(self, call: Call, path: str, fields: Mapping[str, Any], *, repeatable: bool) -> HttpRequest:
        return HttpRequest(
            method="POST",
            url=f"{self.base_url}/{path}",
            headers=dict(_JSON),
            body=json_text(self.signed(fields)).encode(),
            operation=call.operation,
            moves_money=call.moves_money,
            repeatable=repeatable,
            timeout_ms=self.node.timeout,
        )


def flat(fields: Mapping[str, Any]) -> dict[str, str | int]:
    """Texts and integers only, without blanks. Raises :class:`InvalidArgument` for a fraction."""
    return {name: _scalar(name, value) for name, value in fields.items() if value not in (None, "")}


def _scalar(name: str, value: object) -> str | int:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        raise InvalidArgument(f"{name} is a fraction: Douyin takes integers, amounts in fen")
    return json_text(value)
