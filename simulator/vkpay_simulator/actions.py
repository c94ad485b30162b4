"""What people and tests do to a simulated world: be the buyer, settle things, move time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice
from typing import Any, TypeVar, cast

import msgspec

from vkpay_simulator.clock import china_rfc3339, seconds_of
from vkpay_simulator.delivery import Attempt, Delivery
from vkpay_simulator.providers.base import (
    FindsOrders,
    LogsUsersIn,
    Numbered,
    OrderView,
    SimProvider,
    SimulatorError,
    TakesAuthorizations,
)
from vkpay_simulator.world import World

T = TypeVar("T")
P = TypeVar("P")


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A body of the control API: unknown fields are errors."""


class Buyer(Body):
    """Which order. ``provider`` and ``pid`` are needed where a number exists more than once."""

    out_trade_no: str
    provider: str | None = None
    pid: str | None = None
    payer: str | None = None
    channel: str | None = None
    wait: bool = True


class Refund(Body):
    """How a refund ends: ``status`` in the provider's words."""

    out_refund_no: str
    status: str
    provider: str | None = None
    pid: str | None = None
    wait: bool = True


class Transfer(Body):
    """How a transfer ends: ``confirm``, ``fail`` or ``expire``."""

    out_bill_no: str
    outcome: str
    provider: str | None = None
    pid: str | None = None
    wait: bool = True


class Authorization(Body):
    """What becomes of an authorisation: ``confirm``, ``close`` or ``expire``."""

    out_authorization_no: str
    outcome: str
    provider: str | None = None
    pid: str | None = None
    wait: bool = True


class Login(Body):
    """A user opens the app ``appid``: a mini program, or a page that asks who they are. Without ``openid``, a new one."""

    appid: str
    openid: str | None = None


class NewMerchant(Body):
    pid: str | None = None
    kind: str = "default"
    notify_url: str | None = None


class MerchantChange(Body):
    notify_url: str


class Step(Body):
    """Seconds, or a text such as ``24h4m``."""

    advance_seconds: float | str


class DeliveryView(msgspec.Struct, kw_only=True, frozen=True):
    """A notification as it stands. Times in business milliseconds; ``next_ms`` is when it is sent next."""

    id: str
    provider: str
    event: str
    subject: str
    url: str
    state: str
    note: str
    next_ms: int | None
    attempts: tuple[Attempt, ...]


class ClockView(msgspec.Struct, kw_only=True, frozen=True):
    """Business time, and how far it is ahead of the machine's."""

    now_ms: int
    now: str
    offset_seconds: float


async def pay(world: World, body: Buyer) -> OrderView:
    """Pays an order, and answers when the first attempt at the notification is over (unless ``wait`` is off)."""
    order, provider = _found(world, body.out_trade_no, body.provider, body.pid)
    return await notified(
        world,
        body.wait,
        lambda: provider.pay(order.out_trade_no, pid=order.pid, payer=body.payer, channel=body.channel),
    )


async def scan(world: World, body: Buyer) -> OrderView:
    order, provider = _found(world, body.out_trade_no, body.provider, body.pid)
    return await notified(
        world, body.wait, lambda: provider.scan(order.out_trade_no, pid=order.pid, payer=body.payer)
    )


async def cancel(world: World, body: Buyer) -> OrderView:
    order, provider = _found(world, body.out_trade_no, body.provider, body.pid)
    return await notified(world, body.wait, lambda: provider.cancel(order.out_trade_no, pid=order.pid))


async def refund(world: World, body: Refund) -> dict[str, Any]:
    """Ends a refund at the provider that has it."""
    return await notified(
        world,
        body.wait,
        lambda: _first(
            _providers(world, body.provider),
            lambda provider: provider.settle_refund(body.out_refund_no, body.status, pid=body.pid),
        ),
    )


async def transfer(world: World, body: Transfer) -> dict[str, Any]:
    """Ends a transfer at the provider that has it."""
    return await notified(
        world,
        body.wait,
        lambda: _first(
            _providers(world, body.provider),
            lambda provider: provider.settle_transfer(body.out_bill_no, body.outcome, pid=body.pid),
        ),
    )


async def authorization(world: World, body: Authorization) -> dict[str, Any]:
    """The user confirms or closes an authorisation at the provider that has it, or lets its time pass."""
    able = [one for one in _providers(world, body.provider) if isinstance(one, TakesAuthorizations)]
    return await notified(
        world,
        body.wait,
        lambda: _first(
            able,
            lambda provider: provider.settle_authorization(
                body.out_authorization_no, body.outcome, pid=body.pid
            ),
        ),
    )


async def login(world: World, body: Login) -> dict[str, str]:
    """The code that the client hands to its server, at the provider that has the app."""
    return log_in(world, body.appid, body.openid)


def log_in(world: World, appid: str, openid: str | None = None) -> dict[str, str]:
    for provider in world.providers.values():
        if isinstance(provider, LogsUsersIn):
            try:
                return provider.login(appid, openid)
            except SimulatorError as error:
                if error.status != 404:
                    raise
    raise SimulatorError(
        f"No users of {appid!r} are here: take appId of GET /_sim/merchants/{{pid}}, of a node whose app has users.",
        404,
    )


async def advance(world: World, body: Step) -> ClockView:
    """Moves business time; what is due on the way has happened when this answers."""
    given = body.advance_seconds
    try:
        seconds = seconds_of(given) if isinstance(given, str) else given
    except ValueError as error:
        raise SimulatorError(str(error)) from error
    await world.advance(seconds)
    return clock(world)


async def resend(world: World, delivery_id: str) -> DeliveryView:
    """Sends a notification once more, whatever became of it."""
    if delivery_id not in world.deliveries:
        raise SimulatorError(f"There is no delivery {delivery_id!r}: GET /_sim/deliveries lists them.", 404)
    delivery = world.deliveries[delivery_id]
    await world.sender.resend(delivery)
    return delivery_view(delivery)


def orders(world: World, *, provider: str | None = None, pid: str | None = None) -> list[OrderView]:
    """Every order, provider by provider, oldest first."""
    found = (order for one in _providers(world, provider) for order in one.orders())
    return [order for order in found if pid in (None, order.pid)]


def find_order(
    world: World, out_trade_no: str, *, provider: str | None = None, pid: str | None = None
) -> OrderView:
    """The one order of that number. Raises :class:`SimulatorError`: 404 without any, 409 with several."""
    return _found(world, out_trade_no, provider, pid)[0].view()


def deliveries(world: World) -> list[DeliveryView]:
    return [delivery_view(delivery) for delivery in world.deliveries.values()]


def delivery_view(delivery: Delivery) -> DeliveryView:
    return DeliveryView(
        id=delivery.id,
        provider=delivery.provider,
        event=delivery.event,
        subject=delivery.subject,
        url=delivery.url,
        state=delivery.state,
        note=delivery.note,
        next_ms=delivery.next_ms,
        attempts=tuple(delivery.attempts),
    )


def clock(world: World) -> ClockView:
    now = world.clock.now()
    return ClockView(now_ms=now, now=china_rfc3339(now), offset_seconds=world.clock.offset_ms / 1000)


def _found(
    world: World, out_trade_no: str, provider: str | None, pid: str | None
) -> tuple[Numbered, SimProvider]:
    found = [
        (order, one) for one in _providers(world, provider) for order in _numbered(one, out_trade_no, pid)
    ]
    if not found:
        raise SimulatorError(
            f"There is no order {out_trade_no!r} here: GET /_sim/orders lists those there are.", 404
        )
    if len(found) > 1:
        places = ", ".join(f"provider={one.name} pid={order.pid}" for order, one in found)
        raise SimulatorError(f"{out_trade_no!r} exists more than once: name one of {places}.", 409)
    return found[0]


def _providers(world: World, name: str | None) -> list[SimProvider]:
    if name is None:
        return list(world.providers.values())
    if name not in world.providers:
        raise SimulatorError(f"There is no provider {name!r}: there are {', '.join(world.providers)}.", 404)
    return [world.providers[name]]


def _numbered(provider: SimProvider, number: str, pid: str | None) -> list[Numbered]:
    if _finds_orders(type(provider)):
        return cast("FindsOrders", provider).numbered(number, pid)
    return [
        Numbered(order.pid, order.out_trade_no, lambda order=order: order)  # type: ignore[misc]
        for order in provider.orders()
        if number in (order.out_trade_no, order.alias) and pid in (None, order.pid)
    ]


@cache
def _finds_orders(kind: type[SimProvider]) -> bool:
    """To ask a protocol takes as long as to find the order."""
    return issubclass(kind, FindsOrders)


def _first(providers: Iterable[P], act: Callable[[P], T]) -> T:
    """The first provider that knows the thing; one that does not raises with status 404."""
    unknown = SimulatorError("There is no provider here that has such a thing.", 404)
    for provider in providers:
        try:
            return act(provider)
        except SimulatorError as error:
            if error.status != 404:
                raise
            unknown = error
    raise unknown


async def notified(world: World, wait: bool, act: Callable[[], T]) -> T:
    before = len(world.deliveries)
    result = act()
    await world.agenda.run_due()
    if wait:
        added = max(0, len(world.deliveries) - before)
        await world.sender.sent(islice(reversed(world.deliveries.values()), added))
    return result
