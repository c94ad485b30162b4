"""What the payer's side needs in order to pay, one type a way of paying."""

from __future__ import annotations

from typing import Any

import msgspec

from vkpay_async.models import TradeState, Value


class PayerSide(Value, frozen=True, kw_only=True):
    """Base of what the payer's side needs."""

    @property
    def provider_order_no(self) -> str | None:
        """The provider's own number of the order, where it gives one out before the payment."""
        return None


class JsapiParams(PayerSide, frozen=True, kw_only=True):
    """Arguments of ``uni.requestPayment`` / ``getBrandWCPayRequest`` (WeChat mini program, official account)."""

    appId: str  # noqa: N815 - the provider's spelling
    timeStamp: str  # noqa: N815
    nonceStr: str  # noqa: N815
    package: str
    signType: str  # noqa: N815
    paySign: str  # noqa: N815

    def to_client(self) -> dict[str, Any]:
        return {**msgspec.to_builtins(self), "timestamp": self.timeStamp}


class AppParams(PayerSide, frozen=True, kw_only=True):
    """Arguments of the WeChat OpenSDK's PayReq."""

    appid: str
    partnerid: str
    prepayid: str
    package: str
    noncestr: str
    timestamp: str
    sign: str

    def to_client(self) -> dict[str, Any]:
        builtins: dict[str, Any] = msgspec.to_builtins(self)
        return builtins


class CodeUrl(PayerSide, frozen=True, kw_only=True):
    """The text of a payment QR code."""

    code_url: str

    def to_client(self) -> dict[str, Any]:
        return {"codeUrl": self.code_url}


class PayLink(CodeUrl, frozen=True, kw_only=True):
    """An address to open in a phone's browser or wallet, and the text of a QR code as well (VksPay).

    ``order_no`` is the provider's own number of the order.
    """

    order_no: str

    @property
    def provider_order_no(self) -> str:
        return self.order_no


class H5Url(PayerSide, frozen=True, kw_only=True):
    """An address that a mobile browser opens to pay."""

    h5_url: str

    def to_client(self) -> dict[str, Any]:
        return {"h5Url": self.h5_url}


class PageUrl(PayerSide, frozen=True, kw_only=True):
    """A signed address that a browser opens to pay (Alipay page and wap)."""

    url: str

    def __repr__(self) -> str:
        return "PageUrl(url='***')"

    def to_client(self) -> dict[str, Any]:
        return {"h5Url": self.url}


class OrderString(PayerSide, frozen=True, kw_only=True):
    """A signed text handed to the provider's phone SDK as it is (Alipay App)."""

    order_string: str

    def to_client(self) -> str:
        return self.order_string


class TradeNo(PayerSide, frozen=True, kw_only=True):
    """The provider's trade number, which its mini program pays (Alipay)."""

    trade_no: str

    def to_client(self) -> str:
        return self.trade_no


class TtPayParams(PayerSide, frozen=True, kw_only=True):
    """``orderInfo`` of ``tt.pay`` (Douyin), whose ``service`` is 5. ``wrapped``: the client is given both."""

    order_id: str
    order_token: str
    wrapped: bool = False

    @property
    def provider_order_no(self) -> str:
        return self.order_id

    def to_client(self) -> dict[str, Any]:
        info = {"order_id": self.order_id, "order_token": self.order_token}
        return {"service": 5, "orderInfo": info} if self.wrapped else info


class RequestOrderParams(PayerSide, frozen=True, kw_only=True):
    """Arguments of ``tt.requestOrder`` (Douyin): ``data`` goes there as the very text that was signed."""

    data: str
    byte_authorization: str

    def to_client(self) -> dict[str, Any]:
        return {"data": self.data, "byteAuthorization": self.byte_authorization}


class CodePayResult(PayerSide, frozen=True, kw_only=True):
    """The answer to a scanned payment code: paid, or the payer is entering the password."""

    trade_state: TradeState
    trade_state_desc: str
    transaction_id: str | None = None
    order_no: str | None = None

    @property
    def provider_order_no(self) -> str | None:
        return self.order_no

    def to_client(self) -> dict[str, Any]:
        return {
            "tradeState": self.trade_state.value,
            "tradeStateDesc": self.trade_state_desc,
            "transactionId": self.transaction_id,
        }


class VirtualPaymentParams(PayerSide, frozen=True, kw_only=True):
    """Arguments of ``wx.requestVirtualPayment`` (WeChat mini program). ``signData`` is passed on as the text it is."""

    mode: str
    signData: str  # noqa: N815 - the client's spelling
    paySig: str  # noqa: N815
    signature: str

    def to_client(self) -> dict[str, Any]:
        builtins: dict[str, Any] = msgspec.to_builtins(self)
        return builtins


class AppleOrder(PayerSide, frozen=True, kw_only=True):
    """What the app hands to StoreKit with the purchase: the token is the only thing of the order that it carries."""

    app_account_token: str
    product_id: str | None = None
    quantity: int = 1

    @property
    def provider_order_no(self) -> str | None:
        return self.app_account_token

    def to_client(self) -> dict[str, Any]:
        """As ``uni.requestVirtualPayment`` takes it (``apple``)."""
        client: dict[str, Any] = {"appAccountToken": self.app_account_token, "quantity": self.quantity}
        if self.product_id is not None:
            client["productId"] = self.product_id
        return client


class HarmonyOrder(PayerSide, frozen=True, kw_only=True):
    """What the app hands to IAP Kit's ``createPurchase``: the payload is the only thing of the order that the purchase carries."""

    developer_payload: str
    product_id: str | None = None

    def to_client(self) -> dict[str, Any]:
        client = {"developerPayload": self.developer_payload}
        if self.product_id is not None:
            client["productId"] = self.product_id
        return client


OrderInfo = (
    JsapiParams
    | AppParams
    | CodeUrl
    | H5Url
    | PageUrl
    | OrderString
    | TradeNo
    | CodePayResult
    | TtPayParams
    | RequestOrderParams
    | VirtualPaymentParams
    | AppleOrder
    | HarmonyOrder
)
