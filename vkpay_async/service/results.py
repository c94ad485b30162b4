"""What the front door gives back. ``to_client()`` has exactly the keys a uni-app front end expects."""

from __future__ import annotations

from typing import Any

from vkpay_async.models import Refund, TradeState, Value
from vkpay_async.money import Fen, yuan_from_fen
from vkpay_async.order import Order
from vkpay_async.order_info import CodeUrl, OrderInfo


class Payment(Value, frozen=True, kw_only=True):
    """A payment that was created. ``order_info`` is what the payer's side needs; its type follows ``pay_type``."""

    provider: str
    pay_type: str
    out_trade_no: str
    total_fee: Fen
    platform: str | None
    order_info: OrderInfo
    need_qrcode: bool = False
    qrcode_image: str | None = None

    @property
    def code_url(self) -> str | None:
        """The text of the QR code, where the payer is to scan one."""
        return self.order_info.code_url if isinstance(self.order_info, CodeUrl) else None

    def to_client(self) -> dict[str, Any]:
        client: dict[str, Any] = {
            "code": 0,
            "msg": "ok",
            "provider": self.provider,
            "pay_type": self.pay_type,
            "out_trade_no": self.out_trade_no,
            "total_fee": self.total_fee,
            "platform": self.platform,
            "orderInfo": self.order_info.to_client(),
            "needQRcode": self.need_qrcode,
        }
        if self.qrcode_image is not None:
            client["qrcodeImage"] = self.qrcode_image
        return client


class PaymentStatus(Value, frozen=True, kw_only=True):
    """How a payment stands, by the provider's word and the ledger's.

    Unpaid: ``order_paid`` is false. Done: ``user_order_success`` is true. Paid but the handler refused or failed: it
    is false. Paid and ``None``: no notification yet (``status`` 0), or the handler is still running.
    """

    out_trade_no: str
    order_paid: bool
    status: int
    trade_state: TradeState
    msg: str = ""
    transaction_id: str | None = None
    user_order_success: bool | None = None
    pay_order: Order | None = None

    def to_client(self) -> dict[str, Any]:
        client: dict[str, Any] = {
            "code": 0 if self.order_paid else -1,
            "msg": self.msg,
            "orderPaid": self.order_paid,
            "out_trade_no": self.out_trade_no,
            "transaction_id": self.transaction_id,
            "status": self.status,
            "trade_state": self.trade_state.value,
        }
        if self.user_order_success is not None:
            client["user_order_success"] = self.user_order_success
        if self.pay_order is not None:
            client["payOrder"] = self.pay_order.to_client()
        return client


class PurchaseStatus(PaymentStatus, frozen=True, kw_only=True):
    """What became of a purchase that a customer has made. ``finish``: the app may finish the transaction, for it was credited,
    or never will be. ``repeat``: it had been credited before, to ``out_trade_no``. ``environment`` tells play money from real."""

    finish: bool
    environment: str | None = None
    repeat: bool = False

    def to_client(self) -> dict[str, Any]:
        """As vk-uni-pay has it: ``code`` 0 where the app may finish."""
        code = 0 if self.finish else -1
        return {**super().to_client(), "code": code, "repeat": self.repeat}


class RefundStatus(Value, frozen=True, kw_only=True):
    """How a refund stands, with the order it belongs to."""

    refund: Refund
    order: Order

    @property
    def msg(self) -> str:
        return (
            f"订单 {self.order.out_trade_no}：共 {yuan_from_fen(self.order.total_fee)} 元，"
            f"已退 {yuan_from_fen(self.order.refund_fee)} 元；"
            f"本次退款 {yuan_from_fen(self.refund.refund_fee)} 元：{self.refund.state.value}"
        )

    def to_client(self) -> dict[str, Any]:
        order = self.order.to_client()
        return {
            "code": 0,
            "msg": self.msg,
            "queryResult": {
                **self.refund.to_client()["result"],
                "refundStatus": self.refund.state.value,
                "totalFee": self.refund.total_fee,
            },
            "orderInfo": {key: order[key] for key in _ORDER_SUBSET if key in order},
        }


_ORDER_SUBSET = (
    "out_trade_no",
    "transaction_id",
    "total_fee",
    "refund_fee",
    "refund_num",
    "refund_list",
    "pay_type",
    "status",
    "type",
)
