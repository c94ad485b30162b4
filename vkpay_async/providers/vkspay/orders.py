"""Orders as ``webpay`` and ``micropay`` want them, and the gateway's answers as ours.

Observed of the requests are ``total_fee`` and ``notify_url``, and all that ``micropay`` is given here but the number. That the
gateway knows ``out_trade_no``, ``subject``, ``pay_chnl`` and ``return_url`` of a cashier order is designed.
"""

from __future__ import annotations

import datetime as dt

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import CreateOrder, Trade, TradeState
from vkpay_async.money import Fen, yuan_from_fen
from vkpay_async.order_info import CodePayResult, PayLink
from vkpay_async.providers.vkspay.about import VkspayNode
from vkpay_async.providers.vkspay.models import Answer, merged

WALLETS = ("wxpay", "alipay")
KEPT = frozenset({"total_fee", "out_trade_no", "auth_code"})
_BEIJING = dt.timezone(dt.timedelta(hours=8))
_LOCAL_IP = "127.0.0.1"
_TAG = "default"

STATES: dict[str, TradeState] = {
    "SUCCESS": TradeState.SUCCESS,
    "NOTPAY": TradeState.NOTPAY,
    "PAYING": TradeState.USERPAYING,
    "CLOSED": TradeState.CLOSED,
    "FAIL": TradeState.NOTPAY,
}
"""Nothing but ``SUCCESS`` means paid. What stands in no row here is :attr:`TradeState.UNKNOWN`, and not paid either."""


def webpay_fields(order: CreateOrder, node: VkspayNode) -> dict[str, object]:
    """A cashier order. Raises :class:`InvalidArgument`."""
    fields: dict[str, object] = {
        "total_fee": yuan_from_fen(order.total_fee),
        "notify_url": order.notify_url,
        "pay_chnl": wallet_of(order),
        "return_url": order.return_url,
    }
    if not node.observed_only:
        fields |= {"out_trade_no": order.out_trade_no, "subject": order.subject}
    return merged(fields, order.other, KEPT)


def micropay_fields(order: CreateOrder, node: VkspayNode) -> dict[str, object]:
    """A code payment. ``pay_chnl`` always goes along, as ``wxpay`` unless the caller chooses. Raises :class:`InvalidArgument`."""
    if not order.auth_code:
        raise InvalidArgument("auth_code is missing: pass the number behind the buyer's payment code")
    fields: dict[str, object] = {
        "total_fee": yuan_from_fen(order.total_fee),
        "auth_code": order.auth_code,
        "pay_chnl": wallet_of(order) or "wxpay",
        "client_ip": order.client_ip or _LOCAL_IP,
        "cashier": _TAG,
        "kuantai": _TAG,
        "source": _TAG,
        "pay_cate": "pay",
    }
    if not node.observed_only:
        fields["out_trade_no"] = order.out_trade_no
    return merged(fields, order.other, KEPT)


def wallet_of(order: CreateOrder) -> str | None:
    """The wallet that ``provider_pay_method`` names, ``None`` for either. Raises :class:`InvalidArgument`."""
    wanted = order.options.get("provider_pay_method")
    if wanted in (None, "", "auto"):
        return None
    if wanted not in WALLETS:
        raise InvalidArgument(f"provider_pay_method is wxpay, alipay or auto, not {wanted!r}")
    return str(wanted)


def parse_webpay(answer: Answer) -> PayLink:
    """The pay link. Raises ``ValueError`` for an answer without link or number."""
    link, number = answer.data.get("qrcode"), answer.data.get("out_trade_no")
    if not link or not number:
        raise ValueError("data has no qrcode, or no out_trade_no")
    return PayLink(code_url=link, order_no=number)


def parse_micropay(answer: Answer) -> CodePayResult:
    """Whether the answer holds a number is not known; without one the order is asked after by ours."""
    return CodePayResult(
        trade_state=STATES[answer.code],
        trade_state_desc=answer.message,
        transaction_id=answer.data.get("transaction_id") or None,
        order_no=answer.data.get("out_trade_no") or None,
    )


def parse_trade(
    answer: Answer, *, number: str, out_trade_no: str, total_fee: Fen | None, mch_id: str
) -> Trade:
    """``number`` is what was asked by. ``total_fee`` stands in for an amount that the answer leaves out.

    A gateway that says no number of the payment has it under the order's. Raises ``ValueError`` for an answer about
    another order.
    """
    about = answer.data.get("out_trade_no")
    if about and about != number:
        raise ValueError(f"asked for {number}, it tells of {about}")
    total = answer.fen("total_fee")
    return Trade(
        out_trade_no=out_trade_no,
        provider_order_no=None if number == out_trade_no else number,
        state=STATES.get(answer.code, TradeState.UNKNOWN),
        raw_state=answer.code,
        description=answer.message,
        transaction_id=answer.data.get("transaction_id") or (number if answer.succeeded else None),
        total_fee=total_fee if total is None else total,
        mch_id=mch_id,
        success_time=moment_ms(answer.data.get("pay_time")) if answer.succeeded else None,
        raw=answer.data,
    )


def moment_ms(text: str | None) -> int | None:
    """``2026-01-01 00:00:00`` in Beijing. The form is designed, so that another one is no error."""
    try:
        moment = dt.datetime.strptime(text or "", "%Y-%m-%d %H:%M:%S").replace(tzinfo=_BEIJING)
    except ValueError:
        return None
    return int(moment.timestamp()) * 1000
