"""One request through the simulator: faults before, the provider's handler, faults after, a line in the journal."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Request, Route
from vkpay_simulator.explain import of_answer
from vkpay_simulator.faults import BadSignature, BusinessCode, Drop, Latency, Status, Target, Truncate
from vkpay_simulator.journal import Body, Line, kept
from vkpay_simulator.providers.base import SimProvider, SimulatorError

if TYPE_CHECKING:
    from vkpay_simulator.faults import F
    from vkpay_simulator.world import World

log = logging.getLogger(__name__)

CONTROL = "/_sim/"  # a provider's own control calls are never the ones to fail


class Outcome(NamedTuple):
    """What goes back. Without an ``answer`` the connection closes; with ``keep_bytes`` it closes after those."""

    answer: Answer | None
    keep_bytes: int | None = None


class Endpoint:
    """One route of one provider in one world."""

    def __init__(self, world: World, provider: SimProvider, route: Route) -> None:
        self._world = world
        self._provider = provider
        self._route = route

    async def handle(self, request: Request) -> Outcome:
        """Answers as the provider does; never raises for what a handler does wrong."""
        started = time.monotonic()
        visit = Visit(self._world, self._provider, self._route, request)
        outcome = await visit.run() if self._world.faults else visit.undisturbed()
        write(
            self._world,
            request,
            outcome,
            visit.target,
            duration_ms=round((time.monotonic() - started) * 1000),
            faults=tuple(visit.met),
            explain=of_answer(outcome.answer, visit.met) if outcome.answer else "",
        )
        return outcome


class Visit:
    """One request on its way through a route. ``met`` names the faults it met."""

    def __init__(self, world: World, provider: SimProvider, route: Route, request: Request) -> None:
        self._world = world
        self._provider = provider
        self._route = route
        self._request = request
        self.met: list[str] = []
        self._operation = route.operation
        self.target = Target(
            provider=provider.name,
            path=request.path,
            operation=self._named(),
            out_trade_no=self._subject(),
        )

    def undisturbed(self) -> Outcome:
        """While nothing can go wrong."""
        return Outcome(answer=self._handled())

    async def run(self) -> Outcome:
        if latency := self._take(Latency):
            await asyncio.sleep(latency.seconds)
        if drop := self._take(Drop):
            if drop.after:
                self._handled()
            return Outcome(answer=None)
        answer = self._answer()
        if self._take(BadSignature):
            answer = self._provider.spoil_signature(answer)
        if answer.body and self._take(Truncate):
            return Outcome(answer=answer, keep_bytes=len(answer.body) // 2)
        return Outcome(answer=answer)

    def _answer(self) -> Answer:
        if status := self._take(Status):
            return Answer(
                status=status.status, body=status.body.encode(), headers=CIMultiDict(status.headers)
            )
        if business := self._take(BusinessCode):
            return self._guarded(
                lambda: self._provider.business_error(self._request, self._operation, business.code)
            )
        return self._handled()

    def _handled(self) -> Answer:
        return self._guarded(lambda: self._route.handler(self._request))

    def _guarded(self, make: Callable[[], Answer]) -> Answer:
        try:
            return make()
        except SimulatorError as error:
            return Answer(status=500, explain=str(error))
        except Exception:
            log.exception("%s failed: this is a bug of the simulator", self._route.operation)
            return Answer(
                status=500, explain="The simulator failed: its log has the trace. Please report it."
            )

    def _named(self) -> str:
        if self._route.operation_of is not None:
            try:
                self._operation = self._route.operation_of(self._request)
            except Exception:
                log.exception("operation_of %s failed: this is a bug of the simulator", self._route.operation)
        return self._operation

    def _subject(self) -> str | None:
        try:
            return self._provider.subject_of(self._request, self._operation)
        except Exception:
            log.exception("subject_of %s failed: this is a bug of the simulator", self._operation)
            return None

    def _take(self, kind: type[F]) -> F | None:
        if self._request.path.startswith(CONTROL):
            return None
        fault: F | None = self._world.faults.take(kind, self.target)
        if fault is not None:
            self.met.append(str(type(fault).__struct_config__.tag))
        return fault


def write(
    world: World,
    request: Request,
    outcome: Outcome,
    target: Target,
    *,
    duration_ms: int = 0,
    faults: tuple[str, ...] = (),
    explain: str = "",
) -> None:
    """One line in the journal."""
    answer = outcome.answer
    world.journal.write(
        Line(
            kind="request",
            provider=target.provider,
            operation=target.full_operation,
            subject=target.out_trade_no,
            at_ms=world.clock.now(),
            real_ms=world.clock.real_ms(),
            duration_ms=duration_ms,
            method=request.method,
            target=request.target,
            request_headers=request.headers,
            request_body=kept(request.body),
            status=answer.status if answer else None,
            response_headers=answer.headers if answer else {},
            response_body=kept(answer.body) if answer else Body(),
            faults=faults,
            explain=explain,
        )
    )
