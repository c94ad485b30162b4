"""What a provider is: operations that are values.

An operation is a generator that yields requests and receives responses (a :data:`Flow`); ``transport`` runs it over
the network, a test runs it by hand. Nothing in a provider does I/O, reads a clock or draws a number: time and nonces
come in through :class:`Env`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Mapping
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar, cast, runtime_checkable

import msgspec

from vkpay_async.errors import InvalidArgument, VKPayError
from vkpay_async.models import (
    AuthorizationRequest,
    BillRow,
    CreateOrder,
    Notification,
    NotifyReply,
    OrderRef,
    PurchaseProof,
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
from vkpay_async.providers.balance import AccountBalance
from vkpay_async.providers.login import Login

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

    def __repr__(self) -> str:
        """Without headers, body and query: providers want tokens and signatures in each of them."""
        address, mark, _ = self.url.partition("?")
        return (
            f"HttpRequest({self.operation}: {self.method} {address}{mark and '?***'}, headers=***, body=***)"
        )


class HttpResponse(Value, frozen=True, kw_only=True):
    """One answer. Headers are looked up in lower case; the body is what stood on the wire.

    ``repeated``: an earlier try of the same request got none, and may have been carried out.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    repeated: bool = False


Flow: TypeAlias = Generator[HttpRequest, HttpResponse, T]


class SharedValue(Value, frozen=True, kw_only=True):
    """A token or a key that a provider gave out. ``expires`` in ms since the epoch."""

    value: str
    expires: int

    def __repr__(self) -> str:
        return f"SharedValue(value='***', expires={self.expires})"


def concealed(value: object) -> str:
    """The ``repr`` of an answer that holds a token or a session key."""
    return f"{type(value).__name__}(***)"


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a Flow: a value that all processes share. With ``keep`` it is stored; without ``fetch`` it may be missing."""

    name: str
    fetch: Callable[[], Flow[SharedValue]] | None = None
    stale: str | None = None
    keep: SharedValue | None = None


class OffLoop(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a Flow: work for a processor, done in a thread."""

    work: Callable[[], Any]


Step: TypeAlias = HttpRequest | Shared | OffLoop


def shared(name: str, fetch: Callable[[], Flow[SharedValue]], *, stale: str | None = None) -> Flow[str]:
    """A value that all processes share and one of them fetches: an access token.

    ``stale`` is the value that the provider has just refused; where it is still the shared one, another is fetched.
    """
    return cast("str", (yield _step(Shared(name=name, fetch=fetch, stale=stale))))


def kept(name: str) -> Flow[str | None]:
    """A shared value that nobody can fetch: a session key, kept when its user logged in."""
    return cast("str | None", (yield _step(Shared(name=name))))


def keep(name: str, value: SharedValue) -> Flow[None]:
    """Keeps a shared value for :func:`kept`."""
    yield _step(Shared(name=name, keep=value))


def off_loop(work: Callable[[], T]) -> Flow[T]:
    """The result of ``work``, which takes a processor more than about a millisecond. Raises what it raises."""
    return cast("T", (yield _step(OffLoop(work=work))))


def _step(step: Shared | OffLoop) -> HttpRequest:
    """What runs a Flow knows every :data:`Step`; a provider's own are requests, and their answers responses."""
    return cast("HttpRequest", step)


class Env(msgspec.Struct, frozen=True, kw_only=True):
    """Time and chance, handed in. ``now_ms`` gives milliseconds since the epoch, ``nonce`` 32 fresh characters."""

    now_ms: Callable[[], int]
    nonce: Callable[[], str]


@runtime_checkable
class SellsItself(Protocol):
    """A provider that is the shop: a device brings proof of what was bought there."""

    def purchase(self, order: OrderRef, proof: PurchaseProof) -> Flow[Trade]:
        """What was bought for an order. Raises :class:`NotificationMismatch`, :class:`SignatureInvalid`."""


class Provider(Protocol):
    """One merchant's node of one provider. Built once with its keys loaded, then used by every call.

    ``identities`` are what a notification's app and merchant must match, ``None`` where a provider does not say.
    ``refunds_repeat`` says that a refund which is sent twice under one number is made once.
    """

    name: ClassVar[str]
    refunds_repeat: ClassVar[bool]

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

    def prepared(self, order: CreateOrder) -> CreateOrder:
        """The order as it will be kept: checked, and complete where the provider works out ``total_fee`` or ``expand_data``.

        Raises :class:`InvalidArgument`.
        """

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

    def code2session(self, code: str) -> Flow[Login]:
        """Who a login code belongs to. Raises :class:`InvalidArgument` (1013 without a code)."""

    def account_balance(self, account: str | None = None) -> Flow[AccountBalance]:
        """What the merchant's account holds. ``account`` chooses one where there are several."""

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


def target_of(url: str) -> str:
    """Path and query of an absolute URL, as they stand on the request line."""
    scheme, _, rest = url.partition("://")
    if not scheme or not rest:
        raise InvalidArgument(f"not an absolute URL: {url!r}")
    _, slash, target = rest.partition("/")
    return slash + target or "/"


def run_offline(
    flow: Flow[T],
    answer: Callable[[HttpRequest], HttpResponse],
    values: dict[str, SharedValue] | None = None,
) -> T:
    """Runs a Flow with ``answer`` in the provider's place: for tests and benchmarks. ``values`` are the shared ones."""
    values = {} if values is None else values
    try:
        step: Step = next(flow)
        while True:
            try:
                found = _served_offline(step, answer, values)
            except VKPayError as error:
                step = cast("Step", flow.throw(error))
            else:
                step = flow.send(cast("HttpResponse", found))
    except StopIteration as stop:
        result: T = stop.value
        return result


def _served_offline(
    step: Step, answer: Callable[[HttpRequest], HttpResponse], values: dict[str, SharedValue]
) -> Any:
    if isinstance(step, HttpRequest):
        return answer(step)
    if isinstance(step, OffLoop):
        return step.work()
    known = values.get(step.name)
    if step.keep is not None:
        values[step.name] = step.keep
    elif step.fetch is not None and (known is None or known.value == step.stale):
        values[step.name] = run_offline(step.fetch(), answer, values)
    found = values.get(step.name)
    return None if found is None else found.value
