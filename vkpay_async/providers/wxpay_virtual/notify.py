"""A verified push → what happened, and the reply it wants.

https://developers.weixin.qq.com/miniprogram/dev/platform-capabilities/business-capabilities/virtual-payment.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from vkpay_async.errors import NotificationInvalid
from vkpay_async.models import NotifyReply, Refund, RefundState, Trade, TradeState
from vkpay_async.money import Fen
from vkpay_async.providers.weixin.models import Wire
from vkpay_async.providers.wxpay_virtual.cipher import RANDOM_BYTES, PushCipher
from vkpay_async.providers.wxpay_virtual.push import Form, Message
from vkpay_async.providers.wxpay_virtual.signing import push_signature

PAYMENTS = frozenset({"xpay_goods_deliver_notify", "xpay_coin_pay_notify"})
REFUND = "xpay_refund_notify"

_CONTENT_TYPES: Mapping[Form, str] = {"json": "application/json", "xml": "text/xml"}
_SUCCESS: Mapping[Form, bytes] = {
    "json": b'{"ErrCode":0,"ErrMsg":"success"}',
    "xml": b"<xml><ErrCode>0</ErrCode><ErrMsg><![CDATA[success]]></ErrMsg></xml>",
}
ACCEPTED = NotifyReply(status=200, body=b"success", content_type="text/plain")
REFUSED = NotifyReply(status=500, body=b'{"ErrCode":-1,"ErrMsg":"fail"}', content_type="application/json")


E = TypeVar("E", bound=Wire)


class PayInfo(Wire, frozen=True, kw_only=True):
    """WeChat Pay's part, which other channels do not have."""

    transactionid: str | None = None
    paidtime: int | None = None


class Bought(Wire, frozen=True, kw_only=True):
    """Prices in fen. That they are totals is not documented."""

    quantity: int = 1
    origprice: int | None = None
    actualprice: int | None = None


class PaymentEvent(Wire, frozen=True, kw_only=True):
    openid: str
    outtradeno: str
    env: int
    wechatpayinfo: PayInfo | None = None
    goodsinfo: Bought | None = None
    coininfo: Bought | None = None

    @property
    def certain_fee(self) -> Fen | None:
        """What was paid, where the push says all there is to know: WeChat Pay's number, and prices that leave no doubt whether
        they are of one or of all, and of a coupon."""
        bought = self.goodsinfo or self.coininfo
        if bought is None or self.wechatpayinfo is None or not self.wechatpayinfo.transactionid:
            return None
        return bought.actualprice if bought.quantity == 1 and bought.origprice == bought.actualprice else None


class RefundEvent(Wire, frozen=True, kw_only=True):
    openid: str
    mchrefundid: str
    mchorderid: str
    wxrefundid: str | None = None
    refundfee: int
    retcode: int
    retmsg: str = ""
    refundsucctimestamp: int | None = None


def event_of(message: Message) -> str:
    """Raises :class:`NotificationInvalid` for a message that is no event."""
    name = message.members.get("event")
    if not isinstance(name, str) or not name:
        raise NotificationInvalid(
            "a push without an Event: check that this address is for virtual payment alone"
        )
    return name


def payment_of(message: Message) -> PaymentEvent:
    """Raises :class:`NotificationInvalid`."""
    return _typed(message, PaymentEvent)


def trade_of(event: PaymentEvent, message: Message, fee: Fen, appid: str, mch_id: str | None) -> Trade:
    """A payment that needs no asking after."""
    info = event.wechatpayinfo or PayInfo()
    return Trade(
        out_trade_no=event.outtradeno,
        state=TradeState.SUCCESS,
        raw_state=event_of(message),
        description="支付成功",
        transaction_id=info.transactionid or None,
        total_fee=fee,
        appid=appid,
        mch_id=mch_id,
        openid=event.openid,
        success_time=info.paidtime * 1000 if info.paidtime else None,
        raw=message.shown,
    )


def refund_event_of(message: Message) -> RefundEvent:
    """Raises :class:`NotificationInvalid`."""
    return _typed(message, RefundEvent)


def refund_of(event: RefundEvent, message: Message, appid: str, mch_id: str | None) -> Refund:
    """A refund that came to its end: with the user, or back with the merchant."""
    done = event.retcode == 0
    return Refund(
        out_trade_no=event.mchorderid,
        out_refund_no=event.mchrefundid,
        state=RefundState.SUCCESS if done else RefundState.CLOSED,
        raw_state=str(event.retcode),
        refund_fee=event.refundfee,
        refund_id=event.wxrefundid,
        appid=appid,
        mch_id=mch_id,
        success_time=event.refundsucctimestamp * 1000 if event.refundsucctimestamp and done else None,
        raw=message.shown,
    )


def reply_to(message: Message, token: str, cipher: PushCipher | None, nonce: str, now_ms: int) -> NotifyReply:
    """Success, in the push's own form: WeChat takes no other. An encrypted push gets an encrypted one."""
    plain = _SUCCESS[message.form]
    if message.sealed and cipher is not None:
        plain = _sealed(plain, message.form, token, cipher, nonce, now_ms)
    return NotifyReply(status=200, body=plain, content_type=_CONTENT_TYPES[message.form])


def _sealed(plain: bytes, form: Form, token: str, cipher: PushCipher, nonce: str, now_ms: int) -> bytes:
    timestamp = now_ms // 1000
    random, nonce = nonce[:RANDOM_BYTES].encode(), nonce[RANDOM_BYTES:]
    encrypted = cipher.seal(random, plain)
    signature = push_signature(token, str(timestamp), nonce, encrypted)
    if form == "json":
        reply = {"Encrypt": encrypted, "MsgSignature": signature, "TimeStamp": timestamp, "Nonce": nonce}
        return msgspec.json.encode(reply)
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    ).encode()


def _typed(message: Message, event: type[E]) -> E:
    """In XML numbers are texts, and what is empty may be a text, a number or an object."""
    members = _filled(message.members) if message.form == "xml" else message.members
    try:
        return msgspec.convert(members, event, strict=False)
    except msgspec.ValidationError as error:
        raise NotificationInvalid(f"the push {event_of(message)} cannot be read: {error}") from error


def _filled(members: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _filled(value) if isinstance(value, Mapping) else value
        for name, value in members.items()
        if value != ""
    }
