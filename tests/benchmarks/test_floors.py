"""A floor that left its crypto out would be no floor."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp.test_utils import TestClient, TestServer
from cryptography.exceptions import InvalidSignature

from benchmarks import floors, parties, raw, sampled, works
from benchmarks.floors import AlipayCaller, AlipayHand, Hand, WeChatCaller


def test_the_callers_believe_what_is_signed_and_nothing_else() -> None:
    body = works.WECHAT_ANSWER
    headers = parties.signed_headers(body)
    assert WeChatCaller("http://x").answer(body, headers).startswith("weixin://")
    with pytest.raises(InvalidSignature):
        WeChatCaller("http://x").answer(body.replace(b"J", b"K"), headers)
    answered = parties.alipay_answer("alipay.trade.precreate", qr_code="https://q")
    assert AlipayCaller("http://x").answer(answered, {}) == "https://q"
    with pytest.raises(InvalidSignature):
        AlipayCaller("http://x").answer(answered.replace(b"//q", b"//r"), {})


async def test_the_receiver_has_a_notification_on_disk_before_it_answers(tmp_path: Path) -> None:
    database = str(tmp_path / "heard.db")
    async with TestClient(TestServer(floors.receiver("/pay", floors.GroupCommit(database).insert))) as client:

        async def sent(number: str) -> int:
            body = parties.notification(number)
            async with client.post(
                f"/pay/vk-pay-notify/wxpay_h5/{number}", data=body, headers=parties.signed_headers(body)
            ) as answer:
                return answer.status

        numbers = [f"T{number}" for number in range(20)]
        assert set(await asyncio.gather(*map(sent, numbers))) == {200}
        rows = sqlite3.connect(database).execute("SELECT number FROM heard").fetchall()
        assert {number for (number,) in rows} == set(numbers)


def test_a_notification_that_was_changed_is_not_read() -> None:
    body = parties.notification("T1")
    headers = parties.signed_headers(body)
    assert Hand().read(headers, body)["out_trade_no"] == "T1"
    with pytest.raises(InvalidSignature):
        Hand().read(headers, body + b" ")
    form = parties.form(parties.alipay_notification("T1"))
    assert AlipayHand().read({}, form)["out_trade_no"] == "T1"
    with pytest.raises(InvalidSignature):
        AlipayHand().read({}, form.replace(b"T1", b"T2"))


async def test_the_load_tells_what_was_refused() -> None:
    answers = [b"HTTP/1.1 200 OK", b"HTTP/1.1 500 Internal Server Error"]

    def answer() -> bytes:
        return answers[len(asked) % 2] + b"\r\nContent-Length: 2\r\n\r\nok"

    asked: list[int] = []
    loop = asyncio.get_running_loop()
    protocol = lambda: raw.Answering(lambda: (asked.append(1), answer())[1])  # noqa: E731
    server = await loop.create_server(protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    load = await raw.asked(port, [b"GET / HTTP/1.1\r\n\r\n"] * 10, 1)
    server.close()
    assert (len(asked), load.refused, len(load.took)) == (10, 5, 9)


@pytest.mark.parametrize(
    ("paths", "kind"),
    [
        (["/x/vkpay_async/crypto/rsa.py", "/x/vkpay_async/transport/session.py"], sampled.CRYPTO),
        (
            ["/lib/json/decoder.py", "/x/vkpay_async/ledger/orders.py", "/lib/asyncio/events.py"],
            sampled.DATABASE,
        ),
        (["/x/vkpay_async/service/payments.py", "/lib/asyncio/events.py"], sampled.OURS),
        (["/lib/asyncio/events.py"], sampled.HTTP),
        (["/lib/selectors.py", "/lib/asyncio/events.py"], None),
        (["/x/shop.py"], sampled.REST),
    ],
)
def test_a_sample_counts_for_the_innermost_frame_that_is_known(paths: list[str], kind: str | None) -> None:
    frame = None
    for path in reversed(paths):
        frame = SimpleNamespace(f_code=SimpleNamespace(co_filename=path), f_back=frame)
    assert sampled.kind_of(frame) == kind


@pytest.mark.parametrize(
    ("thread", "kind"),
    [
        ("vkpay-commit_0", sampled.DATABASE),
        ("vkpay-work_1", sampled.CRYPTO),
        ("asyncio_5", sampled.IMAGE),
        ("driver", sampled.REST),
        ("Thread-1", sampled.REST),
    ],
)
def test_a_threads_time_counts_for_what_it_works_for(thread: str, kind: str) -> None:
    assert sampled.of_thread(thread) == kind
