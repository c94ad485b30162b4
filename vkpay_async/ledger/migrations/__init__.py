"""The schema's versions. An empty database gets the newest at once."""

from vkpay_async.ledger.migrations.state import prepare

__all__ = ["prepare"]
