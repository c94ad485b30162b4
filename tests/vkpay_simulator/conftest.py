from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.vkpay_simulator.toy import Toy
from vkpay_simulator.app import build_app
from vkpay_simulator.clock import Clock
from vkpay_simulator.world import Settings, World

NOW = 1_800_000_000.0
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def world() -> World:
    """A world whose clock stands still unless it is moved."""
    return World(Settings(seed=7), clock=Clock(lambda: NOW), providers={"toy": Toy})


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with TestClient(TestServer(build_app(world))) as client:
        yield client


class Receiver:
    """A merchant's server: keeps what arrives, answers what it is told to."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.body = b"ok"
        self.location = ""
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.headers.append(dict(request.headers))
        headers = {"Location": self.location} if self.location else {}
        return web.Response(status=self.status, body=self.body, headers=headers)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{rest:.*}", receiver.handle)
    async with TestServer(app) as server:
        receiver.url = str(server.make_url("/notify"))
        yield receiver
