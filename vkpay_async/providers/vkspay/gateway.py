"""One call of the gateway: signed on the way out; the answer, which is not signed, stands on HTTPS alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import Value
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse
from vkpay_async.providers.vkspay.about import VkspayNode
from vkpay_async.providers.vkspay.errors import failure, is_state, unusable
from vkpay_async.providers.vkspay.models import SUCCESS, UNREADABLE, Answer, parse_answer
from vkpay_async.providers.vkspay.signing import nonce_from, sign, text_of

T = TypeVar("T")

OUR_FIELDS = frozenset({"method", "merchantno", "signaturenonce", "timestamp", "version", "sign"})
VERSION = "2.0"
TIMEOUT_MS = 30_000
_HEADERS = {"content-type": "application/json; charset=utf-8"}


class Call(Value, frozen=True, kw_only=True):
    """One call. ``takes`` are the codes that carry it out.

    ``asks``: it is a query, in which every other code says "not so", and is an answer, too. ``fail_is_no``: a ``FAIL`` whose
    text is not known means that nothing was done.
    """

    operation: str
    method: str
    fields: Mapping[str, object]
    takes: frozenset[str] = frozenset({SUCCESS})
    asks: bool = False
    moves_money: bool = False
    repeatable: bool = True
    fail_is_no: bool = True


class Gateway:
    """Signs for one store."""

    def __init__(self, node: VkspayNode, env: Env) -> None:
        self.key: str = node.key.reveal()
        self.url = f"{_base_url(node)}/api"
        self._env = env
        self._merchantno = node.mch_id
        self._timeout_ms = node.timeout or TIMEOUT_MS

    def call(self, call: Call, parse: Callable[[Answer], T]) -> Flow[T]:
        """Sends ``call`` and gives its answer to ``parse``.

        Raises :class:`ProviderError` for a no, :class:`ProviderUnavailable` or :class:`ProviderOutcomeUnknown` for an
        answer that is none.
        """
        response = yield self._request(call)
        try:
            answer = _read(response)
            if answer.code in call.takes or (call.asks and is_state(answer)):
                return parse(answer)
        except UNREADABLE as error:
            why = error if response.status == 200 else f"HTTP status {response.status}"
            raise unusable(
                call.operation, why, moves_money=call.moves_money, http_status=response.status
            ) from error
        raise failure(answer, moves_money=call.moves_money, fail_is_no=call.fail_is_no)

    def signed(self, method: str, fields: Mapping[str, object]) -> dict[str, str | int]:
        """Every field of a call. Raises :class:`InvalidArgument` for one that is the SDK's, or that cannot be signed."""
        if clash := sorted(OUR_FIELDS & fields.keys()):
            raise InvalidArgument(f"{', '.join(clash)} is set by the SDK: leave it out")
        sent: dict[str, str | int] = {
            "method": method,
            "merchantno": self._merchantno,
            "signaturenonce": nonce_from(self._env.nonce()),
            "timestamp": self._env.now_ms() // 1000,
            "version": VERSION,
        }
        for name, value in fields.items():
            text = text_of(name, value)
            if text is not None:
                sent[name] = text
        sent["sign"] = sign(sent, self.key)
        return sent

    def _request(self, call: Call) -> HttpRequest:
        return HttpRequest(
            method="POST",
            url=self.url,
            headers=dict(_HEADERS),
            body=msgspec.json.encode(self.signed(call.method, call.fields)),
            operation=call.operation,
            moves_money=call.moves_money,
            repeatable=call.repeatable,
            timeout_ms=self._timeout_ms,
        )


def _read(response: HttpResponse) -> Answer:
    """With another HTTP status than 200 only a no is believed. Raises one of :data:`UNREADABLE`."""
    answer = parse_answer(response.body)
    if response.status != 200 and answer.succeeded:
        raise ValueError(f"HTTP status {response.status}")
    return answer


def _base_url(node: VkspayNode) -> str:
    base_url = node.base_url or node.default_base_url
    if not base_url.startswith(("https://", "http://")):
        raise node.error("base_url", "must start with https:// (http:// for a simulator)")
    return base_url.rstrip("/").removesuffix("/api")
