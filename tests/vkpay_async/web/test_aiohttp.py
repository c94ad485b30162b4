"""What is aiohttp's own."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.vkpay_async.fake import Shop
from tests.vkpay_async.web.stacks import tasks_running
from vkpay_async.web.aiohttp import vkpay_app
from vkpay_async.web.front_door import FrontDoor


async def test_the_client_is_opened_and_closed_with_the_application(shop_on_disk: Shop) -> None:
    app = web.Application()
    app.add_subapp("/pay", vkpay_app(shop_on_disk.pay))
    async with TestClient(TestServer(app)):
        assert shop_on_disk.pay.orders._store is not None
    assert shop_on_disk.pay.orders._store is None


@pytest.mark.parametrize("jobs", [True, False])
async def test_the_jobs_run_as_long_as_it_does_unless_told_not_to(shop_on_disk: Shop, jobs: bool) -> None:
    async with TestClient(TestServer(vkpay_app(shop_on_disk.pay, jobs=jobs))):
        assert ("vkpay-job-redeliver" in tasks_running()) is jobs
    assert "vkpay-job-redeliver" not in tasks_running()


async def test_it_is_an_application_of_its_own_and_takes_more_routes(shop_on_disk: Shop) -> None:
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = vkpay_app(shop_on_disk.pay)
    app.router.add_get("/hello", hello)
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/hello")).status == 200
        assert (await client.get("/health")).status == 200
        assert (await client.post("/")).status == 404


@pytest.mark.parametrize("path", ["/pay", "/pay/"])
async def test_the_front_door_answers_with_and_without_the_slash(shop_on_disk: Shop, path: str) -> None:
    pay = shop_on_disk.pay
    app = web.Application()
    app.add_subapp("/pay", vkpay_app(pay, front_door=FrontDoor(pay, trust_client=True)))
    async with TestClient(TestServer(app)) as client:
        assert (await (await client.post(path, json={})).json())["msg"] == "action不能为空"
