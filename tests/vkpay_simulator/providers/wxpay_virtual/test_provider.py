"""What the simulator's control side asks of the provider, and whole payments through its port."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.vkpay_simulator.providers.wxpay_virtual.conftest import new_world
from tests.vkpay_simulator.providers.wxpay_virtual.shop import NO, USER_IP, Shop, sha1_sorted
from vkpay_simulator.actions import Buyer, pay
from vkpay_simulator.app import build_app
from vkpay_simulator.exchange import Answer
from vkpay_simulator.faults import BadSignature, BusinessCode, DuplicateNotify, LoseNotify
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.providers.wxpay_virtual import WxpayVirtualSim
from vkpay_simulator.providers.wxpay_virtual.errors import CATALOGUE
from vkpay_simulator.world import World


class TestConfigRow:
    def node(self, shop: Shop) -> dict[str, Any]:
        row = shop.sim.config_row(shop.world.merchants["default"])
        node: dict[str, Any] = row["wxpay-virtual"]["mp-weixin"]
        return node

    def test_names_are_vk_uni_pays(self, shop: Shop) -> None:
        assert sorted(self.node(shop)) == [
            "appId", "appKey", "encodingAESKey", "mchId", "offerId", "rate", "sandbox", "sandboxAppKey", "secret", "token",
        ]  # fmt: skip

    def test_lengths(self, shop: Shop) -> None:
        node = self.node(shop)
        assert (len(node["encodingAESKey"]), len(node["secret"]), node["rate"]) == (43, 32, 100)
        assert node["appKey"] != node["sandboxAppKey"]

    def test_no_secret_in_the_repr(self, shop: Shop) -> None:
        node = self.node(shop)
        for name in ("secret", "appKey", "sandboxAppKey", "token", "encodingAESKey"):
            assert node[name] not in repr(shop.app)


class TestPay:
    def test_view(self, shop: Shop) -> None:
        shop.buy(action="open")
        view = shop.sim.pay(NO, pid="default", payer=shop.openid)
        assert (view.provider, view.pid, view.product, view.state, view.total_fee, view.payer) == (
            "wxpay-virtual", "default", "short_series_goods", "PAID", 990, shop.openid,
        )  # fmt: skip
        assert (view.refunded_fee, view.transaction_id) == (0, shop.order()["wxpay_order_id"])
        assert shop.sim.orders() == [view]
        shop.refund(400)
        assert shop.sim.orders()[0].refunded_fee == 400

    def test_scanning_changes_nothing(self, shop: Shop) -> None:
        shop.buy(action="open")
        assert shop.sim.scan(NO).state == "CREATED"

    def test_giving_up(self, shop: Shop) -> None:
        shop.buy(action="open")
        assert shop.sim.cancel(NO).state == "CLOSED"
        with pytest.raises(SimulatorError, match="CLOSED.*new out_trade_no"):
            shop.sim.pay(NO)

    def test_unknown(self, shop: Shop) -> None:
        with pytest.raises(SimulatorError, match="request-virtual-payment") as caught:
            shop.sim.pay(NO)
        assert caught.value.status == 404

    def test_another_payer(self, shop: Shop) -> None:
        shop.buy(action="open")
        with pytest.raises(SimulatorError, match="leave payer out"):
            shop.sim.pay(NO, payer="o-other")

    def test_one_number_in_two_environments(self, shop: Shop) -> None:
        shop.buy(action="open")
        shop.buy(action="open", env=1)
        with pytest.raises(SimulatorError, match="several orders"):
            shop.sim.pay(NO)

    def test_no_transfers(self, shop: Shop) -> None:
        with pytest.raises(SimulatorError, match="no transfers") as caught:
            shop.sim.settle_transfer("B1", "confirm")
        assert caught.value.status == 404


class TestSubject:
    def subject(self, shop: Shop, path: str, body: Any) -> str | None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return shop.sim.subject_of(shop.request("POST", path, raw), "x")

    def test_numbers(self, shop: Shop) -> None:
        order = shop.buy()["order"]
        shop.refund(400)
        assert self.subject(shop, "/xpay/query_order", {"order_id": NO}) == NO
        assert self.subject(shop, "/xpay/query_order", {"wx_order_id": order["wx_order_id"]}) == NO
        assert self.subject(shop, "/xpay/query_order", {"order_id": "R20260001"}) == NO
        assert (
            self.subject(shop, "/xpay/cancel_currency_pay", {"pay_order_id": "C1", "order_id": "CR1"}) == "C1"
        )
        assert self.subject(shop, "/xpay/create_withdraw_order", {"withdraw_no": "W1"}) == "W1"
        assert self.subject(shop, "/_sim/wxpay-virtual/request-virtual-payment", shop.ask()) == NO

    @pytest.mark.parametrize("body", [b"{", b"[]", b"", b"[" * 100_000, {"openid": "o"}, {"signData": "{"}])
    def test_nothing_named(self, shop: Shop, body: Any) -> None:
        assert self.subject(shop, "/xpay/query_order", body) is None


class TestBusinessError:
    @pytest.mark.parametrize("code", CATALOGUE)
    def test_known(self, shop: Shop, code: int) -> None:
        answer = shop.sim.business_error(shop.signed_request("query_order", {}), "query_order", str(code))
        body = json.loads(answer.body)
        assert (answer.status, body["errcode"]) == (200, code)
        assert CATALOGUE[code] in body["errmsg"]

    def test_refused_when_the_fault_is_set(self, shop: Shop) -> None:
        with pytest.raises(SimulatorError, match=r"Did you mean 2684900\d\d\?.*Codes of wxpay-virtual"):
            shop.world.faults.add(BusinessCode(code="26849001"))

    def test_unknown(self, shop: Shop) -> None:
        with pytest.raises(SimulatorError, match="42001"):
            shop.sim.business_error(shop.signed_request("query_order", {}), "query_order", "1")


def test_answers_carry_no_signature_to_spoil(shop: Shop) -> None:
    answer = Answer(body=b"{}")
    assert shop.sim.spoil_signature(answer) is answer


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("expire-session", {"openid": "o", "pid": "nobody"}, "POST /_sim/merchants"),
        ("expire-session", {"x": 1}, "its fields: openid, pid"),
        ("expire-session", [], "its fields"),
        ("expire-session", {"openid": "o-nobody"}, "login first"),
        ("account", {"push": {"mode": "loud"}}, "mode"),
        ("complaint", {"out_trade_no": "x"}, "request-virtual-payment"),
        ("request-virtual-payment", {}, "signData"),
    ],
)
def test_mistakes_at_the_control_api(shop: Shop, path: str, body: Any, said: str) -> None:
    assert said in shop.post(f"/_sim/wxpay-virtual/{path}", body)["error"]


def test_settings(shop: Shop) -> None:
    shown = shop.change(goods={"sword": 600}, rate=10, balance=5, released=True)
    assert shown | {"rate": 10, "released": True, "balances": {"0": 5, "1": 5}} == shown
    assert shown["goods"] == {"vip30": 990, "chapter": 100, "sword": 600}
    assert shop.buy(productId="sword", goodsPrice=600)["errCode"] == 0


def test_reset(shop: Shop) -> None:
    shop.buy()
    shop.present()
    shop.change(released=True, rate=10, coin_published=False, balance=0, goods={"sword": 1})
    shop.world.reset()
    assert shop.sim.orders() == []
    assert shop.balance()["errcode"] == 40001
    shop.token = shop.stable_token()["access_token"]
    assert shop.balance()["errcode"] == 268490001
    shop.openid, shop.session_key = shop.login(shop.openid)
    assert shop.balance()["balance"] == 0
    assert shop.change() | {"released": False, "coin_published": True, "rate": 100} == shop.change()
    assert shop.change()["balances"] == {"0": 100_000_000, "1": 100_000_000}
    assert "sword" not in shop.change()["goods"]


def test_one_seed_one_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same requests get the same bytes."""
    seen = []
    for _ in "12":
        world = new_world()
        sent: list[Any] = []
        monkeypatch.setattr(world, "notify", sent.append)
        sim = world.providers["wxpay-virtual"]
        assert isinstance(sim, WxpayVirtualSim)
        shop = Shop(world, sim, sent)
        seen.append((shop.token, shop.openid, shop.session_key, shop.buy(), shop.refund(), sent[0].build(0)))
    assert seen[0] == seen[1]


@dataclass
class Server:
    """A merchant's server: keeps what arrives, and answers what it is told to."""

    status: int = 200
    body: bytes = b"success"
    url: str = ""
    seen: list[web.Request] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.seen.append(request)
        echo = request.query.get("echostr")
        return web.Response(status=self.status, body=echo.encode() if echo else self.body)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", server.handle)
    async with TestServer(app) as running:
        server.url = str(running.make_url("/push"))
        yield server


class TestThroughThePort:
    @pytest.fixture
    async def open_shop(self, server: Server) -> AsyncIterator[Shop]:
        """A shop whose order waits for the password, with push to the server."""
        world = new_world()
        sim = world.providers["wxpay-virtual"]
        assert isinstance(sim, WxpayVirtualSim)
        shop = Shop(world, sim, [])
        shop.change(push={"url": server.url})
        shop.buy(action="open")
        async with TestClient(TestServer(build_app(world))):
            yield shop

    @staticmethod
    def delivery(world: World) -> Any:
        (delivery,) = world.deliveries.values()
        return delivery

    async def test_a_push_is_taken(self, open_shop: Shop, server: Server) -> None:
        await pay(open_shop.world, Buyer(out_trade_no=NO))
        assert open_shop.order()["status"] == 4
        (request,) = server.seen
        assert request.query["encrypt_type"] == "aes"
        entry = open_shop.world.journal.find(operation="wxpay-virtual.notify")[-1]
        assert "msg_signature=" in entry.target

    async def test_a_push_is_sent_sixteen_times(self, open_shop: Shop, server: Server) -> None:
        server.body = b'{"ErrCode":1}'
        await pay(open_shop.world, Buyer(out_trade_no=NO))
        assert open_shop.order()["status"] == 3
        await open_shop.world.advance(65_534)
        assert (self.delivery(open_shop.world).state, len(server.seen)) == ("exhausted", 16)
        open_shop.token = open_shop.stable_token()["access_token"]
        assert open_shop.order()["status"] == 2
        retries = [entry.at_ms for entry in open_shop.world.journal.find(operation="wxpay-virtual.notify")]
        assert [later - first for first, later in pairwise(retries)][:4] == [
            2000, 4000, 8000, 16_000,
        ]  # fmt: skip

    async def test_faults_of_pushes(self, open_shop: Shop, server: Server) -> None:
        world, server.status = open_shop.world, 500
        world.faults.add(LoseNotify())
        await pay(world, Buyer(out_trade_no=NO))
        assert server.seen == []
        world.faults.add(BadSignature())
        await world.advance(2)
        world.faults.add(DuplicateNotify())
        await world.advance(4)
        spoilt, one, two = (dict(request.query) for request in server.seen)
        token = open_shop.app.push.token
        assert one == two
        assert one["signature"] == sha1_sorted(token, one["timestamp"], one["nonce"])
        assert spoilt["signature"] != sha1_sorted(token, spoilt["timestamp"], spoilt["nonce"])

    async def test_faults_of_calls(self, open_shop: Shop) -> None:
        world = open_shop.world
        world.faults.add(BusinessCode(code="268490015"))
        async with TestClient(TestServer(build_app(world))) as client:
            request = open_shop.signed_request(
                "query_user_balance", {"openid": open_shop.openid, "user_ip": USER_IP}
            )
            codes = []
            for _ in "12":
                async with client.post(request.target, data=request.body) as response:
                    codes.append((await response.json())["errcode"])
        assert codes == [268490015, 0]
        entry = world.journal.find(operation="wxpay-virtual.query_user_balance")[0]
        assert entry.faults == ("business_code",)

    async def test_the_address_is_checked(self, open_shop: Shop, server: Server) -> None:
        open_shop.post("/_sim/wxpay-virtual/check-url", {})
        await open_shop.world.advance(0)
        assert self.delivery(open_shop.world).state == "delivered"
        (request,) = server.seen
        assert request.method == "GET"
        entry = open_shop.world.journal.find(operation="wxpay-virtual.notify")[-1]
        assert entry.method == "GET"

    async def test_no_secret_in_the_journal(self, open_shop: Shop) -> None:
        async with TestClient(TestServer(build_app(open_shop.world))) as client:
            body = {
                "grant_type": "client_credential",
                "appid": open_shop.app.appid,
                "secret": open_shop.app.secret,
            }
            async with client.post("/cgi-bin/stable_token", json=body) as response:
                token = (await response.json())["access_token"]
        lines = repr(open_shop.world.journal.find())
        for secret in (open_shop.app.secret, token):
            assert secret not in lines
