import asyncio
import logging
from itertools import accumulate

import pytest

from tests.vkpay_simulator.toy import PAUSES
from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.faults import BadSignature, DuplicateNotify, LoseNotify, Match
from vkpay_simulator.providers.base import SimulatorError
from vkpay_simulator.sender import NoReplyError, Reply, forbidden
from vkpay_simulator.world import World

URL = "http://127.0.0.1:1/notify"


class Network:
    """Stands in for the way out. ``replies`` are used up; the last stays."""

    def __init__(self, *replies: Reply | NoReplyError) -> None:
        self.replies = list(replies) or [Reply(200, b"ok")]
        self.sent: list[Outgoing] = []

    async def __call__(self, url: str, outgoing: Outgoing, timeout_s: float) -> Reply:
        self.sent.append(outgoing)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, NoReplyError):
            raise reply
        return reply


def delivery(name: str = "d1", *, pauses: tuple[float, ...] = PAUSES, url: str = URL) -> Delivery:
    return Delivery(
        id=name,
        provider="toy",
        event="PAID",
        subject="no-1",
        url=url,
        build=lambda attempt: Outgoing(headers={"Toy-Signature": "good"}, body=b"%d" % attempt),
        accepts=lambda status, body: status == 200 and body == b"ok",
        pauses=pauses,
    )


async def test_a_refused_notification_is_sent_by_the_whole_schedule_and_then_given_up(world: World) -> None:
    network = world.sender.post = Network(Reply(500, b"busy"))
    world.notify(one := delivery())
    start = world.clock.now()
    await world.advance(86_639)
    assert (one.state, len(one.attempts)) == ("pending", 15)
    await world.advance(61)
    assert (one.state, one.next_ms) == ("exhausted", None)
    assert [attempt.at_ms - start for attempt in one.attempts] == [0, *(s * 1000 for s in accumulate(PAUSES))]
    assert [outgoing.body for outgoing in network.sent] == [b"%d" % n for n in range(16)]


async def test_it_stops_with_the_first_acceptance(world: World) -> None:
    world.sender.post = Network(Reply(200, b"no"), NoReplyError("refused"), Reply(200, b"ok"))
    world.notify(one := delivery())
    await world.advance(86_700)
    assert one.state == "delivered"
    assert [(a.status, a.reply, a.error, a.accepted) for a in one.attempts] == [
        (200, "no", "", False),
        (None, "", "refused", False),
        (200, "ok", "", True),
    ]


async def test_the_schedule_counts_from_when_an_attempt_was_due_however_slow_the_receiver_is(
    world: World,
) -> None:
    async def slow(url: str, outgoing: Outgoing, timeout_s: float) -> Reply:
        world.clock.move_to(world.clock.now() + 5000)
        raise NoReplyError("no answer within 5 s")

    world.sender.post = slow
    world.notify(one := delivery(pauses=(15, 15, 30)))
    await world.advance(60)
    assert [a.at_ms - one.attempts[0].at_ms for a in one.attempts] == [0, 15_000, 30_000, 60_000]


async def test_attempts_that_are_due_within_a_second_go_out_together(world: World) -> None:
    both = asyncio.Barrier(2)

    async def post(url: str, outgoing: Outgoing, timeout_s: float) -> Reply:
        async with asyncio.timeout(5):
            await both.wait()
        return Reply(200, b"ok")

    world.sender.post = post
    world.notify(first := delivery("d1"))
    world.agenda.after(0.5, lambda: world.notify(second))
    second = delivery("d2")
    await world.advance(1)
    assert (first.state, second.state) == ("delivered", "delivered")


async def test_calls_that_move_time_at_once_add_up(world: World) -> None:
    world.sender.post = Network(Reply(500, b""))
    world.notify(one := delivery())
    start = world.clock.now()
    await asyncio.gather(*(world.advance(8_670) for _ in range(10)))
    assert world.clock.now() == start + 86_700_000
    assert len(one.attempts) == 16


@pytest.mark.parametrize(
    ("url", "allowed", "says"),
    [
        ("http://127.0.0.1:8000/x", (), ""),
        ("http://127.8.9.1/x", (), ""),
        ("https://localhost/x", (), ""),
        ("http://[::1]:80/x", (), ""),
        ("http://Shop.example/x", ("shop.EXAMPLE",), ""),
        ("http://shop.example/x", (), "--allow-notify-host shop.example"),
        ("http://127.0.0.1.shop.example/x", (), "--allow-notify-host"),
        ("http://127.0.0.1@shop.example/x", (), "--allow-notify-host shop.example"),
        ("http://10.0.0.1/x", (), "--allow-notify-host 10.0.0.1"),
        ("ftp://127.0.0.1/x", (), "no http address"),
        ("/notify", (), "no http address"),
        ("http://[::1/x", (), "no http address"),
        ("http://example.com?//127.0.0.1/x", (), "--allow-notify-host example.com"),
        ("http:/\t/example.com//127.0.0.1/x", (), "--allow-notify-host example.com"),
        ("//127.0.0.1/http://127.0.0.1", (), "no http address"),
    ],
)
def test_only_this_machine_and_named_hosts_are_called(url: str, allowed: tuple[str, ...], says: str) -> None:
    reason = forbidden(url, frozenset(allowed))
    assert says in reason if says else reason == ""


async def test_a_forbidden_address_is_recorded_and_never_called(world: World) -> None:
    network = world.sender.post = Network()
    world.notify(one := delivery(url="http://shop.example/notify"))
    await world.advance(86_700)
    assert (one.state, one.attempts, network.sent) == ("refused", [], [])
    assert "--allow-notify-host shop.example" in one.note
    assert world.journal.find()[0].explain == one.note
    with pytest.raises(SimulatorError, match="--allow-notify-host"):
        await world.sender.resend(one)


async def test_a_lost_notification_is_recorded_and_comes_with_the_schedule(world: World) -> None:
    network = world.sender.post = Network()
    world.faults.add(LoseNotify(times=3, match=Match(provider="toy", out_trade_no="no-1")))
    world.notify(one := delivery())
    await world.advance(59)
    assert ([a.lost for a in one.attempts], network.sent) == ([True, True, True], [])
    await world.advance(1)
    assert (one.state, len(network.sent)) == ("delivered", 1)
    assert world.journal.find()[0].faults == ("lose_notify",)
    assert "by a fault" in world.journal.find()[0].explain


async def test_a_doubled_notification_counts_once_in_the_schedule(world: World) -> None:
    network = world.sender.post = Network(
        Reply(500, b""), Reply(500, b""), Reply(500, b""), Reply(200, b"ok")
    )
    world.faults.add(DuplicateNotify(copies=3))
    world.notify(one := delivery())
    await world.advance(15)
    assert [outgoing.body for outgoing in network.sent] == [b"0", b"0", b"0", b"1"]
    assert one.state == "delivered"


async def test_a_spoilt_notification_is_spoilt_by_the_provider(world: World) -> None:
    network = world.sender.post = Network(Reply(401, b""), Reply(200, b"ok"))
    world.faults.add(BadSignature(match=Match(operation="toy.notify")))
    world.notify(delivery())
    await world.advance(15)
    assert [outgoing.headers["Toy-Signature"] for outgoing in network.sent] == ["spoilt", "good"]


async def test_resending_by_hand_leaves_the_schedule_alone(world: World) -> None:
    world.sender.post = Network(Reply(500, b""))
    world.notify(one := delivery(pauses=(15, 15)))
    await world.advance(1)
    await world.sender.resend(one)
    assert (one.state, one.turn, one.sends, len(one.attempts)) == ("pending", 1, 2, 2)
    await world.advance(60)
    assert (one.state, len(one.attempts)) == ("exhausted", 4)


async def test_acceptance_of_a_resend_ends_the_schedule(world: World) -> None:
    world.sender.post = Network(Reply(500, b""), Reply(200, b"ok"))
    world.notify(one := delivery())
    await world.advance(1)
    await world.sender.resend(one)
    await world.advance(86_700)
    assert (one.state, one.next_ms, len(one.attempts)) == ("delivered", None, 2)


async def test_a_schedule_that_ran_out_is_delivered_by_hand(world: World) -> None:
    world.sender.post = Network(Reply(500, b""), Reply(200, b"ok"))
    world.notify(one := delivery(pauses=()))
    await world.advance(1)
    assert one.state == "exhausted"
    await world.sender.resend(one)
    assert one.state == "delivered"


async def test_a_delivery_that_cannot_be_built_is_logged_and_holds_up_nobody(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.sender.post = Network()
    broken = delivery("broken")
    broken.build = lambda attempt: 1 / 0  # type: ignore[assignment, return-value]
    world.notify(broken)
    world.notify(one := delivery())
    with caplog.at_level(logging.ERROR):
        await world.advance(1)
    assert one.state == "delivered"
    assert "ZeroDivisionError" in caplog.text


async def test_without_a_network_an_attempt_says_so(world: World) -> None:
    world.notify(one := delivery(pauses=()))
    await world.advance(0)
    assert "build_app" in one.attempts[0].error


async def test_reset_stops_a_clock_that_is_being_moved(world: World) -> None:
    start = world.clock.now()

    async def post(url: str, outgoing: Outgoing, timeout_s: float) -> Reply:
        world.reset()
        return Reply(500, b"")

    world.sender.post = post
    world.notify(delivery())
    await world.advance(86_400)
    assert world.clock.now() == start
    assert world.agenda.next_at() is None


async def test_reset_stops_what_is_on_its_way(world: World) -> None:
    on_its_way = asyncio.Event()

    async def never(url: str, outgoing: Outgoing, timeout_s: float) -> Reply:
        on_its_way.set()
        await asyncio.Event().wait()
        raise AssertionError

    world.sender.post = never
    world.notify(delivery())
    await world.agenda.run_due()
    await on_its_way.wait()
    world.reset()
    await world.sender.settled()
    assert (world.deliveries, world.agenda.next_at(), world.journal.find()) == ({}, None, [])
