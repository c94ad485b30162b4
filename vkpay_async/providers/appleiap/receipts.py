"""Old receipts: asked about at ``verifyReceipt``, or only read for a transaction's number.

https://developer.apple.com/documentation/appstorereceipts
"""

from __future__ import annotations

import base64
import binascii
import re

import msgspec

from vkpay_async.errors import InvalidArgument, ProviderError
from vkpay_async.models import Value
from vkpay_async.providers.appleiap import errors
from vkpay_async.providers.appleiap.asn1 import first_transaction
from vkpay_async.providers.appleiap.gateway import Gateway
from vkpay_async.providers.appleiap.models import UNREADABLE
from vkpay_async.providers.appleiap.verifier import PRODUCTION, SANDBOX
from vkpay_async.providers.base import Flow, HttpResponse

SANDBOX_RECEIPT, PRODUCTION_RECEIPT = 21007, 21008
LONGEST_RECEIPT = 4 * 1024 * 1024
"""A receipt holds every purchase of a customer; those of years have some hundreds of kilobytes."""

BAD_RECEIPT = 1016
"""vk-uni-pay's number for a receipt that is not good."""


class InApp(Value, frozen=True, kw_only=True):
    """A purchase in a receipt. Numbers and dates are texts on the wire; dates in milliseconds."""

    transaction_id: str = ""
    original_transaction_id: str | None = None
    product_id: str = ""
    quantity: str = "1"
    purchase_date_ms: str | None = None
    expires_date_ms: str | None = None
    cancellation_date_ms: str | None = None
    cancellation_reason: str | None = None
    app_account_token: str | None = None
    in_app_ownership_type: str | None = None


class Receipt(Value, frozen=True, kw_only=True):
    """``in_app`` of an app's receipt; one of iOS 6 is about one purchase, and says so in its own fields."""

    bundle_id: str | None = None
    bid: str | None = None
    receipt_creation_date_ms: str | None = None
    in_app: list[InApp] = []
    transaction_id: str | None = None
    original_transaction_id: str | None = None
    product_id: str | None = None
    quantity: str = "1"
    purchase_date_ms: str | None = None


class VerifiedReceipt(Value, frozen=True, kw_only=True):
    """Apple's answer, genuine by the connection it came over."""

    status: int
    environment: str | None = None
    receipt: Receipt | None = None
    latest_receipt_info: list[InApp] = []
    retryable: bool | None = msgspec.field(default=None, name="is-retryable")
    retryable_too: bool | None = msgspec.field(default=None, name="is_retryable")

    @property
    def bundle_id(self) -> str | None:
        return (self.receipt.bundle_id or self.receipt.bid) if self.receipt else None

    @property
    def purchases(self) -> list[InApp]:
        """Every purchase that it tells of; what is newer first."""
        receipt = self.receipt or Receipt()
        own = [_only(receipt)] if receipt.transaction_id else []
        return [*self.latest_receipt_info, *receipt.in_app, *own]

    def purchase(self, transaction_id: str) -> InApp:
        """Raises :class:`InvalidArgument` (1016) when it is not in the receipt."""
        for one in self.purchases:
            if one.transaction_id == transaction_id:
                return one
        raise InvalidArgument(
            f"the receipt has no transaction {transaction_id[:40]!r}: send the receipt that came with it, or refresh "
            "the app's receipt first",
            code=BAD_RECEIPT,
        )


_RECEIPT = msgspec.json.Decoder(VerifiedReceipt, strict=False)
_PURCHASE_INFO = re.compile(rb'"purchase-info"\s+=\s+"([A-Za-z0-9+/=]+)";')
_TRANSACTION_ID = re.compile(rb'"transaction-id"\s+=\s+"([A-Za-z0-9+/=]+)";')


def verify(gateway: Gateway, receipt: str, password: str | None) -> Flow[VerifiedReceipt]:
    """What Apple says of a receipt. Production is asked first, and the sandbox where it says so.

    Raises :class:`ProviderError` by its ``status``.
    """
    body = _body(receipt, password)
    names = list(gateway.receipt_urls)
    answer = _read((yield from gateway.receipt(names[0], body)))
    other = {SANDBOX_RECEIPT: SANDBOX, PRODUCTION_RECEIPT: PRODUCTION}.get(answer.status)
    if other in names[1:]:
        answer = _read((yield from gateway.receipt(other or "", body)))
    if answer.status != 0:
        raise errors.receipt_error(answer.status, retryable=_retryable(answer))
    return answer


def transaction_id_of(receipt: str) -> str | None:
    """The number of a purchase in a receipt, of either kind, without believing anything of it: only to ask Apple about it.

    ``None`` for one without purchases. Raises :class:`InvalidArgument` (1016) for what is no receipt.
    """
    content = _decoded(receipt)
    info = _PURCHASE_INFO.search(content)
    if info is not None:
        found = _TRANSACTION_ID.search(_base64(info[1]))
        return found[1].decode("ascii") if found else None
    return first_transaction(content)


def _body(receipt: str, password: str | None) -> bytes:
    _decoded(receipt)
    fields = {"receipt-data": receipt, "exclude-old-transactions": False}
    if password is not None:
        fields["password"] = password
    return msgspec.json.encode(fields)


def _read(response: HttpResponse) -> VerifiedReceipt:
    try:
        return _RECEIPT.decode(response.body)
    except UNREADABLE as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> ProviderError:
    return errors.unreadable("appleiap.verify_receipt", str(error))


def _retryable(answer: VerifiedReceipt) -> bool | None:
    return answer.retryable if answer.retryable is not None else answer.retryable_too


def _only(receipt: Receipt) -> InApp:
    return InApp(
        transaction_id=receipt.transaction_id or "",
        original_transaction_id=receipt.original_transaction_id,
        product_id=receipt.product_id or "",
        quantity=receipt.quantity,
        purchase_date_ms=receipt.purchase_date_ms,
    )


def _decoded(receipt: str) -> bytes:
    if not isinstance(receipt, str) or not receipt:
        raise InvalidArgument("transaction_receipt must be a non-empty string", code=1014)
    if len(receipt) > LONGEST_RECEIPT:
        raise InvalidArgument(
            f"transaction_receipt has {len(receipt)} characters; no receipt is that long", code=BAD_RECEIPT
        )
    try:
        return _base64(receipt.encode("ascii"))
    except UnicodeEncodeError as error:
        raise InvalidArgument("transaction_receipt is no base64", code=BAD_RECEIPT) from error


def _base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise InvalidArgument("transaction_receipt is no base64", code=BAD_RECEIPT) from error
