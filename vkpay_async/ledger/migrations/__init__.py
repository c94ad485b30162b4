"""The schema's versions. An empty database gets the newest at once; an older one waits for ``vkpay db upgrade``."""

from vkpay_async.ledger.migrations.state import prepare
from vkpay_async.ledger.migrations.upgrading import upgrade

__all__ = ["prepare", "upgrade"]
