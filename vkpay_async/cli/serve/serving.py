"""What is served, and what there is to say of it once it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from vkpay_async.cli.source import shown_url

if TYPE_CHECKING:
    from vkpay_async.client import VKPay


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """The command's options, as every worker gets them. ``drain`` is in seconds."""

    app: str | None = None
    config: str | None = None
    database: str | None = None
    front_door: str | None = None
    host: str = "127.0.0.1"
    port: int = 0
    prefix: str = ""
    workers: int = 1
    jobs: bool = True
    drain: float = 30.0
    access_log: bool = False


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker found: the order types that have a handler, by what the handlers are told of; ``events`` has providers."""

    database: str
    paid: list[str]
    refunded: list[str]
    transferred: bool
    authorized: bool
    events: list[str]
    reply_policy: str
    loop: str

    @property
    def handlers(self) -> bool:
        return bool(self.paid or self.refunded or self.transferred or self.authorized or self.events)


def facts_of(pay: VKPay, loop: str) -> Facts:
    types = pay.handlers.types
    return Facts(
        database=shown_url(pay.orders.url),
        paid=sorted(types("payment")),
        refunded=sorted(types("refund")),
        transferred=bool(types("transfer")),
        authorized=bool(types("transfer_auth")),
        events=sorted(types("event")),
        reply_policy=pay.config.reply_policy,
        loop=loop,
    )
