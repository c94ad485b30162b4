"""What a provider is: operations that are values.

An operation is a generator that yields requests and receives responses (a :data:`Flow`); ``transport`` runs it over
the network, a test runs it by hand. Nothing in a provider does I/O, reads a clock or draws a number: time and nonces
come in through :class:`Env`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Mapping
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import (
    AuthorizationRequest,
    BillRow,
    CreateOrder,
    Notification,
    NotifyReply,
    OrderRef,
    RawNotification,
    Refund,
    RefundRef,
    RefundRequest,
    Trade,
    Transfer,
    TransferAuthorization,
    TransferRef,
    TransferRequest,
    Value,
)
from vkpay_async.order_info import OrderInfo

T = TypeVar("T")


class HttpRequest(Value, frozen=True, kw_only=True):
    """One request, ready to send. The body is sent exactly as it stands: it has been signed.

    ``operation`` names it in errors and telemetry (``wxpay.refund``). ``moves_money`` decides what a missing answer
    means: the outcome is unknown. ``repeatable`` means that the identical call may be sent again, because the
    provider knows it by the merchant's number or because it only reads. ``max_response`` is in bytes, for a file that may
    be larger than the settings allow an answer to be. ``fetches_key``: it is sent for a key or a token
    that another call waits for, and is not what the user asked for.
    """

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""
    operation: str
    moves_money: bool = False
    repeatable: bool = True
    fetches_key: bool = False
    timeout_ms: int | None = None
    max_response: int = 0


class HttpResponse(Value, frozen=True, kw_only=True):
    """One answer. Headers are looked up in lower case; the body is what stood on the wire.

    ``repeated``: an earlier try of the same request got none, and may have been carried out.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    repeated: bool = False


Flow: TypeAlias = Generator[HttpRequest, HttpResponse, T]


class Env(msgspec.Struct, frozen=True, kw_only=True):
    """Time and chance, handed in. ``now_ms`` gives milliseconds since the epoch, ``nonce`` 32 fresh characters."""

    now_ms: Callable[[], int]
    nonce: Callable[[], str]


class Provider(Protocol):
    """One merchant's node of one provider. Built once with its keys loaded, then used by every call.

    ``identities`` are what a notification's app and merchant must match, ``None`` where a provider does not say.
    """

    name: ClassVar[str]

    @classmethod
    def from_node(cls, node: Any, env: Env, trust: Any = None) -> Provider:
        """Loads the node's keys. ``trust`` is that of the merchant's other nodes. Raises :class:`ConfigError`."""

    @property
    def appid(self) -> str: ...

    @property
    def mch_id(self) -> str | None: ...

    @property
    def trust(self) -> Any:
        """What it has learnt of the provider's keys; the merchant's other nodes are built with it."""

    def create(self, order: CreateOrder) -> Flow[OrderInfo]:
        """Asks the provider for a payment."""

    def query(self, order: OrderRef) -> Flow[Trade]:
        """How the order stands. Raises :class:`ResourceNotFound` where the provider does not know it (yet)."""

    def close(self, order: OrderRef) -> Flow[None]:
        """Makes an unpaid order unpayable."""

    def refund(self, request: RefundRequest) -> Flow[Refund]:
        """Gives money back."""

    def query_refund(self, ref: RefundRef) -> Flow[Refund]:
        """How a refund stands. Raises :class:`ResourceNotFound`."""

    def transfer(self, request: TransferRequest) -> Flow[Transfer]:
        """Sends money to a user."""

    def query_transfer(self, ref: TransferRef) -> Flow[Transfer]:
        """How a transfer stands. Raises :class:`ResourceNotFound`."""

    def cancel_transfer(self, ref: TransferRef) -> Flow[Transfer]:
        """Takes a transfer back that the user has not confirmed."""

    def create_authorization(self, request: AuthorizationRequest) -> Flow[TransferAuthorization]:
        """Asks a user to receive transfers without confirming each. Raises :class:`InvalidArgument` where there is no such thing."""

    def query_authorization(
        self, out_authorization_no: str, *, is_display_authorization: bool = False
    ) -> Flow[TransferAuthorization]:
        """How an authorisation stands. Raises :class:`ResourceNotFound`."""

    def close_authorization(self, out_authorization_no: str) -> Flow[TransferAuthorization]:
        """Ends an authorisation."""

    def trade_bill(self, day: dt.date) -> Flow[tuple[BillRow, ...]]:
        """Every payment and refund of a day in Beijing, in the bill's order; empty where nothing happened.

        A bill is made the day after, some time before 10:00, and may have tens of megabytes. It is held in memory, and
        100 000 lines are read in one to two seconds, in which nothing else runs: large ones belong into a process of jobs.
        Raises :class:`ProviderError` for a day that has no bill yet, and for a bill that cannot be read, with the line.
        """

    def notification(self, raw: RawNotification) -> Flow[Notification]:
        """Verifies, decrypts and types a notification. Yields only when a verification key has to be fetched.

        Raises :class:`SignatureInvalid`, :class:`NotificationInvalid`.
        """

    @staticmethod
    def accept() -> NotifyReply:
        """The provider's own word for: got it, stop sending."""

    @staticmethod
    def refuse() -> NotifyReply:
        """The provider's own word for: not now, send it again."""


def off_loop(work: Callable[[], T]) -> Flow[T]:
    """Work of more than about a millisecond."""
    yield from ()
    return work()


def target_of(url: str) -> str:
    """Path and query of an absolute URL, as they stand on the request line."""
    scheme, _, rest = url.partition("://")
    if not scheme or not rest:
        raise InvalidArgument(f"not an absolute URL: {url!r}")
    _, slash, target = rest.partition("/")
    return slash + target or "/"


def run_offline(flow: Flow[T], answer: Callable[[HttpRequest], HttpResponse]) -> T:
    """Runs a Flow with ``answer`` in the provider's place: for tests and benchmarks."""
    try:
        request = next(flow)
        while True:
            request = flow.send(answer(request))
    except StopIteration as stop:
        result: T = stop.value
        return result
