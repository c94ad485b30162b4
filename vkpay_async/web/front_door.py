"""vk-uni-pay's ``vk-pay`` function as an HTTP address: ``POST {"action": "pay/createPayment", "data": {…}}``.

An answer is HTTP 200 with ``code`` and ``msg``, as front ends of vk-uni-pay read it. Only what is refused before an action is
looked at has a status of its own: 405, 408, 413, 415, 429.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from vkpay_async.errors import ConfigError, InvalidArgument, VKPayError
from vkpay_async.web.actions import COIN_BALANCE, CREATE, GUARDED, LOGINS, OPEN, Action, Client, python_names
from vkpay_async.web.cross_origin import Origins
from vkpay_async.web.envelope import Call, read_call
from vkpay_async.web.exchange import Reply, Request, client_address, json_reply
from vkpay_async.web.rate_limit import RateLimit, TokenBuckets

if TYPE_CHECKING:
    from vkpay_async.client import VKPay

log = logging.getLogger("vkpay_async.web")

Authorize: TypeAlias = Callable[[str, dict[str, Any], Mapping[str, str]], Awaitable[Mapping[str, Any]]]

MAX_BODY = 64 * 1024

_LIMITED = frozenset({CREATE, COIN_BALANCE, *LOGINS})
"""What makes a provider work, whoever asks."""

_SERVER_ONLY = frozenset(
    {
        "app_auth_token",
        "nickname",
        "other",
        "profit_sharing",
        "sub_appid",
        "sub_mchid",
        "user_id",
        "user_ip",
    }
)
"""Who the user is and whom the money goes to: a client has no say in it."""


class FrontDoor:
    """Lets front ends log their users in, and create and query payments.

    ``authorize`` is awaited for every call with the action, its arguments (names as in Python, on one level) and the request's
    headers (names in lower case). It returns the arguments to use, or raises :class:`VKPayError`, whose code and text the
    client gets. What it passes on counts: take ``total_fee``, ``type``, ``custom`` and ``pid`` from the application's own order. The client's word on
    ``user_id``, ``user_ip``, ``nickname``, ``other``, ``profit_sharing`` and the service-provider fields is dropped before.
    ``trust_client=True`` does without all that, for tests.

    ``allow`` opens actions that move money out or coins, or tell of them, by name. ``proxies`` says how many proxies of one's own append to
    ``X-Forwarded-For``; the client's address counts for WeChat's H5 payments and for ``rate_limit``, which guards
    createPayment, the logins and a user's coins. ``max_body`` is in bytes; ``clock`` gives seconds. ``origins`` lists the web pages that may call it from
    another address than its own, such as ``https://shop.example``; none by default. Raises :class:`ConfigError`.
    """

    def __init__(
        self,
        pay: VKPay,
        *,
        authorize: Authorize | None = None,
        trust_client: bool = False,
        allow: Collection[str] = (),
        proxies: int = 0,
        rate_limit: RateLimit | None = RateLimit(),  # noqa: B008 - immutable
        max_body: int = MAX_BODY,
        origins: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        _check_guarded(authorize, trust_client, allow)
        self.max_body = max_body
        self.pay = pay
        self.origins = Origins(origins)
        self._authorize = authorize
        self._trust_client = trust_client
        self._actions = OPEN | {name: GUARDED[name] for name in allow}
        self._proxies = proxies
        self._buckets = TokenBuckets(rate_limit, clock) if rate_limit else None
        self._warned = False

    async def answer(self, request: Request, body: bytes) -> Reply:
        """The reply to a POST. Never raises: what fails unexpectedly is logged, and the client is told no details."""
        if len(body) > self.max_body:
            return json_reply(_failure(413, f"the body is larger than {self.max_body} bytes"), 413)
        try:
            return await self._answer(request, read_call(body, request.query))
        except ConfigError as error:
            log.error("a payment failed on the configuration: %s", error)
            return json_reply(
                _failure(error.code, "payments are not configured correctly; see the server's log")
            )
        except VKPayError as error:
            return json_reply(error.to_client())
        except Exception:
            log.exception("the front door failed")
            return json_reply(_vk_failure(500, "internal error; see the server's log"))

    async def _answer(self, request: Request, call: Call) -> Reply:
        _check_reachable(call.action)
        action = self._actions.get(call.action)
        if action is None:
            return json_reply(_vk_failure(404, f"there is no action {call.action[:100]!r}"))
        client = Client(
            ip=client_address(request, self._proxies), user_agent=request.headers.get("user-agent", "")
        )
        wait_s = self._wait_s(request, call.action, client)
        if wait_s:
            refusal = _failure(429, f"too many calls from one address; try again in {wait_s} s")
            return json_reply(refusal, 429, **{"Retry-After": str(wait_s)})
        arguments = await self._authorized(call.action, action, _given(call, action, request), request)
        return json_reply((await action.run(self.pay, arguments, client)).to_client())

    def _wait_s(self, request: Request, action: str, client: Client) -> int:
        if self._buckets is None or action not in _LIMITED:
            return 0
        if not self._proxies and "x-forwarded-for" in request.headers and not self._warned:
            self._warned = True
            log.warning(
                "requests carry X-Forwarded-For and proxies is 0: behind a proxy all clients share one rate limit; "
                "FrontDoor(proxies=1) believes the last hop"
            )
        return self._buckets.wait_s(client.ip or "")

    async def _authorized(
        self, name: str, action: Action, given: dict[str, Any], request: Request
    ) -> Mapping[str, Any]:
        if not self._trust_client:
            given = {key: value for key, value in given.items() if key not in _SERVER_ONLY}
        if self._authorize is None:
            return given
        arguments = await self._authorize(name, dict(given), request.headers)
        unknown = sorted(arguments.keys() - action.names - given.keys())
        if unknown:
            raise TypeError(f"authorize returned arguments that {name} does not take: {', '.join(unknown)}")
        return arguments


def _check_guarded(authorize: Authorize | None, trust_client: bool, allow: Collection[str]) -> None:
    unknown = sorted(set(allow) - GUARDED.keys())
    if isinstance(allow, str) or unknown:
        raise ConfigError(f"allow takes a set of {', '.join(GUARDED)}; not {', '.join(unknown)}")
    if authorize is None and allow:
        raise ConfigError("money must not leave unasked: give authorize=… to the FrontDoor that has allow=…")
    if authorize is None and not trust_client:
        raise ConfigError(
            "amounts must not come from the client: give authorize=…, an async function that returns the arguments to use "
            "(trust_client=True is for tests)"
        )


def _check_reachable(action: str) -> None:
    if ".." in action:
        raise InvalidArgument("action must not contain ..")
    if "pay-notify" in action:
        raise InvalidArgument("禁止访问")


def _given(call: Call, action: Action, request: Request) -> dict[str, Any]:
    """The arguments, and what vk's clients say about themselves beside them."""
    given = python_names(call.data, action.names)
    if "is_pc" not in action.names:
        return given
    platform = given.pop("vk_platform", None) or given.get("platform") or request.headers.get("vk-platform")
    appid = given.pop("vk_appid", None) or given.get("appid")
    return {**given, "platform": platform, "appid": appid}


def _failure(code: int | str, msg: str) -> dict[str, Any]:
    return {"code": code, "msg": msg}


def _vk_failure(code: int, msg: str) -> dict[str, Any]:
    """A failure of vk's own router has its text in ``errMsg`` as well."""
    return {**_failure(code, msg), "errMsg": msg}
