"""The core with the providers it ships with: through real HTTP, without a word of their protocols."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import ClientSession

from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.toml import dumps
from vkpay_simulator.world import Settings, World

NODES = {
    "wxpay": {"mp-weixin", "app-plus", "h5", "h5-weixin", "mweb", "transfer", "codepay"},
    "alipay": {"mp-alipay", "app-plus", "h5", "transfer", "codepay"},
    "huawei": {"mp-harmony", "app-harmony"},
    "douyin": {"mp-toutiao"},
    "wxpay-virtual": {"mp-weixin"},
    "huaweiiap": {"app-harmony"},
}


@pytest.fixture(scope="module")
def vkpay_sim_server() -> Iterator[RunningSimulator]:
    with RunningSimulator() as simulator:
        yield simulator


@pytest.mark.parametrize("pid", ["default", "certs", "partner"])
def test_every_node_leads_here(vkpay_sim: RunningSimulator, pid: str) -> None:
    row = vkpay_sim.merchant(pid)
    for table, nodes in NODES.items():
        found = {name: node for name, node in row[table].items() if isinstance(node, dict)}
        assert nodes >= found.keys() >= nodes - {"transfer"}
        assert {node["baseUrl"] for node in found.values()} == {vkpay_sim.url}
    assert {node["weixinBaseUrl"] for node in row["wxpay"].values()} == {vkpay_sim.url}


def test_the_whole_configuration_is_toml(vkpay_sim: RunningSimulator) -> None:
    assert tomllib.loads(dumps(vkpay_sim.config)) == vkpay_sim.config


def test_one_seed_makes_the_same_world() -> None:
    def rows() -> list[dict[str, Any]]:
        world = World(Settings(seed=5))
        return [p.config_row(m) for m in world.merchants.values() for p in world.providers.values()]

    assert rows() == rows()


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/v3/pay/transactions/out-trade-no/no-10001?mchid=1", "wxpay.query"),
        ("POST", "/v3/refund/domestic/refunds", "wxpay.refund"),
        ("GET", "/gateway.do?method=alipay.trade.query", "alipay.trade.query"),
        ("POST", "/gateway.do", "alipay.gateway"),
        ("POST", "/api/v2/aggr/preorder/create/fa", "huawei.prepay"),
        ("GET", "/api/v1/aggr/transactions/refunds/merc-orders/R1", "huawei.query_refund"),
        ("POST", "/order/harmony/v1/application/order/status/query", "huaweiiap.order_status"),
        ("POST", "/api/apps/ecpay/v1/create_order", "douyin.create_order"),
        ("POST", "/api/trade_basic/v1/developer/order_query/", "douyin.order_query"),
        ("POST", "/xpay/query_order", "wxpay-virtual.query_order"),
        ("POST", "/cgi-bin/stable_token", "wxpay-virtual.stable_token"),
    ],
)
async def test_strangers_are_refused_under_the_operations_name(
    vkpay_sim: RunningSimulator, method: str, path: str, operation: str
) -> None:
    async with ClientSession() as session, session.request(method, vkpay_sim.url + path) as response:
        assert response.status in (200, 401)
    (entry,) = vkpay_sim.journal()
    assert entry.operation == operation
    assert entry.explain


async def test_a_fault_is_aimed_at_one_method_of_the_gateway(vkpay_sim: RunningSimulator) -> None:
    vkpay_sim.fault("status", status=503, operation="alipay.trade.refund")
    async with ClientSession() as session:
        for name, expected in (("alipay.trade.query", 200), ("alipay.trade.refund", 503)):
            async with session.get(f"{vkpay_sim.url}/gateway.do", params={"method": name}) as response:
                assert response.status == expected
