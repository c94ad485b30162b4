"""What the services share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from vkpay_async.config import Config
from vkpay_async.notify import Pipeline
from vkpay_async.providers.base import Env
from vkpay_async.providers.registry import Providers
from vkpay_async.transport import Transport

if TYPE_CHECKING:
    from vkpay_async.ledger import Ledger


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """One application's parts, made once and handed to every service."""

    env: Env
    providers: Providers
    ledger: Ledger
    transport: Transport
    pipeline: Pipeline

    @property
    def config(self) -> Config:
        """With the merchants of the database, as far as they are known."""
        return self.providers.config
