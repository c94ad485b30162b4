"""What every framework's adapter does the same."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tests.vkpay_async.fake import GENUINE, Bank, Clock, Shop, open_shop
from tests.vkpay_async.web.stacks import PREFIX, STACKS, STREAMING, Body, Call
from vkpay_async import PaidOrder, VKPay
from vkpay_async.models import Notification
from vkpay_async.web import router
from vkpay_async.web.front_door import FrontDoor
from vkpay_simulator.running import RunningSimulator

PATH = f"{PREFIX}/vk-pay-notify/wxpay_h5/order_0001"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=GBK", "Wechatpay-Signature": "a+b/c=="}


@pytest.fixture
def limited(bank: Bank, clock: Clock, database: str) -> Shop:
    return open_shop(bank, clock, database, max_notification=2_000_000)


@pytest.fixture(params=STACKS)
async def call(request: pytest.FixtureRequest, limited: Shop) -> AsyncIterator[Call]:
    async with STACKS[request.param](limited.pay) as call:
        yield call


@pytest.fixture(params=STREAMING)
async def streaming(request: pytest.FixtureRequest, limited: Shop) -> AsyncIterator[Call]:
    async with STREAMING[request.param](limited.pay) as call:
        yield call


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "BODY_TIMEOUT_S", 0.02)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("provider", ["wxpay", "alipay"])
async def test_a_notification_from_the_simulator_is_taken(
    stack: str, provider: str, vkpay_sim: RunningSimulator, tmp_path: Path
) -> None:
    shipped: list[str] = []
    pay = VKPay.from_dict(vkpay_sim.config, database=f"sqlite:///{tmp_path / 'orders.db'}")

    @pay.on_paid("goods")
    async def ship(order: PaidOrder) -> None:
        shipped.append(order.out_trade_no)

    async with STACKS[stack](pay) as call:
        await pay.create_payment(
            provider=provider,
            platform="h5",
            need_qrcode=True,
            out_trade_no="20261121-0001",
            total_fee=100,
            subject="龙井茶 500g + 1",
            type="goods",
        )
        vkpay_sim.fault("lose_notify", times=None)
        await vkpay_sim.pay("20261121-0001")
        sent = vkpay_sim.world.deliveries[vkpay_sim.deliveries()[0].id].build(0)
        path = f"{PREFIX}/vk-pay-notify/{provider}_h5/20261121-0001"
        spoilt = await call("POST", path, sent.body + b"0", dict(sent.headers))
        assert spoilt.status == 500
        assert shipped == []
        answer = await call("POST", path, sent.body, dict(sent.headers))
        assert answer.status == 200
        again = await call("POST", path, sent.body, dict(sent.headers))
        assert again.body == answer.body
        assert (await pay.orders.require("20261121-0001")).paid
    assert shipped == ["20261121-0001"]


async def test_a_payment_is_taken_in(call: Call, limited: Shop) -> None:
    limited.listen()
    await limited.order()
    event = Notification(kind="payment", id="1", event="PAID", trade=limited.trade())
    answer = await call("POST", PATH, msgspec.json.encode(event), GENUINE)
    assert (answer.status, answer.body) == (200, b"got it")
    assert answer.headers["content-type"].startswith("text/plain")
    assert len(limited.runs) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b" {\xff\xfe\r\n\x00", b"a=%2B&b=+", "subject=乌龙茶&a=%B2%E8".encode("gbk"), b"x" * 1_500_000],
    ids=["empty", "no text", "form", "GBK", "large"],
)
async def test_the_body_arrives_as_it_was_sent(call: Call, limited: Shop, body: bytes) -> None:
    await limited.order()
    answer = await call("POST", PATH, body, FORM)
    assert (answer.status, answer.body) == (500, b"again")
    raw = limited.bank.last("notification")
    assert (raw.body, raw.method, raw.path) == (body, "POST", PATH)
    assert raw.headers["wechatpay-signature"] == "a+b/c=="


async def test_a_number_in_the_address_is_found_however_it_is_written(call: Call, limited: Shop) -> None:
    await limited.order("order|0001*")
    answer = await call("POST", f"{PREFIX}/vk-pay-notify/wxpay_h5/order%7C0001%2A", b"{}")
    assert answer.status == 500
    assert limited.bank.count()["notification"] == 1


@pytest.mark.parametrize("kind", ["transfer-notify", "transfer-auth-notify"])
async def test_a_transfers_or_authorisations_notification_is_taken_in(
    call: Call, limited: Shop, kind: str
) -> None:
    path = f"{PREFIX}/{kind}/wxpay_transfer/B1/shop7"
    assert (await call("POST", path, b"{}")).status == 500
    assert limited.bank.last("notification").path == path


async def test_a_body_that_is_too_large_is_refused_in_the_providers_words(call: Call, limited: Shop) -> None:
    await limited.order()
    answer = await call("POST", PATH, b"x" * 2_000_001, GENUINE)
    assert (answer.status, answer.body) == (500, b"again")
    assert "notification" not in limited.bank.count()


async def test_a_compressed_body_is_refused(call: Call) -> None:
    answer = await call("POST", PATH, gzip.compress(b"{}"), {"Content-Encoding": "gzip"})
    assert answer.status == 415


@pytest.mark.parametrize(
    "path",
    ["/", "/vk-pay-notify/wxpay_h5/A1/x/y", "/vk-pay-notify/wxpay_h5/", "/vk-pay-notify/a/b/c", "/healthy"],
)
async def test_any_other_path_is_404(call: Call, path: str) -> None:
    assert (await call("POST", PREFIX + path)).status == 404


@pytest.mark.parametrize("path", ["/vk-pay-notify/wxpay_h5", "/vk-pay-notify/wxpay_h5/-/default"])
async def test_an_address_set_in_a_console_is_a_providers(call: Call, path: str) -> None:
    assert (await call("POST", PREFIX + path)).status == 500  # its word for a body that nobody signed


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_any_other_method_is_405(call: Call, method: str) -> None:
    answer = await call(method, PATH)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


async def test_health_and_readiness(call: Call) -> None:
    healthy, ready = await call("GET", f"{PREFIX}/health"), await call("GET", f"{PREFIX}/ready")
    assert (healthy.status, msgspec.json.decode(healthy.body)) == (200, {"status": "ok"})
    assert (ready.status, msgspec.json.decode(ready.body)) == (200, {"status": "ok", "database": "ok"})
    assert (await call("POST", f"{PREFIX}/ready")).status == 405


async def test_not_ready_without_a_database(
    call: Call, limited: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def gone(_: str) -> None:
        raise OSError("unable to open /srv/secret.db")

    monkeypatch.setattr(limited.pay.orders, "get", gone)
    answer = await call("GET", f"{PREFIX}/ready")
    assert (answer.status, b"secret" in answer.body) == (503, False)
    assert "OSError" in caplog.text
    assert (await call("GET", f"{PREFIX}/health")).status == 200


async def test_a_body_that_never_ends_is_not_waited_for(streaming: Call, hasty: None) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    assert (await streaming("POST", PATH, endless())).status == 408


async def test_the_body_of_a_question_about_health_is_not_read(streaming: Call) -> None:
    async def silent() -> AsyncIterator[bytes]:
        yield b""
        await asyncio.Event().wait()

    answer = await asyncio.wait_for(streaming("GET", f"{PREFIX}/health", silent()), 5)
    assert answer.status == 200


async def test_reading_stops_at_the_limit(streaming: Call, limited: Shop) -> None:
    await limited.order()
    answer = await streaming("POST", PATH, flood(), GENUINE)
    assert (answer.status, answer.body) == (500, b"again")


def flood() -> Body:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 65536

    return chunks()


@pytest.mark.parametrize("stack", STACKS)
async def test_the_front_door_answers_at_the_prefix(stack: str, shop_on_disk: Shop) -> None:
    pay = shop_on_disk.pay
    async with STACKS[stack](pay, FrontDoor(pay, trust_client=True, proxies=1)) as call:
        data = {
            "provider": "wxpay",
            "data": {"out_trade_no": "order_0001", "total_fee": 19900, "subject": "茶", "type": "goods"},
        }
        body = msgspec.json.encode({"action": "pay/createPayment", "data": data})
        headers = {"X-Forwarded-For": "10.0.0.1, 198.51.100.7", "User-Agent": "Mozilla/5.0 (Windows NT 10.0)"}
        answer = await call("POST", f"{PREFIX}/?vk_platform=h5", body, headers)
        created = msgspec.json.decode(answer.body)
        assert (answer.status, created["code"], created["pay_type"]) == (200, 0, "wxpay_h5")
        assert (await pay.orders.require("order_0001")).client_ip == "198.51.100.7"
        assert (await call("GET", f"{PREFIX}/")).status == 405
