"""Notifications: raw form bytes → verified, typed. https://opendocs.alipay.com/open/203/105286

Fields are split and verified as bytes, because the signature covers them in the charset that they name themselves;
only what holds is decoded.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from vkpay_async.errors import NotificationInvalid, SignatureInvalid
from vkpay_async.models import (
    Notification,
    NotificationKind,
    NotifyReply,
    Refund,
    RefundState,
    Trade,
    TradeState,
)
from vkpay_async.money import Fen, fen_from_yuan
from vkpay_async.providers.alipay.models import UNREADABLE, TradeMessage
from vkpay_async.providers.alipay.times import ms_from_beijing
from vkpay_async.providers.alipay.trade import STATES, description_of, optional_fen

ACCEPTED = NotifyReply(status=200, body=b"success", content_type="text/plain; charset=utf-8")
REFUSED = NotifyReply(status=500, body=b"fail", content_type="text/plain; charset=utf-8")

_CODECS = {
    b"utf-8": "utf-8",
    b"utf8": "utf-8",
    b"gbk": "gb18030",
    b"gb2312": "gb18030",
    b"gb18030": "gb18030",
}
_RETURNED = frozenset(
    b"app_id auth_app_id charset method out_trade_no seller_id sign sign_type timestamp total_amount trade_no version "
    b"alipay_cert_sn".split()
)
_DECIDING = re.compile(
    rb"&(?:app_id|auth_app_id|out_trade_no|trade_no|trade_status|total_amount|seller_id|out_biz_no|refund_fee"
    rb"|send_back_fee|gmt_refund)="
)
MOST_FIELDS = 200
"""Alipay sends some thirty. A stranger's megabyte of ``&`` would keep the loop busy for a quarter of a second."""

MOST_BROKEN = 1000
"""Escapes in a body where one is none, which Alipay never sends: undone one by one, a megabyte of ``%zz`` takes eighty."""

_NO_SEPARATOR = bytes(set(range(256)) - set(b"=&"))
_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")

_KINDS: dict[str, NotificationKind] = {
    "TRADE_SUCCESS": "payment",
    "TRADE_FINISHED": "payment",
    "TRADE_CLOSED": "closed",
}


def form_fields(body: bytes) -> dict[bytes, bytes]:
    """The fields of a form body. Raises :class:`NotificationInvalid` for too many, or a name that stands there twice."""
    count = body.count(b"&") + 1
    if count > MOST_FIELDS + 1:
        raise NotificationInvalid(f"a notification of more than {MOST_FIELDS} fields: refuse it")
    names, values = _plain(body) or _any(body)
    fields = dict(zip(names, values, strict=True))
    if len(fields) != count:
        raise NotificationInvalid(
            "a field stands twice in the notification: refuse it, Alipay sends each once"
        )
    return fields


def _plain(body: bytes) -> tuple[list[bytes], list[bytes]] | None:
    """Names and values of a form as Alipay writes it; ``None`` for any other.

    Each field has its ``=``, no ``&`` is escaped, and every ``%`` begins an escape. A step of Python for each field would
    take as long as the signature's check; these are a dozen calls for all of them.
    """
    shape = body.translate(None, _NO_SEPARATOR)
    if shape != b"=&" * (len(shape) // 2) + b"=" or b"%26" in body or b"\n" in body or b"\r" in body:
        return None
    text = body.replace(b"=", b"&").replace(b"+", b" ")
    unescaped = _unescaped(text)
    if len(unescaped) != len(text) - 2 * text.count(b"%"):  # what is no escape does not become shorter by two
        return None
    parts = unescaped.split(b"&")
    return parts[::2], parts[1::2]


def _any(body: bytes) -> tuple[list[bytes], list[bytes]]:
    """The same for whatever comes. Raises :class:`NotificationInvalid` for many escapes that are none."""
    unescaped: Callable[[bytes], bytes] = _unescaped
    if _BROKEN.search(body) is not None:
        if body.count(b"%") > MOST_BROKEN:
            raise NotificationInvalid("a form whose escapes are none: refuse it, Alipay's are %XX")
        unescaped = unquote_to_bytes
    pairs = [pair.partition(b"=") for pair in body.replace(b"+", b" ").split(b"&")]
    return [unescaped(name) for name, _, _ in pairs], [unescaped(value) for _, _, value in pairs]


def _unescaped(text: bytes) -> bytes:
    """``%XX`` undone, where each is one. Quoted-printable writes the same with ``=``, and is read at the speed of C."""
    return a2b_qp(text.replace(b"=", b"=3D").replace(b"%", b"="))


def return_fields(fields: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """What Alipay adds to ``return_url``; whatever stood in the address before is not signed."""
    return {name: value for name, value in fields.items() if name in _RETURNED}


def take_signature(fields: dict[bytes, bytes], sign_type: str) -> bytes:
    """Takes ``sign`` out of ``fields``. Raises :class:`SignatureInvalid` if missing, or of another kind than configured."""
    sign = fields.pop(b"sign", b"")
    if not sign:
        raise SignatureInvalid("the notification is not signed: refuse it")
    if fields.get(b"sign_type") != sign_type.encode():
        raise SignatureInvalid(
            f"the notification's sign_type is not {sign_type}: set sign_type in the config to the console's"
        )
    return sign


def check_unambiguous(fields: Mapping[bytes, bytes]) -> None:
    """Raises :class:`NotificationInvalid` when a value holds what could be fields that decide.

    The signed text is ``k=v&k=v`` of the bare values. A buyer who may write an order's ``body`` could put
    ``&total_amount=…`` into it, and cut the same text, with the same signature, into other fields.
    """
    if b"&" not in b"".join(fields.values()):
        return
    if any(_DECIDING.search(value) for value in fields.values()):
        raise NotificationInvalid(
            "a text of the order imitates fields of the notification, which makes its signature worthless: "
            "query the order instead, and keep & out of subject and body"
        )


def decoded(fields: Mapping[bytes, bytes]) -> dict[str, str]:
    """The fields as text, by their own ``charset``. Raises :class:`NotificationInvalid`."""
    codec = _CODECS.get(fields.get(b"charset", b"utf-8").lower())
    if codec is None:
        raise NotificationInvalid("the notification's charset is neither utf-8 nor gbk: refuse it")
    try:
        return {name.decode("ascii"): value.decode(codec) for name, value in fields.items()}
    except UnicodeDecodeError as error:
        raise NotificationInvalid(
            "the notification is not in the charset that it names: refuse it"
        ) from error


def typed(fields: dict[str, str]) -> Notification:
    """What a verified notification means. Raises :class:`NotificationInvalid` for a trade's without its fields."""
    if "trade_status" not in fields:
        return Notification(
            kind="other",
            id=fields.get("notify_id", ""),
            event=fields.get("msg_method") or fields.get("notify_type", ""),
            raw=fields,
        )
    try:
        return _about_trade(msgspec.convert(fields, TradeMessage), fields)
    except UNREADABLE as error:
        raise NotificationInvalid(f"the notification about a trade cannot be read: {error}") from error


def _about_trade(message: TradeMessage, raw: dict[str, str]) -> Notification:
    given_back = optional_fen(message.refund_fee)
    if message.gmt_refund or given_back:
        return _notification("refund", message, raw, refund=_refund(message, given_back or 0, raw))
    return _notification(_KINDS.get(message.trade_status, "other"), message, raw, trade=_trade(message, raw))


def _notification(
    kind: NotificationKind, message: TradeMessage, raw: dict[str, str], **about: Any
) -> Notification:
    return Notification(
        kind=kind,
        id=message.notify_id,
        event=message.trade_status,
        raw=raw,
        **({} if kind == "other" else about),
    )


def _trade(message: TradeMessage, raw: dict[str, str]) -> Trade:
    return Trade(
        out_trade_no=message.out_trade_no,
        state=STATES.get(message.trade_status, TradeState.UNKNOWN),
        raw_state=message.trade_status,
        description=description_of(message.trade_status, was_paid=False),
        transaction_id=message.trade_no,
        total_fee=fen_from_yuan(message.total_amount),
        appid=message.app_id,
        mch_id=None if message.through_partner else message.seller_id,
        sub_mchid=message.seller_id if message.through_partner else None,
        openid=message.openid,
        success_time=ms_from_beijing(message.gmt_payment),
        raw=raw,
    )


def _refund(message: TradeMessage, given_back: Fen, raw: dict[str, str]) -> Refund:
    """``refund_fee`` is this refund's where Alipay says so (``send_back_fee``), else the sum of the trade's refunds.

    A cancellation and a refund without a number carry no ``out_biz_no``: Alipay then counts them under the order's.
    """
    return Refund(
        out_trade_no=message.out_trade_no,
        out_refund_no=message.out_biz_no or message.out_trade_no,
        state=RefundState.SUCCESS,
        raw_state=message.trade_status,
        refund_fee=optional_fen(message.send_back_fee) or given_back,
        total_fee=fen_from_yuan(message.total_amount),
        transaction_id=message.trade_no,
        appid=message.app_id,
        mch_id=None if message.through_partner else message.seller_id,
        success_time=ms_from_beijing(message.gmt_refund),
        raw=raw,
    )
