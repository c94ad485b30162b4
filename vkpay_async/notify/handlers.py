"""The user's functions, by what they are told of and by order type."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

import msgspec

from vkpay_async.errors import ConfigError
from vkpay_async.models import ChangedAuthorization, FinishedTransfer, ProviderEvent
from vkpay_async.order import PaidOrder, RefundedOrder

PaidHandler: TypeAlias = (
    Callable[[PaidOrder], Awaitable[bool | None]] | Callable[[PaidOrder, Any], Awaitable[bool | None]]
)
"""Told of a paid order. ``False`` says the business refused it for good; raising asks for another try.

With a second parameter named ``tx`` it gets the open transaction: what it writes there is committed together with the mark
that it ran, exactly once.
"""

RefundedHandler: TypeAlias = (
    Callable[[RefundedOrder], Awaitable[bool | None]] | Callable[[RefundedOrder, Any], Awaitable[bool | None]]
)
TransferHandler: TypeAlias = (
    Callable[[FinishedTransfer], Awaitable[bool | None]]
    | Callable[[FinishedTransfer, Any], Awaitable[bool | None]]
)

AuthorizationHandler: TypeAlias = (
    Callable[[ChangedAuthorization], Awaitable[bool | None]]
    | Callable[[ChangedAuthorization, Any], Awaitable[bool | None]]
)

EventHandler: TypeAlias = (
    Callable[[ProviderEvent], Awaitable[bool | None]] | Callable[[ProviderEvent, Any], Awaitable[bool | None]]
)

AnyHandler = TypeVar("AnyHandler", bound=Callable[..., Awaitable[bool | None]])


_WITHOUT_TYPE = frozenset({"transfer", "transfer_auth"})
"""Kinds that are about no order: one handler is told of all of them."""


class Handler(msgspec.Struct, frozen=True, kw_only=True):
    """A user's function, and whether it takes the open transaction."""

    function: Callable[..., Awaitable[bool | None]]
    takes_tx: bool


class Handlers:
    """What runs for which kind and order ``type``. One handler for each."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str | None], Handler] = {}
        self._types: dict[str, frozenset[str]] = {}

    def on_paid(self, order_type: str) -> Callable[[PaidHandler], PaidHandler]:
        """Registers the handler of an order type. Raises :class:`ConfigError` for a second or a plain function."""
        return lambda handler: self._register(
            "payment", order_type, handler, f"orders of type {order_type!r}"
        )

    def on_refunded(self, order_type: str) -> Callable[[RefundedHandler], RefundedHandler]:
        """Registers what is told when a refund of such an order has come to its end, whichever way it was heard."""
        return lambda handler: self._register(
            "refund", order_type, handler, f"refunds of type {order_type!r}"
        )

    def on_transferred(self, handler: TransferHandler) -> TransferHandler:
        """Registers what is told of transfers that have come to their end."""
        return self._register("transfer", None, handler, "transfers")

    def on_transfer_authorized(self, handler: AuthorizationHandler) -> AuthorizationHandler:
        """Registers what is told of authorisations to receive without confirming: that one takes effect, that one is closed.

        The two may be told in either order; ``CLOSED`` is for good.
        """
        return self._register("transfer_auth", None, handler, "authorisations of transfers")

    def on_event(self, provider: str) -> Callable[[EventHandler], EventHandler]:
        """Registers what is told of a provider's notifications that change no order: Apple's ``EXPIRED``, for one."""
        return lambda handler: self._register("event", provider, handler, f"other news of {provider}")

    def find(self, kind: str, order_type: str | None) -> Handler | None:
        return self._by_key.get((kind, None if kind in _WITHOUT_TYPE else order_type))

    def keys(self) -> frozenset[tuple[str, str | None]]:
        """The kinds and order types that have a handler; what is about no order has no type."""
        return frozenset(self._by_key)

    def types(self, kind: str) -> frozenset[str]:
        """The order types that have a handler of this kind; the empty one for what is about no order."""
        return self._types.get(kind, frozenset())

    def _register(self, kind: str, order_type: str | None, handler: AnyHandler, whose: str) -> AnyHandler:
        _check_async(handler)
        if (kind, order_type) in self._by_key:
            raise ConfigError(f"there is already a handler for {whose}")
        takes_tx = "tx" in inspect.signature(handler).parameters
        self._by_key[kind, order_type] = Handler(function=handler, takes_tx=takes_tx)
        self._types[kind] = self.types(kind) | {order_type or ""}
        return handler


def _check_async(handler: Callable[..., Any]) -> None:
    """Said when the application starts, not when the first money comes."""
    if not inspect.iscoroutinefunction(handler) and not inspect.iscoroutinefunction(
        getattr(handler, "__call__", None)  # noqa: B004 - an object with an async __call__ is a handler too
    ):
        name = getattr(handler, "__qualname__", repr(handler))
        raise ConfigError(f"the handler {name} must be an async function: write async def")
