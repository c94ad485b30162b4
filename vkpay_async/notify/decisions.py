"""What each kind of happening changes, decided over locked rows. Pure: a decision may be made more than once."""

from __future__ import annotations

from typing import Any

import msgspec

from vkpay_async.errors import NotificationMismatch, OrderNotFound, VKPayError
from vkpay_async.happenings import Decision, Event, Found, RefundChange, TransferRecord
from vkpay_async.models import (
    JsonObject,
    Refund,
    RefundState,
    Trade,
    TradeState,
    Transfer,
    TransferAuthorization,
)
from vkpay_async.notify.matching import (
    check_authorization,
    check_pid,
    check_refund,
    check_transfer,
    way_of,
)
from vkpay_async.notify.routes import payment_path
from vkpay_async.notify.unasked import unasked_entry
from vkpay_async.order import FORMER, WAY, Order, kept_ways
from vkpay_async.pay_type import split_pay_type
from vkpay_async.providers.base import Provider

CHECK_AGAIN_MS = 60_000
"""When the provider is asked about a refund that it told us is not at its end."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision needs to know beside the rows. ``runner`` is set where this process would run the handler now.

    ``again`` says that a failed or parked handler is to be run once more: somebody has come back for it.
    """

    now: int
    lease_until: int
    runner: str | None
    types: frozenset[str]
    again: bool = False


def on_payment(found: Found, event: Event, trade: Trade, provider: Provider, terms: Terms) -> Decision:
    """0→1, once. A second payment of one order is kept for a person to see."""
    order, known = found.order, found.event
    if order is None:
        return _unmatched(event, known, OrderNotFound(_no_order(event.number)), terms)
    try:
        check_pid(order, event.pid or "default")
        way = way_of(order, event.pay_type, trade, provider)
    except NotificationMismatch as error:
        return _unmatched(event, known, error, terms)
    if known is not None and known.state != "unmatched":
        return _met_again(known, terms, answered=order.user_order_success is not None)
    if order.paid:
        return _paid_before(order, event, found, trade, terms)
    if trade.state is TradeState.REFUND:
        text = _refunded_unheard(order, trade)
        return Decision(event=_kept(event, known, state="unmatched", error=text, type=order.type))
    paid = _paid_values(order, way, event, trade, provider, terms.now)
    return Decision(event=_to_run(event, known, order.type, terms), paid=paid)


def on_closed(found: Found, event: Event, trade: Trade, provider: Provider, terms: Terms) -> Decision:
    """0→−1, where the order is still to be paid through this provider: another's closing does not concern it.

    Where it was begun in several ways it may still be paid in the others; who asks after all of them finds when none is left.
    """
    order, known = found.order, found.event
    if order is None:
        return _unmatched(event, known, OrderNotFound(_no_order(event.number)), terms)
    ways = order.ways
    if order.paid or all(split_pay_type(way.pay_type)[0] != provider_of(event) for way in ways):
        return Decision()
    try:
        check_pid(order, event.pid or "default")
        way_of(order, event.pay_type, trade, provider)
    except NotificationMismatch as error:
        return _unmatched(event, known, error, terms)
    done = _kept(event, known, state="done", done_date=terms.now, type=order.type)
    return Decision(event=done, closed=terms.now if order.status == 0 and len(ways) == 1 else None)


def on_refund(found: Found, event: Event, refund: Refund, provider: Provider, terms: Terms) -> Decision:
    """A refund's news. Its handler is told when it has come to its end."""
    order, known = found.order, found.event
    if order is None:
        return _unmatched(event, known, OrderNotFound(_no_order(event.number)), terms)
    try:
        check_pid(order, event.pid or "default")
        check_refund(order, refund, provider)
    except NotificationMismatch as error:
        return _unmatched(event, known, error, terms)
    if known is not None and known.state != "unmatched":
        return _met_again(known, terms)
    if refund.share is not None and not order.paid:
        text = _given_back_unpaid(order, refund)
        return Decision(event=_kept(event, known, state="unmatched", error=text, type=order.type))
    if refund.share is not None and order.paid and refund.transaction_id not in (None, order.transaction_id):
        text = _given_back_second(order, refund)
        return Decision(event=_kept(event, known, state="unmatched", error=text, type=order.type))
    if refund.share is None and all(
        entry.out_refund_no != refund.out_refund_no for entry in order.refund_list
    ):
        text = (
            f"refund {refund.out_refund_no} was not made through this ledger: if it was made in the provider's console, "
            "nothing is to be done but your own books"
        )
        return Decision(event=_kept(event, known, state="unmatched", error=text, type=order.type))
    change = RefundChange(
        out_refund_no=refund.out_refund_no,
        state=refund.state.value,
        refund_id=refund.refund_id,
        success_date=(refund.success_time or terms.now) if refund.state.final else None,
        check_due=None if refund.state.final else terms.now + CHECK_AGAIN_MS,
        new=unasked_entry(refund, terms.now),
    )
    if not refund.state.final:
        return Decision(refund=change)
    return Decision(event=_to_run(event, known, order.type, terms), refund=change)


def on_transfer(
    found: Found, event: Event, transfer: Transfer, record: TransferRecord, provider: Provider, terms: Terms
) -> Decision:
    """A transfer's news. What is not its end changes nothing: a query will tell."""
    known = found.event
    try:
        check_transfer(transfer, event.number, provider)
    except NotificationMismatch as error:
        return _unmatched(event, known, error, terms)
    if known is not None and known.state != "unmatched":
        return _met_again(known, terms)
    if not transfer.state.final:
        return Decision()
    return Decision(event=_to_run(event, known, None, terms), transfer=record)


def on_authorization(
    found: Found, event: Event, authorization: TransferAuthorization, provider: Provider, terms: Terms
) -> Decision:
    """An authorisation's news. The event is all that is kept of it."""
    known = found.event
    try:
        check_authorization(authorization, event.number, provider)
    except NotificationMismatch as error:
        return _unmatched(event, known, error, terms)
    if known is not None and known.state != "unmatched":
        return _met_again(known, terms)
    return Decision(event=_to_run(event, known, None, terms)) if authorization.state.told else Decision()


def on_event(found: Found, event: Event, terms: Terms) -> Decision:
    """Other news. The event is all that is kept of it."""
    known = found.event
    return (
        Decision(event=_to_run(event, None, event.provider, terms))
        if known is None
        else _met_again(known, terms)
    )


def provider_of(event: Event) -> str:
    return split_pay_type(event.pay_type)[0]


def _paid_before(order: Order, event: Event, found: Found, trade: Trade, terms: Terms) -> Decision:
    """News of a payment that the order has already, or of a second one."""
    known = found.event
    if order.transaction_id and trade.transaction_id and order.transaction_id != trade.transaction_id:
        text = (
            f"order {order.out_trade_no} was paid twice: by {order.transaction_id}, and now by {trade.transaction_id}; "
            "give one of them back at the provider"
        )
        return Decision(event=_kept(event, known, state="unmatched", error=text, type=order.type))
    if order.transaction_id != trade.transaction_id:
        return Decision()  # the same payment without its number: the event that has it sees to the handler
    if order.user_order_success is not None and order.handler_error is None:
        return Decision(
            event=_kept(event, known, state="done", done_date=terms.now, type=order.type, error=None)
        )
    if _is_seen_to(event, found):
        return Decision()
    return Decision(event=_to_run(event, known, order.type, terms))


def _is_seen_to(event: Event, found: Found) -> bool:
    """Whether the payment was heard under another app of the merchant's: one event sees to the handler, and not two."""
    subject = event.what.rpartition("|payment|")[2]
    return any(
        one.number == event.number
        and one.what != event.what
        and (one.provider, one.kind, one.what.rpartition("|payment|")[2])
        == (event.provider, "payment", subject)
        and one.state != "unmatched"
        for one in found.events.values()
    )


def _met_again(known: Event, terms: Terms, *, answered: bool = False) -> Decision:
    """A copy of something known: a handler is run that was left by its process, is asked for, or was not there before."""
    left = known.state in ("running", "waiting") and known.due is not None and known.due <= terms.now
    asked = terms.again and known.state in ("failed", "parked", "waiting")
    never = (
        known.state == "done" and known.attempts == 0 and not answered and (known.type or "") in terms.types
    )
    if terms.runner is None or not (left or asked or never):
        return Decision()
    return Decision(
        event=msgspec.structs.replace(
            known, state="running", runner=terms.runner, due=terms.lease_until, attempts=known.attempts + 1
        )
    )


def _to_run(event: Event, known: Event | None, order_type: str | None, terms: Terms) -> Event:
    """With its handler's claim where there is a handler: the one transaction both says what happened and who sees to it."""
    if (order_type or "") not in terms.types:
        return _kept(event, known, state="done", done_date=terms.now, type=order_type, error=None)
    if terms.runner is None:
        return _kept(event, known, state="waiting", due=terms.now, type=order_type, error=None)
    attempts = (known.attempts if known else 0) + 1
    return _kept(
        event,
        known,
        state="running",
        runner=terms.runner,
        due=terms.lease_until,
        attempts=attempts,
        type=order_type,
        error=None,
    )


def _unmatched(event: Event, known: Event | None, error: VKPayError, terms: Terms) -> Decision:
    """Genuine, and does not fit: kept for a person to see, unless it is known better already."""
    if known is not None and known.state != "unmatched":
        return Decision(error=error)
    return Decision(event=_kept(event, known, state="unmatched", error=error.msg), error=error)


def _kept(event: Event, known: Event | None, **values: Any) -> Event:
    """The row to keep; one that is there already keeps its id."""
    return msgspec.structs.replace(known or event, **values)


def _paid_values(
    order: Order, way: Order, event: Event, trade: Trade, provider: Provider, now: int
) -> dict[str, Any]:
    """The way of paying becomes that of the event: the payer may have used one that was offered before the last."""
    same = way.pay_type == event.pay_type
    paid = {
        "pay_type": event.pay_type,
        "mch_id": way.mch_id if same else provider.mch_id,
        "provider_appid": way.provider_appid if same else provider.appid,
        "notify_path": way.notify_path if same else payment_path(event.pay_type, order.out_trade_no),
        "transaction_id": trade.transaction_id,
        **_numbers(way, trade.provider_order_no),
        "pay_date": trade.success_time or now,
        "notify_date": now,
        "notify_mode": event.source,
        "notify_info": trade.raw.copy() if type(trade.raw) is JsonObject else dict(trade.raw),
        "openid": trade.openid or way.openid,
    }
    return paid if way is order else _with_the_others(order, way, paid)


def _with_the_others(order: Order, way: Order, paid: dict[str, Any]) -> dict[str, Any]:
    """All of the way that was paid, for a refund goes there; the others stay known, since they may be paid too."""
    others = [one for one in order.ways if one != way or one.pay_type != paid["pay_type"]]
    return {
        **{name: getattr(way, name) for name in WAY},
        **paid,
        "provider_order_no": paid["provider_order_no"] or order.provider_order_no,
        "expand_data": {**paid["expand_data"], **kept_ways(others)},
    }


def _numbers(way: Order, paid: str | None) -> dict[str, Any]:
    """The number that was paid is the order's from here on: its refunds go by it."""
    known = [one for one in (way.provider_order_no, *way.former_order_nos) if one is not None]
    latest = paid or way.provider_order_no
    former = [one for one in known if one != latest]
    kept = {**way.expand_data, FORMER: former} if former else way.expand_data
    return {"provider_order_no": latest, "expand_data": kept}


def _refunded_unheard(order: Order, trade: Trade) -> str:
    """No refund of ours: an unpaid order has none. Delivering it might be delivering for nothing."""
    return (
        f"order {order.out_trade_no} was paid by {trade.transaction_id} and given back at the provider, all or a part, before "
        "it was known to be paid; nothing was delivered: look up how much is left there, and replay this to deliver all the same"
    )


def _given_back_second(order: Order, refund: Refund) -> str:
    """An order that was paid twice has only its own payment's refunds; coming again would change nothing."""
    if refund.state is RefundState.CLOSED:
        return (
            f"the refund of {refund.transaction_id}, a second payment of order {order.out_trade_no}, was undone: the order is "
            f"paid by that and by {order.transaction_id} again; give one of them back at the provider"
        )
    return (
        f"{refund.transaction_id}, a second payment of order {order.out_trade_no}, was given back: the order is paid by "
        f"{order.transaction_id} as before, and nothing is to be done but your own books"
    )


def _given_back_unpaid(order: Order, refund: Refund) -> str:
    if refund.state is RefundState.CLOSED:
        return (
            f"the refund of {refund.transaction_id} for order {order.out_trade_no} was undone, and the provider could not be asked "
            "whether that is still so: look it up there; when it is paid, let the app bring it again, or set the provider's key and "
            f"call verify_purchase(out_trade_no={order.out_trade_no!r}, transaction_id={refund.transaction_id!r})"
        )
    return (
        f"order {order.out_trade_no} was given back before it was known to be paid: nothing was delivered for it, and "
        f"nothing is to be done; if it turns out as paid by {refund.transaction_id} all the same, replay this"
    )


def _no_order(number: str) -> str:
    return f"a notification for order {number!r}, which is not in the ledger"
