"""What a person can do at the page beside paying an order that is there: play a phone, a device, a console."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vkpay_simulator.providers.base import SimulatorError

Kind = Literal["text", "number", "object"]
LONGEST_NUMBER = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input. An ``object`` is JSON whose members go beside the others; ``choices`` makes a list of it."""

    name: str
    label: str
    kind: Kind = "text"
    value: str = ""
    choices: Sequence[str] = ()
    needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A form that posts to a provider's own control call: ``call`` is its path after ``/_sim/``."""

    call: str
    title: str
    fields: Sequence[Field]

    @property
    def provider(self) -> str:
        return self.call.partition("/")[0]


_PID = Field(name="pid", label="Merchant", value="default", needed=True)

PHONES: tuple[Phone, ...] = (
    Phone(
        call="alipay/app-pay",
        title="Alipay’s app: pay an order string",
        fields=(
            Field(name="order_string", label="orderInfo", needed=True),
            Field(name="payer", label="Buyer"),
        ),
    ),
    Phone(
        call="wxpay-virtual/request-virtual-payment",
        title="wx.requestVirtualPayment",
        fields=(
            Field(name="openid", label="openid", needed=True),
            Field(
                name="orderInfo",
                label="orderInfo: mode, signData, paySig, signature as JSON",
                kind="object",
                needed=True,
            ),
            Field(name="action", label="The user", choices=("pay", "open", "cancel")),
        ),
    ),
    Phone(
        call="douyin/tt-pay",
        title="tt.pay: guaranteed payment",
        fields=(
            Field(
                name="orderInfo", label="orderInfo: order_id, order_token as JSON", kind="object", needed=True
            ),
            Field(name="outcome", label="The user", choices=("pay", "cancel", "fail", "unknown")),
            Field(name="way", label="Wallet", choices=("wxpay", "alipay", "douyin")),
        ),
    ),
    Phone(
        call="douyin/request-order",
        title="tt.requestOrder: general trade system",
        fields=(
            Field(
                name="orderInfo",
                label="orderInfo: data, byteAuthorization as JSON",
                kind="object",
                needed=True,
            ),
        ),
    ),
    Phone(
        call="huawei/request-payment",
        title="Huawei Pay: requestPayment",
        fields=(
            Field(name="order_str", label="orderStr", needed=True),
            Field(name="outcome", label="The user", choices=("pay", "wait", "cancel", "fail")),
        ),
    ),
    Phone(
        call="appleiap/purchase",
        title="App Store: buy in the app",
        fields=(
            Field(name="product_id", label="Product", needed=True),
            Field(name="app_account_token", label="appAccountToken of the order"),
            Field(
                name="price",
                label="Price in thousandths (6000 is 6 yuan)",
                kind="number",
                value="6000",
                needed=True,
            ),
            Field(
                name="type",
                label="Kind",
                choices=(
                    "Consumable",
                    "Non-Consumable",
                    "Non-Renewing Subscription",
                    "Auto-Renewable Subscription",
                ),
            ),
            Field(name="environment", label="Environment", choices=("Sandbox", "Production")),
            _PID,
        ),
    ),
    Phone(
        call="appleiap/refund",
        title="Apple gives a purchase back",
        fields=(Field(name="transaction_id", label="Transaction, or appAccountToken", needed=True),),
    ),
    Phone(
        call="huaweiiap/purchase",
        title="AppGallery: buy in the app",
        fields=(
            Field(name="product_id", label="Product", needed=True),
            Field(name="developer_payload", label="developerPayload of the order"),
            Field(name="price", label="Price in fen", kind="number", value="600", needed=True),
            Field(name="environment", label="Environment", choices=("NORMAL", "SANDBOX")),
            _PID,
        ),
    ),
    Phone(
        call="huaweiiap/refund",
        title="Huawei gives a purchase back",
        fields=(Field(name="purchase", label="purchaseOrderId, or developerPayload", needed=True),),
    ),
)
WALLETS: Mapping[str, Sequence[str]] = {
    "vkspay": ("wxpay", "alipay"),
    "douyin": ("wxpay", "alipay", "douyin"),
}
"""Which ways an order can be paid by, where there is a choice."""


def body_of(phone: Phone, given: Mapping[str, str]) -> dict[str, Any]:
    """The call's body. Raises :class:`SimulatorError`."""
    body: dict[str, Any] = {}
    for field in phone.fields:
        text = given.get(field.name, "").strip()
        if not text and field.needed:
            raise SimulatorError(f"{phone.title}: {field.label} is empty.")
        if text:
            body |= _read(field, text)
    return body


def _read(field: Field, text: str) -> dict[str, Any]:
    if field.kind == "text":
        return {field.name: text}
    if field.kind == "number":
        if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
            raise SimulatorError(f"{field.label}: {text[:40]!r} is no whole number.")
        return {field.name: int(text)}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SimulatorError(f"{field.label}: that is no JSON ({error}).") from error
    if not isinstance(found, dict):
        raise SimulatorError(f"{field.label}: that is no JSON object.")
    return found
