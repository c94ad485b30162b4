"""The envelopes of Apple's answers, around what is signed."""

from __future__ import annotations

import msgspec

from vkpay_async.providers.appleiap.models import Extended, ExtensionStatus, SendAttempt


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of the envelopes below."""


class SignedTransaction(Answer, frozen=True, kw_only=True, rename="camel"):
    signed_transaction_info: str


class SignedAppTransaction(Answer, frozen=True, kw_only=True, rename="camel"):
    signed_app_transaction_info: str


class Transactions(Answer, frozen=True, kw_only=True, rename="camel"):
    signed_transactions: list[str] = []
    revision: str | None = None
    has_more: bool = False


class Last(Answer, frozen=True, kw_only=True, rename="camel"):
    status: int
    original_transaction_id: str
    signed_transaction_info: str
    signed_renewal_info: str


class Group(Answer, frozen=True, kw_only=True, rename="camel"):
    subscription_group_identifier: str = ""
    last_transactions: list[Last] = []


class Statuses(Answer, frozen=True, kw_only=True, rename="camel"):
    data: list[Group] = []


class TestToken(Answer, frozen=True, kw_only=True, rename="camel"):
    test_notification_token: str


class Sent(Answer, frozen=True, kw_only=True, rename="camel"):
    signed_payload: str
    send_attempts: list[SendAttempt] = []


class History(Answer, frozen=True, kw_only=True, rename="camel"):
    pagination_token: str | None = None
    has_more: bool = False
    notification_history: list[Sent] = []


class Identifier(Answer, frozen=True, kw_only=True, rename="camel"):
    request_identifier: str


_decoder = msgspec.json.Decoder
TRANSACTION = _decoder(SignedTransaction)
APP_TRANSACTION = _decoder(SignedAppTransaction)
TRANSACTIONS = _decoder(Transactions)
STATUSES = _decoder(Statuses)
TEST_TOKEN = _decoder(TestToken)
SENT = _decoder(Sent)
HISTORY = _decoder(History)
IDENTIFIER = _decoder(Identifier)
EXTENDED = _decoder(Extended)
EXTENSION_STATUS = _decoder(ExtensionStatus)
