import io

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer
from msgspec import structs

from tests.vkpay_simulator.conftest import NOW
from tests.vkpay_simulator.toy import Toy
from vkpay_simulator.app import BODY_BYTES, build_app
from vkpay_simulator.clock import Clock
from vkpay_simulator.serving import serving
from vkpay_simulator.shortcuts import Shortcuts
from vkpay_simulator.world import Settings, World

ROUTES = Shortcuts(
    [
        ("GET", "/orders/{id}", "order"),
        ("GET", "/orders/all", "all"),
        ("POST", "/orders/{id}/close", "close"),
        ("GET", "/prices/{product}/{place}", "price"),
        ("GET", "/files/{rest:.*}", "file"),
        ("GET", "/_sim/toy", "control"),
        ("GET", "/orders/{number}", "the same once more"),
    ]
)
ORDER = b'{"out_trade_no": "no-1", "total_fee": 100}'


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/orders/all", ("all", {})),
        ("GET", "/orders/A-1_b", ("order", {"id": "A-1_b"})),
        ("POST", "/orders/7/close", ("close", {"id": "7"})),
        ("GET", "/prices/p/q", ("price", {"product": "p", "place": "q"})),
        ("GET", "/orders/a%2Fb", None),
        ("GET", "/orders/", None),
        ("GET", "/orders/7/close", None),
        ("POST", "/orders/all", None),
        ("GET", "/orders/7/", None),
        ("GET", "/prices/p", None),
        ("GET", "/files/a", None),
        ("GET", "/_sim/toy", None),
        ("GET", "http://host/orders/7", None),
        ("GET", "", None),
    ],
)
def test_only_plain_paths_are_found(method: str, path: str, found: tuple[str, dict[str, str]] | None) -> None:
    assert ROUTES.find(method, path) == found


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/toy/orders", ORDER),
        ("POST", "/toy/orders?sign=1", ORDER),
        ("GET", "/toy/orders/none", b""),
        ("GET", "/toy/echo/a?x=%7E+1", b""),
        ("POST", "/toy/orders/none/close", b""),
        ("POST", "/toy/broken", b""),
        ("PUT", "/toy/orders", b""),
        ("HEAD", "/toy/orders/none", b""),
        ("GET", "/nothing", b""),
        ("GET", "/_sim/toy/settings", b""),
        ("POST", "/toy/orders", b"x" * (BODY_BYTES + 1)),
    ],
)
async def test_what_is_served_is_what_the_application_answers(method: str, target: str, body: bytes) -> None:
    async def seen(session: ClientSession | TestClient, base: str, world: World) -> tuple[object, ...]:  # type: ignore[type-arg]
        fixed = {"Host": "h", "Connection": "close"}
        async with session.request(
            method, base + target, data=io.BytesIO(body) if body else None, headers=fixed
        ) as response:
            entries = [structs.replace(entry, duration_ms=0) for entry in world.journal.find()]
            return response.status, dict(response.headers), await response.read(), entries

    routed, served = (
        World(Settings(seed=7), clock=Clock(lambda: NOW), providers={"toy": Toy}) for _ in range(2)
    )
    async with TestClient(TestServer(build_app(routed))) as client:
        expected = await seen(client, "", routed)
    async with serving(served) as url, ClientSession() as session:
        assert await seen(session, url, served) == expected


async def test_who_asks_before_sending_is_told_to_go_on(world: World) -> None:
    async with (
        serving(world) as url,
        ClientSession() as session,
        session.post(f"{url}/toy/orders", data=ORDER, expect100=True) as response,
    ):
        assert response.status == 200
