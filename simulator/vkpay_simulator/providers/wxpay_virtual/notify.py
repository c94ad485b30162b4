"""Message push (消息推送): the events, in JSON or XML, in plain or encrypted, and what counts as taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
from defusedxml.ElementTree import fromstring

from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.providers.wxpay_virtual import signing
from vkpay_simulator.providers.wxpay_virtual.accounts import App
from vkpay_simulator.providers.wxpay_virtual.orders import COIN, CashOrder, Refund

if TYPE_CHECKING:
    from vkpay_simulator.world import World

PAUSES = tuple(2.0**power for power in range(1, 16))
OFFICIAL_OPENID = "oUrsfxpayofficialaccount0001"
_TYPES = {"json": "application/json; charset=UTF-8", "xml": "text/xml; charset=UTF-8"}
Event = dict[str, Any]


class Pusher:
    """Composes pushes and hands them to the world. Every attempt is signed and encrypted anew."""

    def __init__(self, world: World) -> None:
        self._world = world

    def paid(self, order: CashOrder) -> None:
        """Goods to be delivered, or coins that were bought. Taken means delivered."""
        name = "xpay_coin_pay_notify" if order.mode == COIN else "xpay_goods_deliver_notify"
        order.push = self._send(
            order.app,
            name,
            order.order_id,
            lambda: _payment(order),
            sent=lambda: self._sending(order),
            taken=lambda: order.provide(self._world.clock.now()),
        )

    def refunded(self, refund: Refund) -> None:
        self._send(refund.app, "xpay_refund_notify", refund.pay.order_id, lambda: _refund(refund))

    def complained(self, order: CashOrder, complaint: Mapping[str, Any]) -> None:
        event = {
            "OpenId": order.openid,
            "WxOrderId": order.wx_order_id,
            "MchOrderId": order.order_id,
            "TransactionId": order.wxpay_order_id,
            "ComplaintId": complaint["complaint_id"],
            "ComplaintDetail": complaint["complaint_detail"],
            "ComplaintTime": self._world.clock.now() // 1000,
            "RequestId": self._world.ids.uuid(),
        }
        self._send(order.app, "xpay_complaint_notify", order.order_id, lambda: event)

    def check_url(self, app: App) -> Delivery:
        """What the console does when a push address is saved: a GET whose echostr has to come back."""
        echo = self._world.ids.digits(19)

        def build(_attempt: int) -> Outgoing:
            signed = self._signed(app)
            return Outgoing(headers={}, body=b"", query=urlencode(signed | {"echostr": echo}), method="GET")

        return self._hand_over(
            app, "url_check", "", build, lambda status, body: status == 200 and body == echo.encode(), ()
        )

    def _send(
        self,
        app: App,
        name: str,
        subject: str,
        event: Callable[[], Event],
        *,
        sent: Callable[[], None] = lambda: None,
        taken: Callable[[], None] = lambda: None,
    ) -> Delivery | None:
        if not app.push.enabled:
            return None

        def build(attempt: int) -> Outgoing:
            sent()
            head = {
                "ToUserName": app.original_id,
                "FromUserName": OFFICIAL_OPENID,
                "CreateTime": self._world.clock.now() // 1000,
                "MsgType": "event",
                "Event": name,
            }
            return self._outgoing(app, head | event() | {"RetryTimes": attempt})

        def accepts(status: int, body: bytes) -> bool:
            if not accepted(app, status, body):
                return False
            taken()
            return True

        return self._hand_over(app, name, subject, build, accepts, PAUSES)

    def _hand_over(
        self,
        app: App,
        name: str,
        subject: str,
        build: Callable[[int], Outgoing],
        accepts: Callable[[int, bytes], bool],
        pauses: tuple[float, ...],
    ) -> Delivery:
        delivery = Delivery(
            id=self._world.ids.uuid(),
            provider="wxpay-virtual",
            event=name,
            subject=subject,
            url=app.push_url,
            build=build,
            accepts=accepts,
            pauses=pauses,
        )
        self._world.notify(delivery)
        return delivery

    def _sending(self, order: CashOrder) -> None:
        if order.step == "PAID":
            order.move("DELIVERING", self._world.clock.now())

    def _signed(self, app: App) -> dict[str, str]:
        timestamp, nonce = str(self._world.signing_ms() // 1000), self._world.ids.digits(9)
        return {
            "signature": signing.push_signature(app.push.token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
        }

    def _outgoing(self, app: App, event: Event) -> Outgoing:
        push, query = app.push, self._signed(app) | {"openid": OFFICIAL_OPENID}
        body = event
        if push.mode != "plain":
            sealed = self._sealed(app, written(event, push.format))
            query |= {
                "encrypt_type": "aes",
                "msg_signature": signing.push_signature(
                    push.token, query["timestamp"], query["nonce"], sealed
                ),
            }
            shown = event if push.mode == "compatible" else {"ToUserName": app.original_id}
            body = shown | {"Encrypt": sealed}
        return Outgoing(
            headers={"Content-Type": _TYPES[push.format], "User-Agent": "Mozilla/4.0"},
            body=written(body, push.format),
            query=urlencode(query),
        )

    def _sealed(self, app: App, plain: bytes) -> str:
        appid = "wx" + "0" * 16 if app.push.wrong_appid else app.appid
        return signing.seal(app.push.aes_key, appid, self._world.ids.alnum(16).encode(), plain)


def written(body: Mapping[str, Any], form: str) -> bytes:
    """JSON, or XML with texts in CDATA and numbers bare."""
    return msgspec.json.encode(body) if form == "json" else f"<xml>{_elements(body)}</xml>".encode()


def accepted(app: App, status: int, body: bytes) -> bool:
    """HTTP 200 with an empty body, ``success``, or an ErrCode of 0 in JSON or XML, encrypted or not."""
    if status != 200:
        return False
    if body.strip() in (b"", b"success"):
        return True
    reply = _reply(body)
    if "encrypt" in reply and app.push.mode != "plain":
        reply = _reply(_opened(app, reply))
    return str(reply.get("errcode")) == "0"


def _reply(body: bytes) -> dict[str, Any]:
    """The members of a reply by their names in lower case, or nothing."""
    try:
        if body.lstrip().startswith(b"<"):
            members = {child.tag: child.text or "" for child in fromstring(body, forbid_dtd=True)}
        else:
            members = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, ValueError, SyntaxError, RecursionError):
        return {}
    return {name.lower(): value for name, value in members.items()}


def _opened(app: App, reply: Mapping[str, Any]) -> bytes:
    """What an encrypted reply says, if its signature holds."""
    sealed, timestamp, nonce = (str(reply.get(name)) for name in ("encrypt", "timestamp", "nonce"))
    if reply.get("msgsignature") != signing.push_signature(app.push.token, timestamp, nonce, sealed):
        return b""
    try:
        return signing.unseal(app.push.aes_key, app.appid, sealed)
    except ValueError:
        return b""


def _elements(members: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{_content(value)}</{name}>" for name, value in members.items())


def _content(value: Any) -> str:
    if isinstance(value, Mapping):
        return _elements(value)
    if isinstance(value, str):
        return "<![CDATA[" + value.replace("]]>", "]]]]><![CDATA[>") + "]]>"
    return str(value)


def _payment(order: CashOrder) -> Event:
    info = {
        "Quantity": order.quantity,
        "OrigPrice": order.order_fee,
        "ActualPrice": order.order_fee,
        "Attach": order.attach,
    }
    bought = (
        {"CoinInfo": info} if order.mode == COIN else {"GoodsInfo": {"ProductId": order.product_id, **info}}
    )
    through_wechat = order.channel == "WECHAT" and not order.app.push.without_pay_info
    pay_info = {
        "MchOrderNo": order.channel_order_id,
        "TransactionId": order.wxpay_order_id,
        "PaidTime": (order.paid_ms or 0) // 1000,
    }
    return {
        "OpenId": order.openid,
        "OutTradeNo": order.order_id,
        "Env": order.env,
        **({"WeChatPayInfo": pay_info} if through_wechat else {}),
        **bought,
    }


def _refund(refund: Refund) -> Event:
    done = refund.state == "REFUND_DONE"
    return {
        "OpenId": refund.openid,
        "WxRefundId": refund.wx_order_id,
        "MchRefundId": refund.order_id,
        "WxOrderId": refund.pay.wx_order_id,
        "MchOrderId": refund.pay.order_id,
        "RefundFee": refund.fee,
        "RetCode": 0 if done else 1,
        "RetMsg": "success" if done else refund.failure,
        "RefundStartTimestamp": refund.created_ms // 1000,
        "RefundSuccTimestamp": (refund.done_ms or 0) // 1000,
        "WxpayRefundTransactionId": refund.wxpay_order_id,
    }


def spoilt(outgoing: Outgoing) -> Outgoing:
    """The same push with signatures that do not hold."""
    pairs = [pair.partition("=") for pair in outgoing.query.split("&")]
    wrong = "".join(
        f"&{name}={value[::-1] if name in ('signature', 'msg_signature') else value}"
        for name, _, value in pairs
    )
    return Outgoing(headers=outgoing.headers, body=outgoing.body, query=wrong[1:], method=outgoing.method)
