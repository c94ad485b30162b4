"""What is ASGI's own: servers that differ, the lifespan, clients that go."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from starlette.applications import Starlette

from tests.vkpay_async.fake import Shop
from tests.vkpay_async.web.stacks import asgi_call, asgi_lifespan, tasks_running
from vkpay_async.web.asgi import VKPayApp


@pytest.mark.parametrize(
    ("target", "scope"),
    [
        ("/health", {}),
        ("/health", {"root_path": "/pay"}),
        ("/pay/health", {"root_path": "/pay"}),
        ("/pay/health", {"root_path": "/pay/"}),
        ("/a%20b/health", {"root_path": "/a b"}),
        ("/pay/health", {"root_path": "/pay", "raw_path": None}),
        ("/pay/health", {"root_path": "/pay", "raw_path": b"/pay/health?x=/y"}),
        ("/health", {"client": None}),
    ],
)
async def test_servers_tell_the_path_in_different_ways(
    shop: Shop, target: str, scope: dict[str, Any]
) -> None:
    answer = await asgi_call(VKPayApp(shop.pay), "GET", target, **scope)
    assert answer is not None
    assert answer.status == 200


async def test_a_prefix_that_only_begins_alike_is_none(shop: Shop) -> None:
    answer = await asgi_call(VKPayApp(shop.pay), "GET", "/payments/health", root_path="/pay")
    assert answer is not None
    assert answer.status == 404


async def test_the_client_is_opened_and_closed_with_the_server(shop_on_disk: Shop) -> None:
    pay = shop_on_disk.pay
    async with asgi_lifespan(VKPayApp(pay)) as said:
        assert pay.orders._store is not None
    assert pay.orders._store is None
    assert [message["type"] for message in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_the_jobs_run_as_long_as_it_does(shop_on_disk: Shop) -> None:
    for app in (VKPayApp(shop_on_disk.pay), Starlette(lifespan=shop_on_disk.pay.lifespan)):
        async with asgi_lifespan(app):
            assert "vkpay-job-redeliver" in tasks_running()
        assert "vkpay-job-redeliver" not in tasks_running()


async def test_a_start_that_fails_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse() -> None:
        raise OSError("no disk")

    monkeypatch.setattr(shop.pay.orders, "open", refuse)
    with pytest.raises(OSError, match="no disk"):
        async with asgi_lifespan(VKPayApp(shop.pay)) as said:
            assert said == [{"type": "lifespan.startup.failed", "message": "no disk"}]


async def test_a_client_that_goes_in_the_middle_of_a_body_gets_no_answer(shop: Shop) -> None:
    class Going:
        def __init__(self) -> None:
            self.messages: list[dict[str, Any]] = [
                {"type": "http.disconnect"},
                {"type": "http.request", "body": b"{", "more_body": True},
            ]
            self.sent: list[Any] = []

        async def receive(self) -> dict[str, Any]:
            return self.messages.pop()

        async def send(self, message: Any) -> None:
            self.sent.append(message)

    client = Going()
    path = "/vk-pay-notify/wxpay_h5/order_0001"
    scope = {"type": "http", "method": "POST", "path": path, "headers": []}
    await VKPayApp(shop.pay)(scope, client.receive, client.send)
    assert client.sent == []
    assert "notification" not in shop.bank.count()

    await shop.order()
    headers = [
        (b"x-forwarded-for", b"a"),
        (b"cookie", b"b=1"),
        (b"X-Forwarded-For", b"c"),
        (b"cookie", b"d=2"),
    ]
    await _post(shop, headers)
    raw = shop.bank.last("notification")
    assert raw.headers == {"x-forwarded-for": "a, c", "cookie": "b=1; d=2"}


async def _post(shop: Shop, headers: list[tuple[bytes, bytes]]) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}"}

    async def send(_: Any) -> None:
        pass

    path = "/vk-pay-notify/wxpay_h5/order_0001"
    await VKPayApp(shop.pay)(
        {"type": "http", "method": "POST", "path": path, "headers": headers}, receive, send
    )


async def test_a_web_socket_is_closed(shop: Shop) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    await VKPayApp(shop.pay)({"type": "websocket", "path": "/"}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_it_needs_no_framework() -> None:
    code = (
        "import sys, vkpay_async.web.asgi; "
        "print({'aiohttp', 'starlette', 'django'} & {m.partition('.')[0] for m in sys.modules})"
    )
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert output.strip() == "set()"
