"""Orders and what belongs to them in a database, and all SQL."""

from vkpay_async.errors import LedgerUnavailable
from vkpay_async.happenings import (
    Claim,
    Claimed,
    Decision,
    Event,
    Found,
    Outcome,
    RefundChange,
    TransferRecord,
)
from vkpay_async.ledger.known import KnownMerchants
from vkpay_async.ledger.ledger import Ledger, Page
from vkpay_async.ledger.merchants import MerchantRow, Merchants, StoredMerchant
from vkpay_async.ledger.store import Transaction
from vkpay_async.ledger.tokens import Token, Tokens

__all__ = [
    "Claim",
    "Claimed",
    "Decision",
    "Event",
    "Found",
    "KnownMerchants",
    "Ledger",
    "LedgerUnavailable",
    "MerchantRow",
    "Merchants",
    "Outcome",
    "Page",
    "RefundChange",
    "StoredMerchant",
    "Token",
    "Tokens",
    "Transaction",
    "TransferRecord",
]
