"""The user's functions, by order type."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from vkpay_async.errors import ConfigError
from vkpay_async.models import Transfer
from vkpay_async.order import PaidOrder

PaidHandler: TypeAlias = Callable[[PaidOrder], Awaitable[bool | None]]
"""Told of a paid order. ``False`` says the business refused it for good; raising asks for another try."""

TransferHandler: TypeAlias = Callable[[Transfer], Awaitable[bool | None]]


class Handlers:
    """What runs for which order ``type``. One handler a type."""

    def __init__(self) -> None:
        self.paid: dict[str, PaidHandler] = {}
        self.transferred: TransferHandler | None = None

    def on_paid(self, order_type: str) -> Callable[[PaidHandler], PaidHandler]:
        """Registers the handler of an order type. Raises :class:`ConfigError` for a second or a plain function."""

        def register(handler: PaidHandler) -> PaidHandler:
            _check_async(handler)
            if order_type in self.paid:
                raise ConfigError(f"there is already a handler for orders of type {order_type!r}")
            self.paid[order_type] = handler
            return handler

        return register

    def on_transferred(self, handler: TransferHandler) -> TransferHandler:
        """Registers the handler of transfer notifications, which may come more than once."""
        _check_async(handler)
        if self.transferred is not None:
            raise ConfigError("there is already a handler for transfers")
        self.transferred = handler
        return handler


def _check_async(handler: Callable[..., Any]) -> None:
    """Said when the application starts, not when the first money comes."""
    if not inspect.iscoroutinefunction(handler) and not inspect.iscoroutinefunction(
        getattr(handler, "__call__", None)  # noqa: B004 - an object with an async __call__ is a handler too
    ):
        name = getattr(handler, "__qualname__", repr(handler))
        raise ConfigError(f"the handler {name} must be an async function: write async def")
