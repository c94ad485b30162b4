"""Orders in a database, and all SQL."""

from vkpay_async.ledger.ledger import Ledger, Page

__all__ = ["Ledger", "Page"]
