"""Notifications: what stands in them, how often they go out, and what unreachable addresses lead to."""

from typing import Any

import pytest

from tests.vkpay_simulator.providers.vkspay.merchant import NOTIFY_URL, START_S, Shop, Simulated, form_of
from vkpay_simulator.clock import Clock
from vkpay_simulator.delivery import Outgoing
from vkpay_simulator.faults import DuplicateNotify
from vkpay_simulator.providers.vkspay import VkspaySim
from vkpay_simulator.sender import NoReplyError, Reply
from vkpay_simulator.world import Settings, World

ACCEPTED = Reply(200, b'{"code": "SUCCESS", "msg": "SUCCESS"}')
REFUSED = Reply(200, b'{"code": "FAIL"}')


def test_what_a_notification_says(simulated: Simulated, shop: Shop) -> None:
    number = shop.order("12.30", attach="a & b")
    view = simulated.vkspay.pay(number)
    (delivery,) = simulated.notified
    assert (delivery.url, delivery.subject) == (NOTIFY_URL, number)
    assert delivery.build(0).headers == {"Content-Type": "application/x-www-form-urlencoded"}
    fields = form_of(delivery)
    assert fields.pop("sign") == shop.sign(fields)
    assert len(fields.pop("signaturenonce")) == 8
    assert fields == {
        "out_trade_no": number,
        "total_fee": "12.30",
        "transaction_id": view.transaction_id,
        "pay_chnl": "wxpay",
        "pay_time": "2026-01-01 00:00:00",
        "merchantno": shop.node["mchId"],
        "attach": "a & b",
        "timestamp": str(int(START_S)),
    }


def test_without_an_address_nobody_is_told(simulated: Simulated, shop: Shop) -> None:
    shop.paid(notify_url=None)
    assert simulated.notified == []


@pytest.mark.parametrize(
    ("status", "body", "accepted"),
    [
        (200, b'{"code":"SUCCESS","msg":"SUCCESS"}', True),
        (200, b'{"code":"SUCCESS"}', True),
        (201, b'{"code":"SUCCESS"}', False),
        (200, b'{"code":"FAIL"}', False),
        (200, b"SUCCESS", False),
        (200, b"[]", False),
        (200, b"\xff", False),
    ],
)
def test_what_counts_as_taken_in(
    simulated: Simulated, shop: Shop, status: int, body: bytes, accepted: bool
) -> None:
    shop.paid()
    assert simulated.notified[0].accepts(status, body) is accepted


def test_a_spoilt_one_differs_in_its_signature_alone(simulated: Simulated, shop: Shop) -> None:
    shop.paid()
    outgoing = simulated.notified[0].build(0)
    spoilt = simulated.vkspay.spoil_outgoing(outgoing)
    assert spoilt.headers == outgoing.headers
    assert len(spoilt.body) == len(outgoing.body)
    assert spoilt.body.rpartition(b"sign=")[0] == outgoing.body.rpartition(b"sign=")[0]
    assert spoilt.body != outgoing.body


class Network:
    """The merchant's server; ``replies`` are used up, the last stays."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.bodies: list[bytes] = []

    async def __call__(self, url: str, outgoing: Outgoing, timeout_s: float) -> Reply:
        self.bodies.append(outgoing.body)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if reply.status == 0:
            raise NoReplyError("no route to host")
        return reply


class Sending(Simulated):
    """A world whose notifications reach ``network``."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.world = World(Settings(seed=7), clock=Clock(lambda: START_S), providers={"vkspay": VkspaySim})
        provider = self.world.providers["vkspay"]
        assert isinstance(provider, VkspaySim)
        self.vkspay = provider
        self.world.sender.post = network
        self.network = network

    async def pay(self, shop: Shop, **fields: Any) -> str:
        number = shop.paid(**fields)
        await self.world.advance(0)
        return number

    def sends(self) -> list[int]:
        """Seconds after the start at which each attempt was made."""
        (delivery,) = self.world.deliveries.values()
        return [round(attempt.at_ms / 1000 - START_S) for attempt in delivery.attempts]


class TestSchedule:
    async def test_the_first_goes_out_twice_even_if_it_is_taken_in(self) -> None:
        sim = Sending(Network(ACCEPTED))
        await sim.pay(sim.shop())
        await sim.world.advance(86400)
        assert sim.sends() == [0, 0]
        assert sim.network.bodies[0] == sim.network.bodies[1]

    async def test_the_second_copys_acceptance_counts(self) -> None:
        sim = Sending(Network(REFUSED, ACCEPTED, REFUSED))
        await sim.pay(sim.shop())
        await sim.world.advance(86400)
        assert sim.sends() == [0, 0]

    async def test_it_comes_again_until_it_is_taken_in(self) -> None:
        sim = Sending(Network(REFUSED, REFUSED, Reply(0, b""), Reply(500, ACCEPTED.body), ACCEPTED))
        await sim.pay(sim.shop())
        await sim.world.advance(86400)
        assert sim.sends() == [0, 0, 15, 75, 375]

    async def test_and_no_longer_than_its_schedule(self) -> None:
        sim = Sending(Network(REFUSED))
        await sim.pay(sim.shop())
        await sim.world.advance(10 * 86400)
        assert sim.sends() == [0, 0, 15, 75, 375, 2175, 9375, 30975]
        (delivery,) = sim.world.deliveries.values()
        assert delivery.state == "exhausted"

    async def test_rules_change_it(self) -> None:
        sim = Sending(Network(REFUSED))
        sim.control("rules", double_notify=False, pauses=[3])
        await sim.pay(sim.shop())
        await sim.world.advance(86400)
        assert sim.sends() == [0, 3]

    async def test_a_fault_may_make_more_copies(self) -> None:
        sim = Sending(Network(ACCEPTED))
        sim.world.faults.add(DuplicateNotify(copies=5))
        await sim.pay(sim.shop())
        assert sim.sends() == [0] * 5


class TestBan:
    async def test_so_many_unreachable_orders_get_a_merchant_banned(self) -> None:
        sim = Sending(Network(Reply(0, b"")))
        sim.control("rules", ban_after=2)
        shop = sim.shop()
        await sim.pay(shop)
        await sim.world.advance(86400)
        assert shop.state(shop.order()) == "NOTPAY"
        await sim.pay(shop)
        code, text, why = shop.why("webpay", total_fee="1")
        assert (code, text) == ("FAIL", "商户已被封禁")
        assert "/_sim/vkspay/account" in why
        assert sim.shop("certs").order()
        account = sim.control("account", pid="default", banned=False)
        assert (account["banned"], account["unreachable"]) == (False, [])
        assert shop.order()

    async def test_without_the_rule_nobody_is_banned(self) -> None:
        sim = Sending(Network(REFUSED))
        for _ in range(5):
            await sim.pay(sim.shop())
        account = sim.control("account", pid="default", banned=True)
        assert len(account["unreachable"]) == 5
        assert sim.shop().why("webpay", total_fee="1")[1] == "商户已被封禁"

    async def test_an_accepted_copy_is_reachable(self) -> None:
        sim = Sending(Network(REFUSED, ACCEPTED))
        sim.control("rules", ban_after=1)
        await sim.pay(sim.shop())
        assert sim.shop().order()


class TestForgery:
    def test_nobody_paid(self, simulated: Simulated, shop: Shop) -> None:
        number = shop.order()
        assert simulated.control("forge", out_trade_no=number)["delivery"] == simulated.notified[0].id
        (told,) = simulated.told()
        assert (told["out_trade_no"], told["total_fee"]) == (number, "10.00")
        assert told["sign"] == shop.sign(told)
        assert shop.state(number) == "NOTPAY"

    def test_another_orders_number(self, simulated: Simulated, shop: Shop) -> None:
        paid = shop.paid()
        number = shop.order(notify_url="http://127.0.0.1:8000/other")
        simulated.control("forge", out_trade_no=number, names=paid)
        assert simulated.notified[-1].url == "http://127.0.0.1:8000/other"
        assert simulated.told()[-1]["out_trade_no"] == paid

    def test_where_nobody_can_be_told(self, simulated: Simulated, shop: Shop) -> None:
        number = shop.order(notify_url=None)
        assert simulated.control("forge", out_trade_no=number)["status"] == 409
        assert simulated.control("forge", out_trade_no="nobody")["status"] == 404
