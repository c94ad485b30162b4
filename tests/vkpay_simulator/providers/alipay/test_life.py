"""One seed and one sequence of requests under a clock that stands still: every byte alike."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from tests.vkpay_simulator.providers.alipay.merchant import NOTIFY_URL, Shop, Simulated, order
from vkpay_simulator.exchange import Answer

DAY = 86400
RETURN_URL = "http://127.0.0.1:8000/back"
TRADE, FUND = "alipay.trade.", "alipay.fund."
PAYEE = {"identity": "wang@example.com", "identity_type": "ALIPAY_LOGON_ID", "name": "王五"}
TRANSFER = {
    "out_biz_no": "B1",
    "trans_amount": "1.00",
    "product_code": "TRANS_ACCOUNT_NO_PWD",
    "biz_scene": "DIRECT_TRANSFER",
    "payee_info": PAYEE,
}


class Recording:
    """Everything that left the simulator, byte for byte."""

    def __init__(self, simulated: Simulated) -> None:
        self.simulated = simulated
        self.out: list[object] = []

    def keep(self, answer: Answer) -> Answer:
        self.out.append((answer.status, list(answer.headers.items()), answer.body))
        return answer

    def call(self, shop: Shop, method: str, biz: dict[str, Any]) -> Answer:
        params = shop.params(method, biz, notify_url=NOTIFY_URL, return_url=RETURN_URL)
        return self.keep(shop.send(params))

    def control(self, name: str, **body: Any) -> None:
        self.out.append(self.simulated.control(name, **body))

    def deliveries(self) -> Iterator[object]:
        for delivery in self.simulated.notified:
            yield delivery.id, delivery.event, [delivery.build(turn) for turn in range(2)]


async def buy(recording: Recording, shop: Shop) -> None:
    alipay = recording.simulated.alipay
    recording.call(shop, TRADE + "precreate", order("T1"))
    recording.out.append(alipay.scan("T1", pid=shop.simulated_pid))
    recording.call(shop, TRADE + "query", {"out_trade_no": "T1"})
    recording.out.append(alipay.pay("T1", pid=shop.simulated_pid))
    recording.call(shop, TRADE + "pay", order("T2", auth_code="2500000000000001"))
    await recording.simulated.advance(5)
    recording.call(shop, TRADE + "pay", order("T3", auth_code="2812345678901234"))
    recording.call(shop, TRADE + "create", order("T4", buyer_logon_id="zhang@example.com"))
    page = recording.call(shop, TRADE + "wap.pay", order("T5"))
    action = re.search(r'action="([^"]+)"', page.body.decode())
    assert action
    recording.keep(recording.simulated.route("POST", action[1], body=b"choice=pay"))
    text = urlencode(shop.params(TRADE + "app.pay", order("T6"), notify_url=NOTIFY_URL))
    recording.control("app-pay", order_string=text)


async def undo(recording: Recording, shop: Shop) -> None:
    for amount, number in (("4.00", "R1"), ("6.00", "R2"), ("6.00", "R2"), ("1.00", "R3")):
        refund = {"out_trade_no": "T1", "refund_amount": amount, "out_request_no": number}
        recording.call(shop, TRADE + "refund", refund)
    recording.call(shop, TRADE + "fastpay.refund.query", {"out_trade_no": "T1", "out_request_no": "R1"})
    for method, number in (("cancel", "T3"), ("close", "T4"), ("cancel", "T9"), ("close", "T2")):
        recording.call(shop, TRADE + method, {"out_trade_no": number})
    recording.control("account", pid="default", node="h5", id_mode="open_id", encryption=True)
    recording.call(shop, TRADE + "query", {"out_trade_no": "T5"})
    recording.call(shop, "alipay.none", {})
    recording.call(recording.simulated.shop(node="transfer"), FUND + "trans.uni.transfer", TRANSFER)
    await recording.simulated.advance(366 * DAY)
    recording.call(shop, TRADE + "query", {"out_trade_no": "T6"})


async def life(simulated: Simulated) -> list[object]:
    recording = Recording(simulated)
    for shop in (simulated.shop("default"), simulated.shop("certs")):
        await buy(recording, shop)
        await undo(recording, shop)
    return [*recording.out, *recording.deliveries(), *simulated.alipay.orders()]


async def test_two_worlds_of_one_seed() -> None:
    one, other = Simulated(), Simulated()
    first = await life(one)
    assert len(one.notified) > 10
    assert await life(other) == first
    for simulated in (one, other):
        simulated.control("account", pid="certs", renew_certificate=True)
    answers = [
        shop.send(shop.params("alipay.trade.query", {"out_trade_no": "T1"})).body
        for shop in (one.shop("certs"), other.shop("certs"))
    ]
    assert answers[0] == answers[1]


async def test_a_world_after_its_reset(simulated: Simulated) -> None:
    first = await life(simulated)
    simulated.world.reset()
    simulated.notified.clear()
    assert await life(simulated) == first
