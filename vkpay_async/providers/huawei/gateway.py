"""Every call takes this way: write the body once, sign what it says, send it, verify what the answer says.

Signing with RSA-3072 and verifying with SM2 take some milliseconds and are done off the event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from vkpay_async.crypto.pem import load_private_key
from vkpay_async.crypto.sm2 import (
    Sm2PrivateKey,
    is_sm2_private_key,
    library,
    load_sm2_private_key,
    load_sm2_public_keys,
)
from vkpay_async.errors import (
    ConfigError,
    InvalidArgument,
    NotificationInvalid,
    ResponseUnverified,
    SignatureInvalid,
)
from vkpay_async.models import JsonObject
from vkpay_async.providers.base import Env, Flow, HttpRequest, HttpResponse, off_loop, target_of
from vkpay_async.providers.bill import DOWNLOAD_MS, LARGEST_FILE
from vkpay_async.providers.huawei.about import HuaweiNode
from vkpay_async.providers.huawei.errors import (
    DUPLICATE,
    Operation,
    error_from,
    error_of_status,
    unreadable,
)
from vkpay_async.providers.huawei.models import DownloadParam, ErrorBody, Wire
from vkpay_async.providers.huawei.signing import (
    SIGN,
    MerchantKey,
    PlatformKeys,
    RsaSigner,
    Signer,
    parse,
    sign_string,
)
from vkpay_async.version import VERSION

T = TypeVar("T", bound=Wire)

SUCCESS = "000000"
LEAST_RSA_BITS = 3072
_QUERY_FIRST = "query with the same number before trying again"


class Gateway:
    """One node's way to Huawei Pay."""

    def __init__(
        self,
        *,
        base_url: str,
        timeout_ms: int | None,
        key: MerchantKey,
        platform: PlatformKeys,
        env: Env,
    ) -> None:
        self.key = key
        self.platform = platform
        self.env = env
        self._base_url = base_url.rstrip("/")
        self._prefix = target_of(self._base_url).rstrip("/")
        self._timeout_ms = timeout_ms

    def ask(
        self,
        operation: Operation,
        model: type[T],
        method: str,
        target: str,
        json: Mapping[str, Any] | None = None,
    ) -> Flow[tuple[T, JsonObject]]:
        """A verified success, typed, with the object it was read from. Raises what the answer says.

        A request that arrived, got no answer and is sent again has its trace number used up: it is signed anew then.
        """
        response = yield from self._answer(operation, method, target, json)
        if response.repeated and _is_duplicate(response):
            again = yield from self._answer(operation, method, target, json)
            response = msgspec.structs.replace(again, repeated=True)
        fields = yield from off_loop(lambda: self._believed(response, operation))
        try:
            return msgspec.convert(fields, model, strict=False), JsonObject(response.body)
        except msgspec.ValidationError as error:
            raise unreadable(operation, str(error), response) from error

    def fetch(self, operation: Operation, param: DownloadParam) -> Flow[HttpResponse]:
        """A file at an address that a signed answer gave, with the headers it gave: the file itself is not signed."""
        secure = self._base_url.startswith("https://")
        if param.method != "GET" or not param.download_url.startswith(
            "https://" if secure else ("https://", "http://")
        ):
            raise unreadable(operation, "an address that is not one to be called")
        response = yield HttpRequest(
            method="GET",
            url=param.download_url,
            headers=param.headers,
            operation=operation.name,
            timeout_ms=max(self._timeout_ms or 0, DOWNLOAD_MS),
            max_response=LARGEST_FILE,
        )
        if response.status != 200:
            raise error_of_status(response, operation)
        return response

    def verified(self, body: bytes) -> Flow[dict[str, Any]]:
        """A callback's fields, numbers as texts. Raises :class:`SignatureInvalid`, :class:`NotificationInvalid`."""

        def verify() -> dict[str, Any]:
            fields = parse(body)
            self.platform.verify(fields)
            return fields

        return (yield from off_loop(verify))

    def _answer(
        self, operation: Operation, method: str, target: str, json: Mapping[str, Any] | None
    ) -> Flow[HttpResponse]:
        body = b"" if json is None else _encoded(json)
        request = yield from off_loop(lambda: self._request(operation, method, target, body))
        response = yield request
        return response

    def _request(self, operation: Operation, method: str, target: str, body: bytes) -> HttpRequest:
        text = sign_string(parse(body)) if body else self._prefix + target
        headers = {
            "Accept": "application/json",
            "User-Agent": f"vkpay-async/{VERSION}",
            "PayMercAuth": self.key.pay_merc_auth(text, self.env),
        }
        if body:
            headers["Content-Type"] = "application/json; charset=UTF-8"
        return HttpRequest(
            method=method,
            url=f"{self._base_url}{target}",
            headers=headers,
            body=body,
            operation=operation.name,
            moves_money=operation.moves_money,
            repeatable=operation.repeatable,
            timeout_ms=self._timeout_ms,
        )

    def _believed(self, response: HttpResponse, operation: Operation) -> dict[str, Any]:
        """The fields of a success that is signed; a refusal is believed without a signature, and not with a wrong one."""
        try:
            fields = parse(response.body)
            said = msgspec.convert(fields, ErrorBody, strict=False)
        except (NotificationInvalid, msgspec.ValidationError) as error:
            if response.status == 200:
                raise unreadable(operation, str(error), response) from error
            raise error_of_status(response, operation) from error
        success = said.result_code == SUCCESS
        if success or fields.get(SIGN):
            self._verify(fields, operation)
        if not success:
            raise error_from(response, said, operation)
        return fields

    def _verify(self, fields: Mapping[str, Any], operation: Operation) -> None:
        try:
            self.platform.verify(fields)
        except SignatureInvalid as error:
            advice = (
                "check that platform_public_key is the current Huawei Pay certificate of the merchant portal"
            )
            text = (
                f"{operation.name} was answered with something that cannot be believed: {error.msg}; {advice}"
            )
            if operation.moves_money:
                raise ResponseUnverified(f"{text}, and {_QUERY_FIRST}") from error
            raise SignatureInvalid(text) from error


def _is_duplicate(response: HttpResponse) -> bool:
    try:
        return parse(response.body).get("subCode") == DUPLICATE
    except NotificationInvalid:
        return False


def _encoded(json: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(json)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidArgument(
            f"cannot be written as JSON, change it in `other` or `json`: {error}"
        ) from error


def gateway_from(node: HuaweiNode, env: Env) -> Gateway:
    """Loads what a node's settings name. Raises :class:`ConfigError` naming file, node and key."""
    try:
        library()
    except ConfigError as error:
        raise ConfigError(f"{node.where}: {error.msg}") from error
    signer = node.load("mch_private_key", _signer, "it is the private key of the merchant certificate")
    platform = node.load(
        "platform_public_key",
        load_sm2_public_keys,
        "it is the Huawei Pay certificate (华为支付证书) of the merchant portal: without it nobody can tell a callback from a forgery",
    )
    if isinstance(signer, Sm2PrivateKey) and any(one.point == signer.public.point for one in platform):
        raise node.error(
            "platform_public_key",
            "is the merchant's own half of mch_private_key; take Huawei Pay's (华为支付证书), which the portal shows next to it",
        )
    key = MerchantKey(merc_no=node.mch_id, auth_id=node.mch_auth_id, signer=signer)
    return Gateway(
        base_url=_base_url(node),
        timeout_ms=node.timeout,
        key=key,
        platform=PlatformKeys(platform),
        env=env,
    )


def _signer(material: str) -> Signer:
    if is_sm2_private_key(material):
        return load_sm2_private_key(material)
    key = load_private_key(material)
    if key.key_size < LEAST_RSA_BITS:
        raise ValueError(f"it has {key.key_size} bits, and Huawei Pay wants {LEAST_RSA_BITS} at least")
    return RsaSigner(key)


def _base_url(node: HuaweiNode) -> str:
    base_url = node.base_url or (node.sandbox_base_url if node.sandbox else node.default_base_url)
    if not base_url.startswith(("https://", "http://")):
        raise node.error("base_url", "must start with https:// (http:// for a simulator)")
    return base_url
