"""Notifications (异步通知) about trades, and the signed return address of page and wap payments."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from vkpay_simulator.clock import china_text
from vkpay_simulator.delivery import Delivery, Outgoing
from vkpay_simulator.providers.alipay.buyers import Buyers
from vkpay_simulator.providers.alipay.envelope import compact
from vkpay_simulator.providers.alipay.fields import yuan
from vkpay_simulator.providers.alipay.models import Call, Refund, Trade
from vkpay_simulator.providers.alipay.rules import Rules
from vkpay_simulator.providers.alipay.signing import notification_string, sign, spoilt

if TYPE_CHECKING:
    from vkpay_simulator.world import World

Texts = dict[str, str]


def china_millis(ms: int) -> str:
    return f"{china_text(ms)}.{ms % 1000:03d}"


def accepts(status: int, body: bytes) -> bool:
    """Exactly the seven bytes ``success``, and HTTP 200."""
    return status == 200 and body == b"success"


def signed_form(call: Call, fields: Texts) -> str:
    """``fields`` with sign and sign_type, form-encoded in the charset of the order."""
    signature = sign(
        call.app.alipay_key, call.params.encoded(notification_string(fields)), call.app.sign_type
    )
    signed = fields | {"sign_type": call.app.sign_type, "sign": signature}
    return urlencode({key: call.params.encoded(value) for key, value in signed.items()})


def form_type(call: Call) -> dict[str, str]:
    return {"Content-Type": f"application/x-www-form-urlencoded; charset={call.params.charset}"}


def spoil(body: bytes) -> bytes:
    head, mark, signature = body.rpartition(b"&sign=")
    return head + mark + spoilt(signature.decode()).encode()


def paid_amounts(trade: Trade) -> Texts:
    """The four amounts beside the total; zeros until it is paid."""
    paid = yuan(trade.terms.total if trade.paid else 0)
    return {
        "buyer_pay_amount": paid,
        "invoice_amount": paid,
        "point_amount": "0.00",
        "receipt_amount": paid,
    }


class Notifier:
    """Decides what is told, composes it, and hands it to the world."""

    def __init__(self, world: World, rules: Rules, buyers: Buyers) -> None:
        self._world = world
        self._rules = rules
        self._buyers = buyers

    def state(self, trade: Trade) -> None:
        """Tells the merchant of a trade's new state where its product does so."""
        if trade.state in self._rules.notify[trade.family]:
            self._send(trade, trade.state, self._fields(trade))

    def refund(self, trade: Trade, refund: Refund) -> None:
        self._send(trade, "REFUND", self._fields(trade) | self._refund_fields(trade, refund))

    def return_url(self, trade: Trade, address: str) -> str:
        """The address the buyer's browser is sent back to; its own query parameters stay, unsigned."""
        call = trade.call
        fields = self._parties(trade) | {
            "method": f"{call.method}.return",
            "out_trade_no": trade.terms.out_trade_no,
            "timestamp": china_text(self._world.clock.now()),
            "total_amount": yuan(trade.terms.total),
            "trade_no": trade.trade_no,
        }
        return f"{address}{'&' if '?' in address else '?'}{signed_form(call, fields)}"

    def _send(self, trade: Trade, event: str, fields: Texts) -> None:
        if trade.notify_url is None:
            return
        notify_id = self._notify_id(trade)
        fields["notify_id"] = notify_id
        self._world.notify(
            Delivery(
                id=notify_id,
                provider="alipay",
                event=event,
                subject=trade.terms.out_trade_no,
                url=trade.notify_url,
                build=lambda _attempt: self._outgoing(trade.call, fields),
                accepts=accepts,
                pauses=self._rules.pauses,
            )
        )

    def _outgoing(self, call: Call, fields: Texts) -> Outgoing:
        body = signed_form(call, fields | {"notify_time": china_text(self._world.clock.now())})
        return Outgoing(headers=form_type(call), body=body.encode())

    def _notify_id(self, trade: Trade) -> str:
        day, _, clock = china_text(self._world.clock.now()).partition(" ")
        buyer, tail = trade.payer.user_id[-5:-1], self._world.ids.digits(10)
        return f"{day.replace('-', '')}00222{clock.replace(':', '')}0{buyer}{tail}"

    @staticmethod
    def _parties(trade: Trade) -> Texts:
        return {
            "app_id": trade.call.app.app_id,
            "auth_app_id": trade.call.auth_app_id,
            "charset": trade.call.params.charset,
            "seller_id": trade.seller.pid,
            "version": "1.0",
        }

    def _fields(self, trade: Trade) -> Texts:
        fields = self._parties(trade) | {
            "notify_type": "trade_status_sync",
            "out_trade_no": trade.terms.out_trade_no,
            "seller_email": trade.seller.email,
            "subject": trade.terms.subject,
            "total_amount": yuan(trade.terms.total),
            "trade_no": trade.trade_no,
            "trade_status": trade.state,
        }
        return fields | self._asked(trade) | self._buyer(trade) | self._times(trade) | self._money(trade)

    @staticmethod
    def _asked(trade: Trade) -> Texts:
        asked = {"body": trade.terms.body, "passback_params": trade.terms.passback_params}
        return {name: value for name, value in asked.items() if value is not None}

    def _buyer(self, trade: Trade) -> Texts:
        identity = self._buyers.identity(trade.call.app, trade.payer, "buyer_id")
        return identity | {"buyer_logon_id": trade.payer.logon_id}

    @staticmethod
    def _times(trade: Trade) -> Texts:
        times = {
            "gmt_create": trade.created_ms,
            "gmt_payment": trade.paid_ms,
            "gmt_close": trade.closed_ms,
        }
        return {name: china_text(ms) for name, ms in times.items() if ms is not None}

    @staticmethod
    def _money(trade: Trade) -> Texts:
        if not trade.paid:
            return {}
        bill = [{"amount": yuan(trade.terms.total), "fundChannel": trade.channel}]
        return paid_amounts(trade) | {"fund_bill_list": compact(bill)}

    @staticmethod
    def _refund_fields(trade: Trade, refund: Refund) -> Texts:
        return {
            "gmt_refund": china_millis(refund.at_ms),
            "out_biz_no": refund.out_request_no,
            "refund_fee": yuan(trade.refunded),
        }
