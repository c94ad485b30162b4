"""One seed and a clock that stands still: the same requests get the same bytes."""

from typing import Any

from multidict import CIMultiDict, CIMultiDictProxy

from tests.vkpay_simulator.providers.huawei.shop import QUERY, REFUNDS, Shop, Simulated
from vkpay_simulator.exchange import Request


class Recorded:
    """Requests are signed once: a merchant's own signatures are never the same twice."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def life(self, simulated: Simulated) -> list[Any]:
        shop, told = simulated.shop(), []
        if not self.requests:
            self.requests = [
                shop.request("POST", "/api/v2/aggr/preorder/create/fa", shop.order()),
                shop.request("GET", QUERY + "T1"),
                shop.request(
                    "POST",
                    REFUNDS,
                    {"mercOrderNo": "T1", "mercRefundOrderNo": "R1", "callbackUrl": "https://m.example/n"},
                ),
                shop.request("GET", f"{REFUNDS}/merc-orders/R1"),
                shop.request("GET", QUERY + "T9"),
            ]
        answers = []
        for number, request in enumerate(self.requests):
            answer = simulated.route(request)
            answers.append((answer.status, answer.body, answer.explain))
            if number == 0:
                simulated.huawei.pay("T1")
        simulated.huawei.settle_refund("R1", "SUCCESS")
        for delivery in simulated.notified:
            told += [(delivery.id, delivery.build(0), delivery.build(1))]
        return [*answers, *told]


def test_one_seed_one_life() -> None:
    recorded = Recorded()
    assert recorded.life(Simulated()) == recorded.life(Simulated())


def test_the_same_life_after_a_reset() -> None:
    recorded, simulated = Recorded(), Simulated()
    first = recorded.life(simulated)
    simulated.world.reset()
    simulated.notified.clear()
    assert recorded.life(simulated) == first


def test_another_seed_has_other_numbers_and_keys() -> None:
    one, other = Simulated(seed=1).shop(), Simulated(seed=2).shop()
    for name in ("appId", "mchId", "mchAuthId", "platformPublicKey"):
        assert one.node[name] != other.node[name]


def test_the_world_was_asked_for_nothing_else(shop: Shop) -> None:
    """A stranger's request draws what its signed refusal needs, and nothing is kept of it."""
    headers = CIMultiDictProxy(CIMultiDict({"PayMercAuth": "x"}))
    shop.simulated.route(Request(method="GET", target=QUERY + "T1", headers=headers))
    assert shop.simulated.huawei.orders() == []
