"""What the rest of the simulator asks of the provider."""

import json

import pytest
from cryptography.exceptions import InvalidSignature

from tests.vkpay_simulator.providers.huaweiiap.shop import ORDER, Shop, Simulated, names
from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.world import Settings, World

STATUS = f"{ORDER}/order/status/query"


def test_orders_as_the_control_api_shows_them(simulated: Simulated, shop: Shop) -> None:
    assert simulated.huawei.orders() == []
    one = shop.buys(payer="ann")
    simulated.huawei.settle_refund("T1", "SUCCESS", pid="default")
    (view,) = simulated.huawei.orders()
    assert (view.out_trade_no, view.alias, view.state) == (one["purchaseOrderId"], "T1", "REFUNDED")
    assert (view.total_fee, view.refunded_fee, view.payer) == (600, 600, "ann")


def test_nothing_is_paid_at_a_cashier(simulated: Simulated, shop: Shop) -> None:
    huawei = simulated.huawei
    for act in (huawei.pay, huawei.scan, huawei.cancel):
        with pytest.raises(SimulatorError, match="before it is bought"):
            act("T1")
    shop.buys()
    with pytest.raises(SimulatorError, match="was paid when it was made"):
        huawei.pay("T1")
    with pytest.raises(SimulatorError, match="no transfers"):
        huawei.settle_transfer("T1", "confirm")


def test_refunds_that_cannot_be(simulated: Simulated, shop: Shop) -> None:
    shop.buys()
    with pytest.raises(SimulatorError, match="SUCCESS"):
        simulated.huawei.settle_refund("T1", "CLOSED")
    with pytest.raises(SimulatorError, match="knows no purchase"):
        simulated.huawei.settle_refund("T1", "SUCCESS", pid="certs")


def test_the_subject_of_a_call(simulated: Simulated, shop: Shop) -> None:
    one = shop.buys()
    huawei = simulated.huawei
    body = json.dumps(names(one)).encode()
    asked = simulated.request(STATUS, body, Authorization=f"Bearer {shop.token(body)}")
    assert huawei.subject_of(asked, "huaweiiap.order_status") == "T1"
    assert huawei.subject_of(simulated.request(STATUS, body), "") == one["purchaseOrderId"]
    assert huawei.subject_of(simulated.request("/", b'{"developer_payload":"T2"}'), "") == "T2"
    assert huawei.subject_of(simulated.request("/", b"no"), "") is None
    bad = simulated.request(STATUS, body, Authorization="Bearer bm8.bm8.bm8")
    assert huawei.subject_of(bad, "") == one["purchaseOrderId"]


def test_errors_that_a_fault_makes(simulated: Simulated) -> None:
    huawei, request = simulated.huawei, simulated.request(STATUS)
    for code in huawei.error_codes() - {"401"}:
        answer = huawei.business_error(request, "huaweiiap.order_status", code)
        assert json.loads(answer.body)["responseCode"] == code
    assert huawei.business_error(request, "", "401").status == 401
    with pytest.raises(SimulatorError, match="no code"):
        huawei.business_error(request, "", "1")


async def test_signatures_that_do_not_hold(simulated: Simulated, shop: Shop) -> None:
    one = shop.buys()
    answer = simulated.huawei.spoil_signature(shop.send(STATUS, names(one)))
    with pytest.raises(InvalidSignature):
        shop.verified(json.loads(answer.body)["jwsPurchaseOrder"])
    await simulated.settle()
    body = simulated.arrived[0][2]
    spoilt = simulated.huawei.spoil_outgoing(Outgoing(headers={}, body=body)).body
    assert spoilt != body
    assert len(spoilt) == len(body)


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("purchase", {"product_id": "coins"}),
        ("purchase", {"product_id": "coins", "price": 1, "product_type": "2"}),
        ("purchase", {"product_id": "coins", "price": 1, "pid": "nobody"}),
        ("refund", {"purchase": "no"}),
        ("account", {"pid": "nobody"}),
        ("rules", {"pauses": [-1]}),
        ("rules", {"rates": {}}),
    ],
)
def test_wrong_uses_are_explained(simulated: Simulated, what: str, body: dict[str, object]) -> None:
    said = simulated.control(what, **body)
    assert said["status"] in (400, 404)
    assert said["error"]


def test_every_merchant_has_an_app() -> None:
    world = World(Settings(seed=1))
    rows = [world.providers["huaweiiap"].config_row(one) for one in world.merchants.values()]
    ids = {row["huaweiiap"]["app-harmony"]["appId"] for row in rows}
    assert len(ids) == 3
