"""Every call to Apple takes this way: which host, the token, the answer read, and the other environment where it is asked.

An unknown environment is found by asking production first: what it does not know may have been bought in the sandbox, and
an app that was never released it does not know at all.
https://developer.apple.com/documentation/appstoreserverapi
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from vkpay_async.errors import AuthenticationFailed, InvalidArgument, ProviderError
from vkpay_async.models import Value
from vkpay_async.providers.appleiap import errors
from vkpay_async.providers.appleiap.models import UNREADABLE
from vkpay_async.providers.appleiap.signing import Signer
from vkpay_async.providers.appleiap.verifier import PRODUCTION, SANDBOX
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse
from vkpay_async.version import VERSION

T = TypeVar("T")

Query = Sequence[tuple[str, str]]


class Call(Value, frozen=True, kw_only=True):
    """One call of the App Store Server API. ``repeatable``: sent twice it does no more than once."""

    operation: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    json: Mapping[str, Any] | None = None
    content: bytes | None = None
    content_type: str = "application/json"
    repeatable: bool = True


class Gateway:
    """One app's way to Apple. ``hosts`` by environment, in the order in which they are asked."""

    def __init__(
        self,
        *,
        hosts: Mapping[str, str],
        receipt_urls: Mapping[str, str],
        signer: Signer | None,
        env: Env,
        timeout_ms: int | None,
    ) -> None:
        self.env = env
        self.hosts = {name: host.rstrip("/") for name, host in hosts.items()}
        self.receipt_urls = dict(receipt_urls)
        self._signer = signer
        self._timeout_ms = timeout_ms
        self._not_before: dict[tuple[str, str], int] = {}

    @property
    def can_ask(self) -> bool:
        """Whether there is a key for Apple's server interface."""
        return self._signer is not None

    @property
    def signer(self) -> Signer:
        """Raises :class:`InvalidArgument` where the config has no key."""
        if self._signer is None:
            raise InvalidArgument(
                "this needs the in-app purchase key: set private_key, key_id and issuer_id of App Store Connect → "
                "Users and Access → Integrations → In-App Purchase"
            )
        return self._signer

    def ask(self, call: Call, decoder: msgspec.json.Decoder[T], *, environment: str | None = None) -> Flow[T]:
        """A success, typed. Raises what a refusal says, and :class:`ProviderUnavailable` for what cannot be read."""
        response = yield from self.call(call, environment=environment)
        try:
            return decoder.decode(response.body)
        except UNREADABLE as error:
            raise errors.unreadable(call.operation, str(error)) from error

    def call(self, call: Call, *, environment: str | None = None) -> Flow[HttpResponse]:
        """A success of the environment that is named, or of the first that knows what the call is about."""
        names = list(self.hosts) if environment is None else [self._named(environment)]
        refused: ProviderError | None = None
        for name in names:
            try:
                return (yield from self._sent(call, name))
            except ProviderError as error:
                if refused is None and _elsewhere(error):
                    refused = error
                    continue
                raise (error if refused is None or not _elsewhere(error) else refused) from None
        raise refused or InvalidArgument("this app has no environment to ask")

    def _named(self, environment: str) -> str:
        if environment not in self.hosts:
            raise InvalidArgument(
                f"environment {environment!r} is not one of this node's: {', '.join(self.hosts)}"
            )
        return environment

    def _sent(self, call: Call, environment: str) -> Flow[HttpResponse]:
        now, key = self.env.now_ms(), (environment, call.operation)
        until = self._not_before.get(key, 0)
        if now < until:
            raise errors.limited(call.operation, until, now)
        response = yield self._request(call, environment)
        if 200 <= response.status < 300:
            return response
        self._heed(key, response)
        raise errors.error_of(response, self.env.now_ms())

    def _heed(self, key: tuple[str, str], response: HttpResponse) -> None:
        """Calls of this kind are not sent before Apple takes the next."""
        until = errors.retry_after_ms(response.headers) if response.status == 429 else None
        if until is not None:
            self._not_before[key] = until

    def _request(self, call: Call, environment: str) -> HttpRequest:
        body = call.content if call.content is not None else _encoded(call.json)
        query = f"?{urlencode(call.query)}" if call.query else ""
        headers = {
            "Accept": "application/json",
            "User-Agent": f"vkpay-async/{VERSION}",
            "Authorization": self.signer.authorization(),
        }
        if body:
            headers["Content-Type"] = call.content_type
        return HttpRequest(
            method=call.method,
            url=f"{self.hosts[environment]}{call.path}{query}",
            headers=headers,
            body=body,
            operation=f"appleiap.{call.operation}",
            repeatable=call.repeatable,
            timeout_ms=self._timeout_ms,
        )

    def receipt(self, environment: str, body: bytes) -> Flow[HttpResponse]:
        """Posts to ``verifyReceipt``, which knows no token."""
        response = yield HttpRequest(
            method="POST",
            url=self.receipt_urls[environment],
            headers={"Content-Type": "application/json", "User-Agent": f"vkpay-async/{VERSION}"},
            body=body,
            operation="appleiap.verify_receipt",
            timeout_ms=self._timeout_ms,
        )
        if response.status != 200:
            raise errors.error_of(response, self.env.now_ms())
        return response


def _elsewhere(error: ProviderError) -> bool:
    """Whether the other environment may know better."""
    return errors.code_of(error) in errors.FALLBACK_CODES or isinstance(error, AuthenticationFailed)


def segment(text: str) -> str:
    """A part of a path. Raises :class:`InvalidArgument` for what is none."""
    if not isinstance(text, str) or not text or len(text) > 256:
        raise InvalidArgument("an identifier of Apple's must be a non-empty string")
    return quote(text, safe="")


def _encoded(json: Mapping[str, Any] | None) -> bytes:
    if json is None:
        return b""
    try:
        return msgspec.json.encode(json)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidArgument(f"cannot be written as JSON: {error}") from error


ORDER = (PRODUCTION, SANDBOX)
"""Production is asked first, never the other way round."""
