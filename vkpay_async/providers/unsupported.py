"""What a provider answers for the operations that it does not have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar, NoReturn

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import (
    AuthorizationRequest,
    BillRow,
    CreateOrder,
    OrderRef,
    Refund,
    RefundRef,
    RefundRequest,
    Transfer,
    TransferAuthorization,
    TransferRef,
    TransferRequest,
)
from vkpay_async.providers.balance import AccountBalance
from vkpay_async.providers.base import Flow
from vkpay_async.providers.login import Login


def offers(provider: object, operation: str) -> bool:
    """Whether a provider has an operation of its own."""
    own, without = getattr(type(provider), operation, None), getattr(Unsupported, operation, None)
    return own is not None and own is not without


class Unsupported:
    """Base of providers that lack operations: each raises :class:`InvalidArgument` before anything is sent.

    ``missing`` says for an operation by name what to do instead.
    """

    title: ClassVar[str]
    refunds_repeat: ClassVar[bool] = True
    missing: ClassVar[Mapping[str, str]] = {}

    def prepared(self, order: CreateOrder) -> CreateOrder:
        return order

    def close(self, order: OrderRef) -> Flow[None]:
        self._lacks("close", "an unpaid order ends by itself")

    def refund(self, request: RefundRequest) -> Flow[Refund]:
        self._lacks("refund", "give the money back in the provider's console")

    def query_refund(self, ref: RefundRef) -> Flow[Refund]:
        self._lacks("query_refund", "look it up in the provider's console")

    def transfer(self, request: TransferRequest) -> Flow[Transfer]:
        self._lacks("transfer", "send money by wxpay or alipay")

    def query_transfer(self, ref: TransferRef) -> Flow[Transfer]:
        self._lacks("query_transfer", "send money by wxpay or alipay")

    def cancel_transfer(self, ref: TransferRef) -> Flow[Transfer]:
        self._lacks("cancel_transfer", "send money by wxpay or alipay")

    def create_authorization(self, request: AuthorizationRequest) -> Flow[TransferAuthorization]:
        self._lacks("create_authorization", "only wxpay has it")

    def query_authorization(
        self, out_authorization_no: str, *, is_display_authorization: bool = False
    ) -> Flow[TransferAuthorization]:
        self._lacks("query_authorization", "only wxpay has it")

    def close_authorization(self, out_authorization_no: str) -> Flow[TransferAuthorization]:
        self._lacks("close_authorization", "only wxpay has it")

    def code2session(self, code: str) -> Flow[Login]:
        self._lacks("code2session", "log the user in as the application does")

    def account_balance(self, account: str | None = None) -> Flow[AccountBalance]:
        self._lacks("account_balance", "look it up in the provider's console")

    def trade_bill(self, day: dt.date) -> Flow[tuple[BillRow, ...]]:
        self._lacks("trade_bill", "download it from the provider's console")

    def _lacks(self, operation: str, instead: str) -> NoReturn:
        raise InvalidArgument(f"{self.title} has no {operation}: {self.missing.get(operation, instead)}")
