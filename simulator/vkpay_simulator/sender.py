"""Sends notifications: when, how often, to whom, and what became of them. The network itself is handed in."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from vkpay_simulator.delivery import Attempt, Delivery, Outgoing
from vkpay_simulator.explain import of_attempt
from vkpay_simulator.faults import BadSignature, DuplicateNotify, LoseNotify, Target
from vkpay_simulator.journal import Body, Line, kept, shown
from vkpay_simulator.providers.base import SimulatorError

if TYPE_CHECKING:
    from vkpay_simulator.world import World

log = logging.getLogger(__name__)

REPLY_CHARACTERS = 2000
_SITE = re.compile(r"[^/?#]*//[^/?#]*")


class NoReplyError(Exception):
    """No answer came; the text says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes


# The way out: (url, what to send, seconds to wait). Raises NoReplyError.
Post = Callable[[str, Outgoing, float], Awaitable[Reply]]


async def _nowhere(_url: str, _outgoing: Outgoing, _timeout_s: float) -> Reply:
    raise NoReplyError("this world has no network: serve it with build_app(world)")


class Parcel(NamedTuple):
    """One send of a delivery: what goes out, and what faults do to it on the way."""

    outgoing: Outgoing
    copies: int
    lost: bool
    faults: tuple[str, ...]


class Sender:
    """Sends every delivery by its own schedule until it is accepted. ``post`` is the way out, set when there is one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: dict[str, set[asyncio.Task[None]]] = {}
        self.post: Post = _nowhere

    def take(self, delivery: Delivery) -> None:
        """First send now (with the agenda's next turn), the others by the delivery's pauses."""
        if reason := forbidden(delivery.url, self._world.settings.allow_notify_hosts):
            delivery.state, delivery.note = "refused", reason
            self._write(delivery, Attempt(at_ms=self._world.clock.now(), error=reason), None, ())
        else:
            self._schedule(delivery, self._world.clock.now())

    async def resend(self, delivery: Delivery) -> None:
        """Sends once more by hand, whatever the state; the schedule is not touched unless it is accepted now."""
        if delivery.state == "refused":
            raise SimulatorError(delivery.note, 409)
        await self._track(delivery, self._send(delivery, self._world.clock.now()))

    async def settled(self) -> None:
        """Waits until nothing is on its way."""
        while running := self._tasks(self._running):
            await asyncio.wait(running)

    async def sent(self, deliveries: Iterable[Delivery]) -> None:
        """Waits for what of these is on its way now."""
        for task in self._tasks(delivery.id for delivery in deliveries):
            await _over(task)

    def cancel(self) -> None:
        for task in self._tasks(self._running):
            task.cancel()

    def _tasks(self, owners: Iterable[str]) -> list[asyncio.Task[None]]:
        return [task for owner in owners for task in self._running.get(owner, ())]

    def _schedule(self, delivery: Delivery, at_ms: int) -> None:
        delivery.next_ms = at_ms
        self._world.agenda.at(at_ms, lambda: self._launch(delivery, at_ms))

    def _launch(self, delivery: Delivery, at_ms: int) -> None:
        if delivery.state == "pending":
            self._track(delivery, self._send_and_schedule(delivery, at_ms))

    def _track(self, delivery: Delivery, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._running.setdefault(delivery.id, set()).add(task)
        task.add_done_callback(partial(self._ended, delivery.id))
        return task

    def _ended(self, owner: str, task: asyncio.Task[None]) -> None:
        self._running[owner].remove(task)
        if not self._running[owner]:
            del self._running[owner]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("delivery %s could not be sent: this is a bug of the simulator", owner, exc_info=error)

    async def _send_and_schedule(self, delivery: Delivery, at_ms: int) -> None:
        turn = delivery.turn
        delivery.turn += 1
        await self._send(delivery, at_ms)
        if (
            delivery.state == "delivered" or delivery.id not in self._world.deliveries
        ):  # or the world was reset
            return
        if turn < len(delivery.pauses):
            # Counted from when this one was due, so that a slow receiver does not stretch the schedule.
            self._schedule(delivery, at_ms + round(delivery.pauses[turn] * 1000))
        else:
            delivery.state, delivery.next_ms = "exhausted", None

    async def _send(self, delivery: Delivery, at_ms: int) -> None:
        parcel = self._pack(delivery)
        sends = [self._attempt(delivery, parcel, at_ms) for _ in range(parcel.copies)]
        attempts = [await sends[0]] if len(sends) == 1 else await asyncio.gather(*sends)
        delivery.attempts.extend(attempts)
        if any(attempt.accepted for attempt in attempts):
            delivery.state, delivery.next_ms = "delivered", None
        else:
            delivery.missed()

    def _pack(self, delivery: Delivery) -> Parcel:
        outgoing = delivery.build(delivery.sends)
        copies = 1 if delivery.sends else delivery.first_copies
        delivery.sends += 1
        if not self._world.faults:
            return Parcel(outgoing=outgoing, copies=copies, lost=False, faults=())
        return self._spoil(delivery, outgoing, copies)

    def _spoil(self, delivery: Delivery, outgoing: Outgoing, copies: int) -> Parcel:
        take, target = self._world.faults.take, _target(delivery)
        if take(LoseNotify, target):
            return Parcel(outgoing=outgoing, copies=1, lost=True, faults=("lose_notify",))
        spoilt = take(BadSignature, target)
        doubled = take(DuplicateNotify, target)
        return Parcel(
            outgoing=self._world.providers[delivery.provider].spoil_outgoing(outgoing)
            if spoilt
            else outgoing,
            copies=max(copies, doubled.copies if doubled else 1),
            lost=False,
            faults=("bad_signature",) * bool(spoilt) + ("duplicate_notify",) * bool(doubled),
        )

    async def _attempt(self, delivery: Delivery, parcel: Parcel, at_ms: int) -> Attempt:
        attempt = Attempt(
            at_ms=at_ms, lost=parcel.lost, error="lost on the way by a fault" if parcel.lost else ""
        )
        if not parcel.lost:
            await self._exchange(delivery, parcel.outgoing, attempt)
        self._write(delivery, attempt, parcel.outgoing, parcel.faults)
        return attempt

    async def _exchange(self, delivery: Delivery, outgoing: Outgoing, attempt: Attempt) -> None:
        started = time.monotonic()
        try:
            reply = await self.post(delivery.url, outgoing, delivery.timeout_s)
        except NoReplyError as error:
            attempt.error = str(error)
        else:
            attempt.status, attempt.reply = reply.status, shown(reply.body)[:REPLY_CHARACTERS]
            attempt.accepted = delivery.accepts(reply.status, reply.body)
        attempt.duration_ms = round((time.monotonic() - started) * 1000)

    def _write(
        self, delivery: Delivery, attempt: Attempt, outgoing: Outgoing | None, faults: tuple[str, ...]
    ) -> None:
        self._world.journal.write(
            Line(
                kind="notify",
                provider=delivery.provider,
                operation=f"{delivery.provider}.notify",
                subject=delivery.subject,
                at_ms=attempt.at_ms,
                real_ms=self._world.clock.real_ms(),
                duration_ms=attempt.duration_ms,
                method=outgoing.method if outgoing else "POST",
                target=outgoing.target(delivery.url) if outgoing else delivery.url,
                request_headers=outgoing.headers if outgoing else {},
                request_body=kept(outgoing.body) if outgoing else Body(),
                status=attempt.status,
                response_body=kept(attempt.reply.encode()),
                faults=faults,
                explain=of_attempt(delivery, attempt),
            )
        )


def _over(task: asyncio.Task[None]) -> asyncio.Future[None]:
    """Done when the task is, however it ends; whoever stops waiting does not stop it."""
    over: asyncio.Future[None] = task.get_loop().create_future()

    def end(_: asyncio.Task[None]) -> None:
        if not over.done():
            over.set_result(None)

    task.add_done_callback(end)
    return over


def _target(delivery: Delivery) -> Target:
    return Target(
        provider=delivery.provider,
        operation="notify",
        path=urlsplit(delivery.url).path,
        out_trade_no=delivery.subject,
    )


def forbidden(url: str, allowed: frozenset[str]) -> str:
    """Why this address may not be called, or nothing. Only this machine may, and hosts that were named."""
    site = _SITE.match(url)
    host = _host(site[0] if site else url)
    if not host:
        return f"{url!r} is no http address. Give a notify_url such as http://127.0.0.1:8000/pay/…"
    if _loopback(host) or host in {name.lower() for name in allowed}:
        return ""
    return f"{host} is not this machine, so it is not called. Start the simulator with --allow-notify-host {host}"


@lru_cache(maxsize=256)
def _host(site: str) -> str:
    """Of an http address; empty for what is none."""
    try:
        parts = urlsplit(site)
        return (parts.hostname or "").lower() if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""


@lru_cache(maxsize=256)
def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
