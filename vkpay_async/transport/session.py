"""Runs Flows over one aiohttp session."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from vkpay_async.config import HttpSettings
from vkpay_async.errors import (
    OutcomeUnknown,
    ProviderError,
    ProviderOutcomeUnknown,
    TransportError,
    TransportOutcomeUnknown,
    VKPayError,
)
from vkpay_async.providers.base import Flow, HttpRequest, HttpResponse, OffLoop, Shared, Step
from vkpay_async.telemetry import ProviderCall, provider_call
from vkpay_async.transport.retry import NoAnswer, NotSent, Outcome, RetryPolicy, pause_before
from vkpay_async.transport.shared import InMemory, SharedValues
from vkpay_async.transport.working import Workers

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

T = TypeVar("T")

_EARLIER_TRY = (
    "an earlier try of this call got no answer and may have been carried out: query with the same number"
)
KEPT_S = 7.0
"""WeChat Pay closes idle connections after 8 s: a payment sent on one that is being closed has an unknown outcome."""


class Transport:
    """One pooled session with one SSL context, made inside the running loop at the first call.

    Connections are kept and limited per host, names are cached, cookies are not kept, redirects are not followed,
    certificates are always verified. ``sleep`` is a parameter so that a test does not wait.
    """

    def __init__(
        self,
        settings: HttpSettings,
        *,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._policy = policy or pause_before(settings.attempts)
        self._sleep = sleep
        self.shared: SharedValues = InMemory()
        """Where Flows find their tokens; the application puts its ledger's here."""
        self._workers = Workers()
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turns: dict[str, asyncio.Semaphore] = {}

    async def run(self, flow: Flow[T], *, before: Callable[[], Awaitable[object]] | None = None) -> T:
        """Drives a Flow to its result. Raises what the Flow raises, :class:`TransportError` when no answer came.

        ``before`` is awaited once, when the Flow has found nothing wrong and nothing has been sent.
        """
        step: Step | None
        result: T | None = None
        try:
            step = cast("Step", next(flow))
        except StopIteration as stop:
            step, result = None, stop.value
        if before is not None:
            await before()
        while step is not None and not isinstance(step, HttpRequest):
            step, result = await self._served(flow, step)
        if step is None:
            return cast("T", result)
        call = provider_call(step.operation, fetches_key=step.fetches_key)
        if call is None:
            return await self._drive(flow, step, None)
        with call:
            return await self._drive(flow, step, call)

    async def _drive(self, flow: Flow[T], request: HttpRequest, call: ProviderCall | None) -> T:
        lost = False
        try:
            while True:
                step: Step | None
                try:
                    response = await self._answer(request, call)
                except TransportError as error:
                    step = cast("Step", flow.throw(error))
                else:
                    lost = lost or (response.repeated and request.moves_money)
                    step = cast("Step", flow.send(response))
                while not isinstance(step, HttpRequest):
                    step, result = await self._served(flow, step)
                    if step is None:
                        return cast("T", result)
                request = step
                if call is not None:
                    call.goes_on(request.operation, request.fetches_key)
        except StopIteration as stop:
            return cast("T", stop.value)
        except (ProviderError, TransportError) as error:
            if lost and error.outcome_known:
                raise _left_open(error) from error
            raise

    async def _served(self, flow: Flow[T], step: Shared | OffLoop) -> tuple[Step | None, T | None]:
        """What a Flow needs besides the network; its next step, or its result."""
        try:
            if isinstance(step, OffLoop):
                answer = await self._workers.run(step.work)
            else:
                answer = await self.shared.get(step, self.run)
        except VKPayError as error:
            failure = error
            return _stepped(lambda: flow.throw(failure))
        return _stepped(lambda: flow.send(cast("HttpResponse", answer)))

    async def close(self) -> None:
        """Closes the session and waits for its connections."""
        self._workers.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _answer(self, request: HttpRequest, call: ProviderCall | None) -> HttpResponse:
        attempts, left_us, lost = 0, False, False
        while True:
            attempts += 1
            outcome = await self._attempt(request)
            if call is not None:
                call.tried(outcome.status if isinstance(outcome, HttpResponse) else None)
            left_us = left_us or not isinstance(outcome, NotSent)
            pause = self._policy(request, outcome, attempts)
            if pause is None:
                answer = self._settle(request, outcome, left_us)
                return msgspec.structs.replace(answer, repeated=True) if lost else answer
            lost = lost or _may_be_done(outcome)
            await self._sleep(pause)

    @staticmethod
    def _settle(request: HttpRequest, outcome: Outcome, left_us: bool) -> HttpResponse:
        """A last attempt that never left does not make an earlier one undone."""
        if isinstance(outcome, HttpResponse):
            return outcome
        if request.moves_money and left_us:
            raise TransportOutcomeUnknown(
                f"{request.operation}: {outcome}; it may have been carried out: query with the same number before "
                "trying again"
            ) from outcome
        raise TransportError(f"{request.operation}: {outcome}; nothing was done: try again") from outcome

    async def _attempt(self, request: HttpRequest) -> Outcome:
        import aiohttp

        try:
            return await self._exchange(request)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return NotSent(f"cannot connect: {str(error) or type(error).__name__}")
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            return _no_address(request)
        except TimeoutError:
            return NoAnswer("no answer in time")
        except aiohttp.ClientError as error:
            return NoAnswer(f"the connection broke: {type(error).__name__}")
        except (NoAnswer, NotSent) as error:
            return error

    async def _exchange(self, request: HttpRequest) -> HttpResponse:
        import aiohttp

        timeout = self._timeout(request.timeout_ms) if request.timeout_ms else aiohttp.helpers.sentinel
        session, address = self._open_session(), _address(request)
        turns = self._turns_at(address.authority)
        if turns.locked():
            await self._waited(turns)
        else:
            await turns.acquire()
        try:
            async with session.request(
                request.method,
                address,
                data=request.body or None,
                headers=request.headers,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                body = await self._body(response, max(self._settings.max_response, request.max_response))
                return HttpResponse(status=response.status, headers=response.headers, body=body)
        finally:
            turns.release()

    def _turns_at(self, host: str) -> asyncio.Semaphore:
        """A host's connections in the order of asking: aiohttp gives one that is free to whoever comes at that moment, and who
        has waited waits on."""
        turns = self._turns.get(host)
        if turns is None:
            turns = self._turns[host] = asyncio.Semaphore(self._settings.connections_per_host)
        return turns

    async def _waited(self, turns: asyncio.Semaphore) -> None:
        try:
            async with asyncio.timeout(self._settings.connect_timeout):
                await turns.acquire()
        except TimeoutError:
            raise NotSent("no connection became free in time") from None

    @staticmethod
    async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
        length = response.content_length
        if length is not None and length <= limit:
            return await response.read()
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > limit:
                raise NoAnswer(f"the answer is larger than {limit} bytes")
        return bytes(body)

    def _open_session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.closed or self._loop is not loop:
            self._session, self._loop, self._turns = self._make_session(), loop, {}
        return self._session

    def _make_session(self) -> aiohttp.ClientSession:
        import aiohttp

        from vkpay_async.transport.as_given import AsGiven

        settings = self._settings
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                limit_per_host=settings.connections_per_host,
                ttl_dns_cache=settings.dns_cache,
                keepalive_timeout=KEPT_S,
            ),
            timeout=self._timeout(None),
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=AsGiven,
            skip_auto_headers=("User-Agent", "Content-Type", "Accept-Encoding"),
            auto_decompress=False,
        )

    def _timeout(self, total_ms: int | None) -> aiohttp.ClientTimeout:
        import aiohttp

        settings = self._settings
        return aiohttp.ClientTimeout(
            total=total_ms / 1000 if total_ms else settings.total_timeout,
            connect=settings.connect_timeout,
            sock_read=None if total_ms else settings.read_timeout,
        )


def _address(request: HttpRequest) -> URL:
    from yarl import URL

    try:
        return URL(request.url, encoded=True)
    except ValueError:
        raise _no_address(request) from None


def _no_address(request: HttpRequest) -> NotSent:
    """Without the query, which may hold a secret."""
    return NotSent(f"cannot connect: not an address: {request.url.partition('?')[0]}")


def _may_be_done(outcome: Outcome) -> bool:
    return isinstance(outcome, NoAnswer) or (isinstance(outcome, HttpResponse) and outcome.status >= 500)


def _left_open(error: ProviderError | TransportError) -> OutcomeUnknown:
    """A "no" to a repeat says nothing of the first try, which may be under way still; no answer to a question that came
    after it does not either."""
    if isinstance(error, TransportError):
        return TransportOutcomeUnknown(f"{error.msg}; {_EARLIER_TRY}")
    return ProviderOutcomeUnknown(
        provider=error.provider,
        code=str(error.code),
        message=error.message,
        http_status=error.http_status,
        request_id=error.request_id,
        detail=error.detail,
        advice=_EARLIER_TRY,
        retry_after=error.retry_after,
    )


def _stepped(go_on: Callable[[], Step]) -> tuple[Step | None, Any]:
    try:
        return go_on(), None
    except StopIteration as stop:
        return None, stop.value
