"""When what is sent, and from when its time counts."""

from __future__ import annotations

import asyncio
import heapq
from typing import Any

import pytest

from benchmarks.drivers.loading import mixed
from benchmarks.load import Connections, Load, Pace, by_round
from benchmarks.raw import Answering, canned

REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"


class Played:
    """A load against a receiver whose answers take as long as ``takes`` says, in a time that is only counted."""

    def __init__(self, pace: Pace, requests: int, takes: Any, connections: int = 1) -> None:
        self.now = 0.0
        self._takes = takes
        self._coming: list[tuple[float, int, Any, float]] = []
        self.load = Load([REQUEST] * requests, pace, lambda: self.now)
        self._sent = 0
        for moment in pace.moments():
            heapq.heappush(self._coming, (moment, -1, None, 0.0))
        for _ in range(connections):
            self.load.free(_Line(self))  # type: ignore[arg-type]
        while self._coming:
            self.now, _, line, due = heapq.heappop(self._coming)
            if line is None:
                self.load.go_on()
            else:
                self.load.answered(line, due, True)

    def send(self, line: Any, due: float) -> None:
        self._sent += 1
        heapq.heappush(self._coming, (self.now + self._takes(self._sent), self._sent, line, due))


class _Line:
    def __init__(self, played: Played) -> None:
        self._played = played

    def send(self, request: bytes, due: float) -> None:
        self._played.send(self, due)


def stands_still_once(nth: int) -> float:
    return 1.0 if nth == 101 else 0.001


def test_at_a_fixed_rate_all_that_a_standstill_held_up_is_late() -> None:
    """100 a second for 10 s; once the receiver stands still for a second, and the hundred that were due then wait for it."""
    load = Played(Pace(10_000, 10, rate=100), 10_000, stands_still_once).load
    assert load.sent == 1000
    late = sorted((took for took in load.took if took > 0.0011), reverse=True)
    assert 100 < len(late) < 115
    assert late[0] == pytest.approx(1.0)
    # The next was due 10 ms after the one that stood still and was sent when that was answered: 0.99 s + its own 1 ms.
    assert late[1] == pytest.approx(0.991)
    assert late[50] == pytest.approx(1 - 0.009 * 50, abs=0.001)


def test_a_closed_loop_leaves_out_what_a_standstill_holds_up() -> None:
    load = Played(Pace(10_000, 10), 10_000, stands_still_once).load
    assert sum(took > 0.0011 for took in load.took) == 1


def test_a_closed_loop_ends_in_time_and_waits_for_its_answers() -> None:
    load = Played(Pace(10_000, 1), 10_000, lambda _: 0.3, connections=2).load
    assert load.sent == 8
    assert len(load.took) == 8
    assert load.last == pytest.approx(1.2)
    assert load.done.is_set()


def test_a_closed_loop_ends_when_there_is_nothing_left_to_send() -> None:
    load = Played(Pace(5, 60), 5, lambda _: 0.1).load
    assert (load.sent, load.done.is_set()) == (5, True)


def test_a_fixed_rate_that_is_too_high_is_sent_all_the_same() -> None:
    load = Played(Pace(1000, 1, rate=100), 1000, lambda _: 0.02).load
    assert load.sent == 100
    assert load.last == pytest.approx(2.0)
    assert max(load.took) == pytest.approx(2.0 - 0.99)


async def served(answer: bytes) -> tuple[asyncio.Server, int]:
    server = await asyncio.get_running_loop().create_server(lambda: Answering(lambda: answer), "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def loaded(requests: list[bytes], pace: Pace, host: str, port: int, connections: int) -> Load:
    made = await Connections.made(host, port, connections)
    try:
        return await made.load(requests, pace)
    finally:
        made.close()


async def test_what_is_refused_is_counted() -> None:
    server, port = await served(canned(b"no", {}).replace(b"200 OK", b"500 Internal Server Error"))
    load = await loaded([REQUEST] * 20, Pace(20, 10), "127.0.0.1", port, 4)
    server.close()
    assert (load.sent, load.refused, len(load.took)) == (20, 20, 20)


async def test_a_connection_that_is_cut_counts_as_refused() -> None:
    class Cutting(Answering):
        def data_received(self, data: bytes) -> None:
            self._transport.abort()

    server = await asyncio.get_running_loop().create_server(lambda: Cutting(lambda: b""), "127.0.0.1", 0)
    load = await loaded([REQUEST] * 3, Pace(2, 10), "127.0.0.1", server.sockets[0].getsockname()[1], 2)
    server.close()
    assert (load.sent, load.refused) == (2, 2)


async def test_connections_serve_one_load_after_the_other() -> None:
    server, port = await served(canned(b"", {}))
    made = await Connections.made("127.0.0.1", port, 3)
    first, second = [await made.load([REQUEST] * count, Pace(count, 10)) for count in (5, 7)]
    made.close()
    server.close()
    assert (first.sent, len(first.took), second.sent, len(second.took)) == (5, 5, 7, 7)


async def test_a_receiver_that_hangs_up_is_not_waited_for() -> None:
    server = await asyncio.get_running_loop().create_server(_HangingUp, "127.0.0.1", 0)
    made = await Connections.made("127.0.0.1", server.sockets[0].getsockname()[1], 2)
    with pytest.raises(ConnectionResetError):
        await made.load([REQUEST], Pace(1, 10))
    server.close()


@pytest.mark.parametrize("hangs_up", [False, True])
async def test_connections_that_a_receiver_has_closed_are_not_whole(hangs_up: bool) -> None:
    protocol = _HangingUp if hangs_up else asyncio.Protocol
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    made = await Connections.made("127.0.0.1", server.sockets[0].getsockname()[1], 2)
    assert made.whole is not hangs_up
    made.close()
    server.close()


class _HangingUp(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        transport.close()


async def test_a_fixed_rate_is_kept_over_sockets() -> None:
    server, port = await served(canned(b"", {}))
    load = await loaded([REQUEST] * 50, Pace(50, 0.25, rate=200), "127.0.0.1", port, 4)
    server.close()
    assert (load.sent, load.refused) == (50, 0)
    assert load.last >= 0.245


def test_copies_come_after_what_they_are_copies_of() -> None:
    order = mixed(2000, 0.05)
    assert sorted(set(order)) == list(range(2000))
    assert 60 < len(order) - 2000 < 140
    first: dict[int, int] = {}
    for place, n in enumerate(order):
        first.setdefault(n, place)
    assert sorted(first, key=lambda n: first[n]) == list(range(2000)), "the originals are in order"
    assert mixed(2000, 0.05) == order
    assert mixed(50, 0) == list(range(50))


def test_percentiles_are_of_all_that_a_round_sent() -> None:
    warm_up, slow_turn = [9_000_000], [*[1000] * 97, *[50_000] * 3]
    found = by_round([warm_up, [1000] * 100, slow_turn, [2000] * 100, [2000] * 100], rounds=2, turns=2)
    assert found["p50_ms"] == [1.0, 2.0]
    assert found["p99_ms"] == [50.0, 2.0]
    assert max(map(max, found.values())) <= 50
