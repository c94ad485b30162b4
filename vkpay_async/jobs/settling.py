"""Refunds and transfers that are not settled: the provider is asked until they are.

One that the provider does not know is left as it is, its money reserved. That it was not carried out is not certain: the
request may be on its way, and Alipay says the same of one that has failed. Taking it for refused would allow a second
one beside it, and sending it again is for its owner to decide, who alone knows what was done meanwhile.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from vkpay_async.errors import ResourceNotFound
from vkpay_async.jobs.looking import BATCH, DAY_MS, LEASE_MS, MINUTE_MS, look_after
from vkpay_async.models import TransferRef
from vkpay_async.pay_type import split_pay_type
from vkpay_async.service.context import Context
from vkpay_async.service.refunds import Refunds
from vkpay_async.service.transfers import Transfers

if TYPE_CHECKING:
    from vkpay_async.ledger.due import DueRefund, DueTransfer

log = logging.getLogger("vkpay_async.jobs")

LONGEST_PAUSE_MS = 6 * 60 * MINUTE_MS
GIVEN_UP_AFTER_MS = 30 * DAY_MS
"""WeChat Pay knows a transfer for 30 days; a refund to a bank card takes three."""


async def refunds(context: Context, most: int = BATCH) -> int:
    """Asks after refunds that are not settled; how many. What they come to is told to their handlers once."""
    from vkpay_async.ledger import due

    now = context.env.now_ms()
    taken = await context.ledger.take_due_refunds(now=now, again=now + LEASE_MS, most=most)
    return await look_after(
        context.ledger,
        taken,
        name=_refund_name,
        look=partial(_refund_open, context),
        until=lambda row: _until(context, _refund_name(row), row.refund_date, row.checks),
        put_off=due.put_off_refund,
    )


async def transfers(context: Context, most: int = BATCH) -> int:
    """Asks after transfers that are not settled; how many."""
    from vkpay_async.ledger import due

    now = context.env.now_ms()
    taken = await context.ledger.take_due_transfers(now=now, again=now + LEASE_MS, most=most)
    return await look_after(
        context.ledger,
        taken,
        name=_transfer_name,
        look=partial(_transfer_open, context),
        until=lambda row: _until(context, _transfer_name(row), row.create_date, row.checks),
        put_off=due.put_off_transfer,
    )


async def _refund_open(context: Context, row: DueRefund) -> bool:
    order = await context.ledger.require(row.out_trade_no)
    try:
        status = await Refunds(context).query(order, row.out_refund_no)
    except ResourceNotFound as error:
        _log_unknown(_refund_name(row), "out_refund_no", error)
        return True
    return not status.refund.state.final


async def _transfer_open(context: Context, row: DueTransfer) -> bool:
    provider, platform = split_pay_type(row.pay_type)
    ref = TransferRef(out_bill_no=row.out_bill_no)
    try:
        transfer = await Transfers(context).query(provider, platform, row.pid, ref)
    except ResourceNotFound as error:
        _log_unknown(_transfer_name(row), "out_bill_no", error)
        return True
    return not transfer.state.final


def _until(context: Context, name: str, start: int, checks: int) -> int | None:
    now = context.env.now_ms()
    if now - start < GIVEN_UP_AFTER_MS:
        return now + min(MINUTE_MS << min(checks, 30), LONGEST_PAUSE_MS)
    log.error(
        "%s is not settled after %d days and not asked after again: look it up in the provider's console",
        name,
        GIVEN_UP_AFTER_MS // DAY_MS,
    )
    return None


def _log_unknown(name: str, number: str, error: ResourceNotFound) -> None:
    log.warning(
        "%s is not known to the provider (%s); its money stays reserved: if it is still wanted, ask for it again with the "
        "same %s, never with a new one",
        name,
        error.code,
        number,
    )


def _refund_name(row: DueRefund) -> str:
    return f"refund {row.out_refund_no} of order {row.out_trade_no}"


def _transfer_name(row: DueTransfer) -> str:
    return f"transfer {row.out_bill_no}"
