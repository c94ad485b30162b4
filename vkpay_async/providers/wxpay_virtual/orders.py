"""Cash orders (现金单): asking after them, and giving money back. A refund is an order too, known by its own number.

https://developers.weixin.qq.com/miniprogram/dev/platform-capabilities/business-capabilities/virtual-payment.html#refund-order
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from vkpay_async.errors import InvalidArgument, ProviderError, ResourceNotFound, TransportError
from vkpay_async.models import OrderRef, Refund, RefundRef, RefundRequest, RefundState, Trade
from vkpay_async.providers.base import Flow
from vkpay_async.providers.wxpay_virtual.about import WxpayVirtualNode
from vkpay_async.providers.wxpay_virtual.errors import (
    BAD_FIELD,
    LEFT_FEE_CHANGED,
    REPEATED,
    Operation,
    left_open,
)
from vkpay_async.providers.wxpay_virtual.gateway import Gateway
from vkpay_async.providers.wxpay_virtual.models import CashOrder, OrderAnswer, RefundAnswer
from vkpay_async.providers.wxpay_virtual.trades import refund_from, trade_from

QUERY_PATH = "/xpay/query_order"
REFUND_PATH = "/xpay/refund_order"
QUERY = Operation(name="wxpay-virtual.query")
QUERY_REFUND = Operation(name="wxpay-virtual.query_refund")
REFUND = Operation(
    name="wxpay-virtual.refund", moves_money=True, next_step="call query_refund with the same number"
)

ORDER = msgspec.json.Decoder(OrderAnswer)
_REFUND = msgspec.json.Decoder(RefundAnswer)
_NUMBER = re.compile(r"[A-Za-z0-9_\-]{8,32}", re.ASCII)
_MAY_BE_THERE = frozenset(map(str, (BAD_FIELD, REPEATED, 268490014, LEFT_FEE_CHANGED)))
"""Refusals that a refund gets as well when its number has been refunded already, with what was left before that."""

OWN_USER, BY_USER = "3", "2"
_REASONS, _SOURCES = "012345", "123"
_ADDED = frozenset({"refund_reason", "req_from", "biz_meta"})
_LONGEST_META = 1024


def payer_of(order: OrderRef) -> str:
    """Raises :class:`InvalidArgument` for an order without an openid, by which WeChat finds its orders."""
    if not order.openid:
        raise InvalidArgument(
            f"order {order.out_trade_no!r} has no openid, and WeChat finds it by that of its payer", code=1006
        )
    return order.openid


def refund(gateway: Gateway, request: RefundRequest, env: int) -> Flow[Refund]:
    """Asks what is left, then gives back. One that turns out to have been made before is given back as it stands."""
    body = refund_body(request) | {"env": env}
    for last in (False, True):
        left = yield from _left(gateway, request.order, env)
        try:
            answer, raw = yield from gateway.ask(
                REFUND, _REFUND, REFUND_PATH, body | {"left_fee": left}, env=env
            )
        except ProviderError as refusal:
            made = yield from _made_before(gateway, request, env, refusal)
            if made is not None:
                return made
            if last or refusal.code != str(LEFT_FEE_CHANGED):
                raise
        else:
            return Refund(
                out_trade_no=request.order.out_trade_no,
                out_refund_no=answer.refund_order_id,
                state=RefundState.PROCESSING,
                raw_state="",
                refund_fee=request.refund_fee,
                total_fee=request.total_fee,
                refund_id=answer.refund_wx_order_id,
                transaction_id=request.order.transaction_id,
                raw=raw,
            )
    raise AssertionError("the second round returns or raises")


def query_refund(gateway: Gateway, ref: RefundRef, env: int) -> Flow[Refund]:
    """How a refund stands. Raises :class:`ResourceNotFound`."""
    found, raw = yield from order_of(gateway, QUERY_REFUND, ref.order, ref.out_refund_no, env)
    if not found.gives_back:
        raise InvalidArgument(
            f"{ref.out_refund_no!r} is the number of a payment, not of a refund: correct it"
        )
    return refund_from(found, raw, ref.order)


def trade(
    gateway: Gateway, node: WxpayVirtualNode, operation: Operation, order: OrderRef, env: int
) -> Flow[Trade]:
    """How a payment stands. Raises :class:`ResourceNotFound`."""
    found, raw = yield from order_of(gateway, operation, order, order.out_trade_no, env)
    if found.gives_back:
        raise InvalidArgument(
            f"{order.out_trade_no!r} is the number of a refund, not of a payment: correct it"
        )
    return trade_from(found, raw, openid=order.openid, appid=node.app_id, mch_id=node.mch_id)


def order_of(
    gateway: Gateway, operation: Operation, order: OrderRef, number: str, env: int
) -> Flow[tuple[CashOrder, Mapping[str, Any]]]:
    """A payment or refund by our number, and the object it was read from."""
    body = {"openid": payer_of(order), "env": env, "order_id": number}
    answer, raw = yield from gateway.ask(operation, ORDER, QUERY_PATH, body, env=env)
    return answer.order, raw["order"]


def refund_body(request: RefundRequest) -> dict[str, Any]:
    """All but ``left_fee`` and ``env``. Raises :class:`InvalidArgument` for what refund_order would not take."""
    number, other = request.out_refund_no, request.other
    if not _NUMBER.fullmatch(number):
        raise InvalidArgument(
            f"out_refund_no {number!r} does not fit WeChat virtual payment: give one of 8–32 letters, digits, _ or -"
        )
    if unknown := sorted(map(str, other.keys() - _ADDED)):
        raise InvalidArgument(
            f"other.{unknown[0]} has no place in a refund: it may hold {', '.join(sorted(_ADDED))}"
        )
    meta = other.get("biz_meta", request.reason or "")
    return {
        "openid": payer_of(request.order),
        "order_id": request.order.out_trade_no,
        "refund_order_id": number,
        "refund_fee": request.refund_fee,
        "biz_meta": str(meta)[:_LONGEST_META],
        "refund_reason": _one_of("refund_reason", other.get("refund_reason", OWN_USER), _REASONS),
        "req_from": _one_of("req_from", other.get("req_from", BY_USER), _SOURCES),
    }


def _left(gateway: Gateway, order: OrderRef, env: int) -> Flow[int]:
    found, _ = yield from order_of(gateway, QUERY, order, order.out_trade_no, env)
    return next((fee for fee in (found.left_fee, found.paid_fee, found.order_fee) if fee is not None), 0)


def _made_before(
    gateway: Gateway, request: RefundRequest, env: int, refusal: ProviderError
) -> Flow[Refund | None]:
    """The refund of this number, if an earlier call has made it: then what was left has changed, and a repeat is refused.

    Raises :class:`ProviderOutcomeUnknown` where that cannot be found out.
    """
    if refusal.code not in _MAY_BE_THERE and not isinstance(refusal, ResourceNotFound):
        return None
    try:
        made = yield from query_refund(
            gateway, RefundRef(order=request.order, out_refund_no=request.out_refund_no), env
        )
    except ResourceNotFound:
        return None
    except (ProviderError, TransportError) as error:
        raise left_open(refusal, REFUND) from error
    if made.refund_fee != request.refund_fee:
        raise refusal
    return made


def _one_of(name: str, value: object, known: str) -> str:
    if not isinstance(value, str) or len(value) != 1 or value not in known:
        raise InvalidArgument(f'other.{name} must be one of the texts "{known[0]}" to "{known[-1]}"')
    return value
