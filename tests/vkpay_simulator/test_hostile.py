"""Bytes that no client of a provider writes, at every address of every provider: an answer of the provider's, and no stumbling."""

from __future__ import annotations

import re
import time
import tracemalloc
from collections.abc import Callable

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.providers import REGISTRY
from vkpay_simulator.world import Settings, World

SIZE = 64 * 1024
SECONDS = 3.0
TIMES_THE_BODY = 100

BODIES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no UTF-8": lambda: b"\xff\xfe" * 100,
    "a list": lambda: b"[]",
    "an object": lambda: b"{}",
    "null": lambda: b"null",
    "numbers": lambda: (
        b'{"out_trade_no":1,"total_fee":1e999,"amount":{"total":-0.0},"openid":[{}],"app_id":{}}'
    ),
    "a long number": lambda: b'{"total_fee":' + b"9" * SIZE + b"}",
    "deep lists": lambda: b"[" * SIZE,
    "deep objects": lambda: b'{"a":' * 500 + b"1" + b"}" * 500,
    "wide": lambda: b'{"a":[' + b"{}," * (SIZE // 3) + b"{}]}",
    "half a character": lambda: b'{"out_trade_no":"\\ud800","method":"\\ud800","sign":"\\ud800"}',
    "NUL": lambda: b'{"out_trade_no":"a\\u0000b"}',
    "XML": lambda: b"<xml>" + b"<a>" * (SIZE // 4),
    "a form": lambda: b"a=1&" * (SIZE // 4),
    "form of halves": lambda: b"method=%zz&sign=%ff&app_id=%00&biz_content=%7B",
}


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "x", path)


def parameters(path: str) -> dict[str, str]:
    return dict.fromkeys(re.findall(r"\{(\w+)", path), "x\ud800")


@pytest.fixture(scope="module")
def world() -> World:
    return World(Settings(seed=3))


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("name", REGISTRY)
def test_it_answers_and_stays_small(world: World, name: str, body: Callable[[], bytes]) -> None:
    provider, content = world.providers[name], body()
    content_type = "application/x-www-form-urlencoded" if b"=" in content[:20] else "application/json"
    for route in provider.routes():
        request = Request(
            method=route.method,
            target=f"{filled(route.path)}?out_trade_no=%ff&access_token=&sign=%zz&method=&data={{",
            headers=CIMultiDictProxy(
                CIMultiDict(
                    {
                        "Content-Type": content_type,
                        "Authorization": "Bearer a.b.c",
                        "PayMercAuth": "{",
                        "access-token": "\ud800",
                    }
                )
            ),
            body=content,
            params=parameters(route.path),
        )
        tracemalloc.start()
        began = time.process_time()
        try:
            answer = answered(provider, route, request)
        finally:
            took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert isinstance(answer, Answer), route.path
        assert took < SECONDS, route.path
        assert peak < TIMES_THE_BODY * len(content) + 4 * 1024 * 1024, (route.path, peak)


def answered(provider: object, route: Route, request: Request) -> Answer:
    operation = route.operation if route.operation_of is None else route.operation_of(request)
    provider.subject_of(request, operation)  # type: ignore[attr-defined]
    return route.handler(request)
