"""Asks the providers something harmless: whether our signature is accepted, and what time they have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, TypeAlias

from vkpay_async.cli.doctor.check import Check, State
from vkpay_async.cli.doctor.nodes import provider_of, subject_of
from vkpay_async.config import Node
from vkpay_async.errors import (
    AuthenticationFailed,
    PermissionRefused,
    ProviderError,
    RateLimited,
    ResourceNotFound,
    SignatureInvalid,
    TransportError,
    VKPayError,
)
from vkpay_async.models import OrderRef, TransferRef
from vkpay_async.providers.base import Env, Flow, HttpResponse
from vkpay_async.providers.registry import Providers
from vkpay_async.transport import Transport

Question: TypeAlias = Callable[[Any, Any, Env], Flow[str]]

KIND = "online"
SKEW_NOTED_MS = 30_000
SKEW_REFUSED_MS = 300_000
"""Both providers refuse what is signed more than five minutes off, and so do we."""
_CHECK_THEM = "compare app_id, mch_id, serial_no and the keys with what the provider's console shows"
ADVICE: dict[type[VKPayError], tuple[State, str]] = {
    TransportError: ("problem", "check the network, the proxy, the firewall and base_url of this machine"),
    RateLimited: ("warning", "run this again in a minute"),
    PermissionRefused: (
        "warning",
        "the signature is accepted; open the product for this merchant in the console",
    ),
    AuthenticationFailed: ("problem", _CHECK_THEM),
    SignatureInvalid: ("problem", _CHECK_THEM),
}


async def check_online(
    nodes: Sequence[Node], providers: Providers, transport: Transport, env: Env
) -> list[Check]:
    """The nodes must be buildable. Two findings each: the credentials, and the clock where an answer came."""
    found = await asyncio.gather(*(_ask(node, providers, transport, env) for node in nodes))
    return [check for checks in found for check in checks]


async def _ask(node: Node, providers: Providers, transport: Transport, env: Env) -> list[Check]:
    skews: list[int] = []
    flow = _watched(_question(node, providers, env), lambda answer: _note_skew(answer, env, skews))
    subject = subject_of(node)
    try:
        detail = await transport.run(flow)
    except VKPayError as error:
        checks = [_refused(error, subject, late=any(abs(skew) >= SKEW_REFUSED_MS for skew in skews))]
    else:
        checks = [Check(kind=KIND, subject=subject, detail=detail)]
    return checks + [_clock(skew, subject) for skew in skews[-1:]]


def _question(node: Node, providers: Providers, env: Env) -> Flow[str]:
    name = provider_of(node)
    return _QUESTIONS.get(name, _ask_number)(node, providers.get(node.pid, f"{name}_{node.platform}"), env)


def _ask_wxpay(node: Any, provider: Any, _env: Env) -> Flow[str]:
    """The certificates come encrypted with v3_key, which proves it too; the public key's merchants have none."""
    if node.wxpay_public_key:
        yield from provider.echo("vkpay doctor")
        return "the signature is accepted, and the answer's holds; only a notification can prove v3_key"
    yield from provider.certificates()
    return "the signature is accepted, v3_key decrypts the platform certificates, and the answer's signature holds"


def _ask_wxpay_virtual(_node: Any, provider: Any, _env: Env) -> Flow[str]:
    """What could be withdrawn: it takes an access token and the AppKey to be told."""
    yield from provider.query_biz_balance()
    return "secret gives an access token, and the AppKey is accepted"


def _ask_alipay(node: Node, provider: Any, env: Env) -> Flow[str]:
    """A number that cannot exist: Alipay looks for it only after it has accepted the signature."""
    number = f"vkpay_doctor_{env.nonce()}"
    try:
        if node.platform == "transfer":
            yield from provider.query_transfer(TransferRef(out_bill_no=number))
        else:
            yield from provider.query(OrderRef(pay_type=f"alipay_{node.platform}", out_trade_no=number))
    except ResourceNotFound as answer:
        return f"the signature is accepted ({answer.code}), and the answer's holds"
    return "the signature is accepted, and the answer's holds"


def _ask_huawei(node: Any, provider: Any, env: Env) -> Flow[str]:
    """A number that cannot exist: Huawei Pay looks for it only after it has accepted the signature."""
    order = OrderRef(
        pay_type=f"huawei_{node.platform}",
        out_trade_no=f"doctor_{env.nonce()}",
        sub_mchid=node.mch_id if node.sub_merchants else None,  # asks under a service provider's path
    )
    try:
        yield from provider.query(order)
    except ResourceNotFound as answer:
        return f"the signature is accepted ({answer.code}), and the answer's holds"
    return "the signature is accepted, and the answer's holds"


def _ask_huaweiiap(_node: Any, provider: Any, env: Env) -> Flow[str]:
    """A purchase that cannot exist: Huawei looks for it only after it has accepted the token."""
    try:
        yield from provider.order_status(f"doctor_{env.nonce()}", env.nonce())
    except ResourceNotFound as answer:
        return f"the API key is accepted ({answer.code}); only a purchase can prove root_cert"
    return "the API key is accepted"


def _ask_douyin(node: Node, provider: Any, env: Env) -> Flow[str]:
    """A number that cannot exist, looked for after the sign or the client token was accepted. Answers are not signed."""
    try:
        yield from provider.query(OrderRef(pay_type=f"douyin_{node.platform}", out_trade_no=env.nonce()))
    except ResourceNotFound as answer:
        return (
            f"the call is accepted ({answer.code}); only a notification can prove token and douyin_public_key"
        )
    return "the call is accepted"


def _ask_appleiap(node: Any, provider: Any, env: Env) -> Flow[str]:
    """A transaction that cannot exist: Apple looks for it only after it has accepted the token."""
    if not (node.private_key or node.app_cert):
        return "nothing was asked: there is no In-App Purchase key"
    try:
        yield from provider.transaction(str(env.now_ms()))
    except ResourceNotFound as answer:
        return f"the token is accepted ({answer.code})"
    return "the token is accepted"


def _ask_number(node: Any, provider: Any, env: Env) -> Flow[str]:
    """A number that cannot exist: who looks for it has accepted the signature before."""
    number = f"doctor{env.nonce()[:20]}"
    order = OrderRef(
        pay_type=f"{provider.name}_{node.platform or 'h5'}", out_trade_no=number, provider_order_no=number
    )
    try:
        yield from provider.query(order)
    except ResourceNotFound as answer:
        return f"the signature is accepted ({answer.code})"
    return "the signature is accepted"


_QUESTIONS: dict[str, Callable[[Any, Any, Env], Flow[str]]] = {
    "wxpay": _ask_wxpay,
    "alipay": _ask_alipay,
    "douyin": _ask_douyin,
    "wxpay-virtual": _ask_wxpay_virtual,
    "huawei": _ask_huawei,
    "huaweiiap": _ask_huaweiiap,
    "appleiap": _ask_appleiap,
}


def _watched(flow: Flow[str], arrived: Callable[[HttpResponse], None]) -> Flow[str]:
    move = partial(next, flow)
    while True:
        try:
            request = move()
        except StopIteration as stop:
            result: str = stop.value
            return result
        try:
            response = yield request
        except VKPayError as error:
            move = partial(flow.throw, error)
            continue
        if isinstance(response, HttpResponse):  # and not what else a Flow asks for
            arrived(response)
        move = partial(flow.send, response)


def _note_skew(answer: HttpResponse, env: Env, skews: list[int]) -> None:
    try:
        theirs = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return
    skews.append(env.now_ms() - int(theirs * 1000))


def _clock(skew_ms: int, subject: str) -> Check:
    seconds, side = abs(skew_ms) // 1000, "ahead of" if skew_ms > 0 else "behind"
    if abs(skew_ms) < SKEW_NOTED_MS:
        return Check(kind="clock", subject=subject, detail=f"less than {SKEW_NOTED_MS // 1000} s off")
    return Check(
        kind="clock",
        subject=subject,
        state="problem" if abs(skew_ms) >= SKEW_REFUSED_MS else "warning",
        detail=f"this machine is {seconds} s {side} the provider; more than 300 s and nothing is accepted",
        advice="set this machine's clock by NTP",
    )


def _refused(error: VKPayError, subject: str, *, late: bool) -> Check:
    state, advice = next(
        (found for kind, found in ADVICE.items() if isinstance(error, kind)),
        ("problem", "run this again; if it stays, ask the provider with this text"),
    )
    detail = error.msg
    if isinstance(error, ProviderError):
        detail, advice = f"{error.provider} {error.code}: {error.message}", error.advice or advice
    if late:
        advice = "set this machine's clock by NTP, then run this again"
    return Check(kind=KIND, subject=subject, state=state, detail=detail, advice=advice)
