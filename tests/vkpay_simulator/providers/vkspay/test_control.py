"""The buyer, the operator, and what the world shows of it all."""

import json
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.vkpay_simulator.providers.vkspay.merchant import JSON, Shop, Simulated, link_of
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.running import RunningSimulator


class TestBuyer:
    def test_pays_with_the_orders_wallet_or_a_chosen_one(self, simulated: Simulated, shop: Shop) -> None:
        numbers = [shop.order(), shop.order(pay_chnl="alipay"), shop.order()]
        views = [
            simulated.vkspay.pay(numbers[0]),
            simulated.vkspay.pay(numbers[1]),
            simulated.vkspay.pay(numbers[2], channel="alipay"),
        ]
        assert [view.detail["pay_chnl"] for view in views] == ["wxpay", "alipay", "alipay"]

    def test_wallets_that_do_not_fit(self, simulated: Simulated, shop: Shop) -> None:
        number = shop.order(pay_chnl="alipay")
        with pytest.raises(SimulatorError, match="alipay only"):
            simulated.vkspay.pay(number, channel="wxpay")
        with pytest.raises(SimulatorError, match="wxpay or alipay"):
            simulated.vkspay.pay(number, channel="ICBC")
        assert shop.state(number) == "NOTPAY"

    def test_looking_and_giving_up_leave_an_order_payable(self, simulated: Simulated, shop: Shop) -> None:
        number = shop.order()
        assert simulated.vkspay.scan(number).state == "NOTPAY"
        assert simulated.vkspay.cancel(number).state == "NOTPAY"
        assert simulated.vkspay.pay(number).state == "SUCCESS"
        with pytest.raises(SimulatorError, match="SUCCESS: create another"):
            simulated.vkspay.pay(number)

    def test_numbers_of_two_merchants_are_told_apart(self, simulated: Simulated, shop: Shop) -> None:
        shop.order(out_trade_no="T1")
        simulated.shop("certs").order(out_trade_no="T1")
        assert simulated.vkspay.pay("T1", pid="default").pid == "default"
        assert shop.state("T1") == "SUCCESS"
        assert simulated.shop("certs").state("T1") == "NOTPAY"

    def test_a_number_that_the_gateway_ignored_still_finds_the_order(
        self, simulated: Simulated, shop: Shop
    ) -> None:
        simulated.control("rules", own_numbers=False)
        first, second = shop.order(out_trade_no="T1"), shop.order(out_trade_no="T1")
        assert simulated.vkspay.pay("T1").out_trade_no == second
        assert shop.state(first) == "NOTPAY"

    def test_there_are_no_transfers(self, simulated: Simulated) -> None:
        with pytest.raises(SimulatorError, match="no transfers"):
            simulated.vkspay.settle_transfer("B1", "confirm")


class TestOperator:
    def test_closes_orders(self, simulated: Simulated, shop: Shop) -> None:
        number = shop.order()
        assert simulated.control("close", out_trade_no=number)["state"] == "CLOSED"
        assert shop.state(number) == "CLOSED"
        assert simulated.control("close", out_trade_no=number)["status"] == 409

    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("rules", {"speed": 1}),
            ("rules", {"ban_after": 0}),
            ("account", {"pid": "default"}),
            ("close", {}),
        ],
    )
    def test_wrong_bodies_are_told_the_fields(self, simulated: Simulated, name: str, body: Any) -> None:
        assert "its fields:" in simulated.control(name, **body)["error"]

    def test_an_unknown_merchant_is_told_those_there_are(self, simulated: Simulated) -> None:
        answer = simulated.control("account", pid="nobody", banned=True)
        assert answer["status"] == 404
        assert "default, certs, partner" in answer["error"]

    def test_reset_forgets_all_but_stores_and_keys(self, simulated: Simulated, shop: Shop) -> None:
        row = dict(shop.node)
        link = link_of(shop.call("webpay", total_fee="1"))
        shop.micropay()
        simulated.control("rules", ban_after=3, codes={})
        simulated.control("account", pid="default", banned=True)
        simulated.world.reset()
        assert simulated.vkspay.orders() == []
        assert simulated.route("GET", link).status == 404
        assert simulated.shop().node == row
        assert simulated.control("rules")["ban_after"] is None
        assert shop.micropay()["return_code"] == "SUCCESS"


class TestInTheWorld:
    async def call(self, sim: RunningSimulator, shop: Shop, method: str, **fields: Any) -> Any:
        body = json.dumps(shop.signed(method, timestamp=sim.world.signing_ms() // 1000, **fields))
        async with (
            ClientSession() as session,
            session.post(f"{sim.url}/api", data=body, headers={"Content-Type": JSON}) as response,
        ):
            return response.status, await response.json()

    @pytest.fixture
    def online(self, vkpay_sim: RunningSimulator) -> Shop:
        shop = Simulated().shop()
        shop.node = vkpay_sim.merchant()["vkspay"]
        return shop

    def test_the_row_is_one_node_that_leads_here(self, vkpay_sim: RunningSimulator) -> None:
        row = vkpay_sim.merchant()["vkspay"]
        assert row.keys() == {"mchId", "key", "baseUrl"}
        assert row["baseUrl"] == vkpay_sim.url

    async def test_faults_are_aimed_by_method_and_number(
        self, vkpay_sim: RunningSimulator, online: Shop
    ) -> None:
        await self.call(vkpay_sim, online, "webpay", total_fee="1", out_trade_no="T1")
        vkpay_sim.fault("business_code", code="SYSTEMERROR", operation="vkspay.orderquery", out_trade_no="T1")
        asked = [await self.call(vkpay_sim, online, "orderquery", out_trade_no="T1") for _ in range(2)]
        assert [content["return_code"] for _, content in asked] == ["SYSTEMERROR", "NOTPAY"]
        vkpay_sim.fault("status", status=502, operation="webpay")
        assert (await self.call(vkpay_sim, online, "orderquery", out_trade_no="T1"))[0] == 200
        with pytest.raises(SimulatorError, match="NOTPAY"):
            vkpay_sim.fault("business_code", code="NOT_PAY", provider="vkspay")

    async def test_the_journal_names_method_order_and_reason(
        self, vkpay_sim: RunningSimulator, online: Shop
    ) -> None:
        await self.call(vkpay_sim, online, "orderquery", out_trade_no="T9")
        async with ClientSession() as session, session.get(f"{vkpay_sim.url}/pay?o=nobody") as response:
            assert response.status == 404
        asked, page = vkpay_sim.journal(provider="vkspay")
        assert (asked.operation, asked.subject) == ("vkspay.orderquery", "T9")
        assert "has no order T9" in asked.explain
        assert (page.operation, page.subject) == ("vkspay.cashier", None)

    async def test_a_buyer_in_a_browser(self, vkpay_sim: RunningSimulator, online: Shop) -> None:
        _, content = await self.call(vkpay_sim, online, "webpay", total_fee="1", out_trade_no="T1")
        link = content["data"]["qrcode"]
        assert link.startswith(vkpay_sim.url)
        async with ClientSession() as session:
            async with session.get(link) as page:
                assert "¥1.00" in await page.text()
            async with session.post(link, data={"choice": "wxpay"}) as page:
                assert "付款成功" in await page.text()
        (order,) = vkpay_sim.orders()
        assert (order.provider, order.state) == ("vkspay", "SUCCESS")
        assert vkpay_sim.journal(out_trade_no="T1")[-1].operation == "vkspay.cashier"

    async def test_what_is_no_request_has_a_place_in_the_journal(
        self, vkpay_sim: RunningSimulator, online: Shop
    ) -> None:
        async with ClientSession() as session:
            for path in ("/api", "/_sim/vkspay/close"):
                async with session.post(vkpay_sim.url + path, data=b"{") as response:
                    assert response.status in (200, 400)
        bare, control = vkpay_sim.journal(provider="vkspay")
        assert (bare.operation, bare.subject) == ("vkspay.api", None)
        assert (control.operation, control.subject) == ("vkspay.close", None)

    def test_a_code_that_there_is_not(self, simulated: Simulated) -> None:
        request = simulated.request("POST", "/api")
        with pytest.raises(SimulatorError, match="Choose one of: CLOSED, FAIL"):
            simulated.vkspay.business_error(request, "webpay", "NOT_PAY")
