"""WeChat Pay's objects in its own spelling. What a provider leaves out, or sends as null, is ``None``."""

from __future__ import annotations

import msgspec

from vkpay_async.crypto.aes import Gcm
from vkpay_async.errors import NotificationInvalid

ALGORITHM = "AEAD_AES_256_GCM"

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding foreign bytes may raise; the last one for JSON nested without end."""


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what is read from an answer; unknown fields are left alone."""


class Encrypted(Wire, frozen=True, kw_only=True):
    """Something under the APIv3 key. ``ciphertext`` is base64 on the wire."""

    algorithm: str
    ciphertext: bytes
    nonce: str
    associated_data: str | None = None

    def open(self, gcm: Gcm) -> bytes:
        """The plain bytes. Raises :class:`NotificationInvalid`."""
        if self.algorithm != ALGORITHM:
            raise NotificationInvalid(
                f"encrypted with {self.algorithm!r}, only {ALGORITHM} is supported: use an RSA merchant"
            )
        return gcm.decrypt(
            nonce=self.nonce, associated_data=self.associated_data or "", ciphertext=self.ciphertext
        )


class Resource(Encrypted, frozen=True, kw_only=True):
    original_type: str


class Envelope(Wire, frozen=True, kw_only=True):
    """A notification as it is posted."""

    id: str
    event_type: str
    resource_type: str
    resource: Resource


class CertificateEntry(Wire, frozen=True, kw_only=True):
    serial_no: str
    encrypt_certificate: Encrypted

    @property
    def is_rsa(self) -> bool:
        """Merchants of the SM algorithms get theirs in the same list, under another cipher."""
        return self.encrypt_certificate.algorithm == ALGORITHM


class CertificateList(Wire, frozen=True, kw_only=True):
    data: list[CertificateEntry]


class PrepayId(Wire, frozen=True, kw_only=True):
    prepay_id: str


class NativeUrl(Wire, frozen=True, kw_only=True):
    code_url: str


class MobileUrl(Wire, frozen=True, kw_only=True):
    h5_url: str


class Payer(Wire, frozen=True, kw_only=True):
    openid: str | None = None
    sp_openid: str | None = None
    sub_openid: str | None = None


class Amount(Wire, frozen=True, kw_only=True):
    total: int | None = None


class Transaction(Wire, frozen=True, kw_only=True):
    """An order, of a merchant or of a service provider (``sp_``, ``sub_``).

    ``code`` stands in the 202 of a code payment where it is no transaction.
    """

    appid: str | None = None
    mchid: str | None = None
    sp_appid: str | None = None
    sp_mchid: str | None = None
    sub_mchid: str | None = None
    out_trade_no: str | None = None
    transaction_id: str | None = None
    trade_state: str | None = None
    trade_state_desc: str | None = None
    success_time: str | None = None
    payer: Payer | None = None
    amount: Amount | None = None
    code: str | None = None


class RefundAmount(Wire, frozen=True, kw_only=True):
    refund: int
    total: int | None = None
    payer_refund: int | None = None


class RefundObject(Wire, frozen=True, kw_only=True):
    """A refund: ``status`` in answers, ``refund_status`` in notifications."""

    out_trade_no: str
    out_refund_no: str
    amount: RefundAmount
    status: str | None = None
    refund_status: str | None = None
    refund_id: str | None = None
    transaction_id: str | None = None
    mchid: str | None = None
    sp_mchid: str | None = None
    success_time: str | None = None


class TransferBill(Wire, frozen=True, kw_only=True):
    out_bill_no: str
    state: str
    transfer_bill_no: str | None = None
    transfer_amount: int | None = None
    fail_reason: str | None = None
    openid: str | None = None
    mch_id: str | None = None
    appid: str | None = None
    package_info: str | None = None


class CloseInfo(Wire, frozen=True, kw_only=True):
    close_time: str | None = None
    close_reason: str | None = None


class UserAuthorization(Wire, frozen=True, kw_only=True):
    """A user's authorisation to receive without confirming, in answers and in notifications."""

    out_authorization_no: str
    state: str
    authorization_id: str | None = None
    appid: str | None = None
    mchid: str | None = None
    openid: str | None = None
    user_display_name: str | None = None
    transfer_scene_id: str | None = None
    user_recv_perception: str | None = None
    authorize_time: str | None = None
    close_info: CloseInfo | None = None
    package_info: str | None = None


class BillAddress(Wire, frozen=True, kw_only=True):
    """Where a bill is, and the hash of it unpacked."""

    hash_type: str
    hash_value: str
    download_url: str


class Echo(Wire, frozen=True, kw_only=True):
    """What came back: ``encrypted_echo_message`` is decrypted already."""

    echo_message: str | None = None
    encrypted_echo_message: str | None = None


class ErrorBody(Wire, frozen=True, kw_only=True):
    code: str | None = None
    message: str | None = None
    detail: object = None
