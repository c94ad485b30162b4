"""Bytes that no provider wrote, in the place of its notifications and of its answers: one of our errors, in bounded time and memory."""

from __future__ import annotations

import hashlib
import time
import tracemalloc
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.contract.test_operations import OPERATIONS, Known, built
from vkpay_async.config import Config
from vkpay_async.errors import InvalidArgument, ResourceNotFound, VKPayError
from vkpay_async.models import RawNotification
from vkpay_async.providers.base import HttpRequest, HttpResponse, Provider, run_offline
from vkpay_simulator.running import RunningSimulator

assert built  # a fixture

LARGEST = Config().max_notification
SECONDS = 3.0
TIMES_THE_BODY = 96
"""What an escaped byte of a form costs in Python; nothing may cost more."""

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "'
    + b"a" * 100
    + b'">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + one, (b"&%c;" % (97 + one)) * 100) for one in range(8))
    + b"]><xml><Event>&i;</Event></xml>"
)
FILE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml><Event>&a;</Event></xml>'

BODIES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no UTF-8": lambda: b"\xff\xfe" * 100,
    "NUL": lambda: b"\0" * LARGEST,
    "a list": lambda: b"[]",
    "null": lambda: b"null",
    "a text": lambda: b'"' + b"a" * (LARGEST - 2) + b'"',
    "deep lists": lambda: b"[" * LARGEST,
    "deep objects": lambda: b'{"a":' * (LARGEST // 5),
    "deep inside": lambda: b'{"resource":' * 500 + b"1" + b"}" * 500,
    "wide": lambda: b"[" + b"{}," * (LARGEST // 3 - 1) + b"{}]",
    "many members": lambda: b"{" + b",".join(b'"%07d":1' % one for one in range(LARGEST // 12)) + b"}",
    "a long number": lambda: b'{"total_fee":' + b"9" * (LARGEST - 20) + b"}",
    "no number": lambda: b'{"total_fee":NaN}',
    "half a character": lambda: b'{"a":"\\ud800"}',
    "XML": lambda: b"<xml>" + b"<a>" * (LARGEST // 4),
    "an XML bomb": lambda: BOMB,
    "an XML file": lambda: FILE,
    "a form": lambda: b"a=1&" * (LARGEST // 4),
    "percent signs": lambda: b"a=" + b"%zz" * (LARGEST // 3 - 1),
    "a token": lambda: b'{"signedPayload":"' + b"a." * (LARGEST // 2 - 20) + b'","jwsNotification":"a.b.c"}',
    "an envelope": lambda: (
        b'{"timestamp":"1","nonce":"1","msg":"'
        + b"[" * (LARGEST - 100)
        + b'","type":"payment","msg_signature":"0"}'
    ),
}

every_body = pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)


def nobody(request: HttpRequest) -> HttpResponse:
    raise AssertionError(f"asked for {request.operation} about a stranger's notification")


def measured(act: Callable[[], Any], size: int) -> Any:
    """What ``act`` gives, if it took little."""
    tracemalloc.start()
    began = time.process_time()
    try:
        return act()
    finally:
        took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert took < SECONDS
        assert peak < TIMES_THE_BODY * size + 2 * 1024 * 1024


def query_of(sim: RunningSimulator, name: str) -> str:
    """Virtual payment's signature is in the query, and covers nothing of the body: a stranger may have seen one."""
    if name != "wxpay-virtual":
        return ""
    token = sim.merchant()[name]["mp-weixin"]["token"]
    text = "".join(sorted((token, "1767196802", "415670741")))
    signature = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return urlencode({"signature": signature, "timestamp": "1767196802", "nonce": "415670741"})


@every_body
def test_a_notification_that_nobody_sent(
    built: tuple[Provider, str, list[str]],
    vkpay_sim: RunningSimulator,
    name: str,
    body: Callable[[], bytes],
) -> None:
    provider, pay_type, _ = built
    content = body()
    raw = RawNotification(
        path=f"/pay/vk-pay-notify/{pay_type}/T2026112100000001",
        headers={"content-type": "application/json"},
        body=content,
        query=query_of(vkpay_sim, name),
    )

    def refused() -> VKPayError:
        with pytest.raises(VKPayError) as caught:
            run_offline(provider.notification(raw), nobody, Known())
        return caught.value

    error = measured(refused, len(content))
    assert len(str(error)) < 1000


@every_body
@pytest.mark.parametrize("operation", ["query", "query_refund", "refund"])
def test_an_answer_that_nobody_sent(
    built: tuple[Provider, str, list[str]], operation: str, body: Callable[[], bytes]
) -> None:
    """With a signature or without: what cannot be read is no success, and of a refund no failure either."""
    provider, pay_type, _ = built
    answer = HttpResponse(status=200, headers={"content-type": "application/json"}, body=body())
    moved: list[bool] = []

    def say(request: HttpRequest) -> HttpResponse:
        moved.append(request.moves_money)
        return answer

    def ended() -> VKPayError | None:
        try:
            run_offline(OPERATIONS[operation](provider, pay_type), say, Known())
        except VKPayError as error:
            return error
        return None

    error = measured(ended, len(answer.body))
    assert error is not None or not moved, "junk was taken for an answer"
    if error is not None and moved:
        assert not isinstance(error, (InvalidArgument, ResourceNotFound))
        assert len(str(error)) < 1000
        assert error.outcome_known != moved[-1], str(error)
