"""A ledger over each kind of database, and what its tests put in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete

from tests.databases.plugin import BACKENDS, available
from tests.databases.shared import Run
from vkpay_async.errors import OrderNotFound
from vkpay_async.ledger import (
    Claim,
    Claimed,
    Decision,
    Event,
    Found,
    Ledger,
    Outcome,
    RefundChange,
    TransferRecord,
)
from vkpay_async.ledger.schema import metadata
from vkpay_async.order import Order, RefundEntry

SERVERS = ("postgresql", "mysql")
ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""For tables of cases that are decided above the SQL."""
ON_SERVERS = pytest.mark.parametrize("backend", SERVERS, indirect=True)


def order(out_trade_no: str = "A1", **more: Any) -> Order:
    known: dict[str, Any] = {"type": "goods", "pay_type": "wxpay_h5", "total_fee": 1000, "create_date": 1}
    return Order(out_trade_no=out_trade_no, **{**known, **more})


def entry(number: str = "A1-1", fee: int = 1000, **more: Any) -> RefundEntry:
    return RefundEntry(out_refund_no=number, refund_fee=fee, **more)


def transfer(out_bill_no: str = "T1", **more: Any) -> TransferRecord:
    known: dict[str, Any] = {"pid": "default", "pay_type": "wxpay_transfer", "transfer_amount": 100}
    return TransferRecord(out_bill_no=out_bill_no, **{**known, **more})


def event(number: str = "A1", kind: str = "payment", subject: str = "4200", **more: Any) -> Event:
    known: dict[str, Any] = {"id": token_hex(13), "provider": "wxpay", "pay_type": "wxpay_h5"}
    return Event(number=number, what=f"wxpay|m1|{kind}|{subject}", kind=kind, **{**known, **more})


def paid_values(**more: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "pay_type": "wxpay_h5",
        "mch_id": "m1",
        "provider_appid": "wx1",
        "notify_path": None,
        "transaction_id": "4200",
        "pay_date": 3,
        "notify_date": 5,
        "notify_mode": 1,
        "notify_info": {"trade_state": "SUCCESS"},
        "provider_order_no": None,
        "expand_data": {},
        "openid": None,
    }
    return {**values, **more}


def run_by(happened: Event, runner: str, now: int, lease: int, attempts: int = 1) -> Event:
    return msgspec.structs.replace(
        happened, state="running", runner=runner, due=now + lease, attempts=attempts, error=None
    )


def payment(number: str = "A1", *, runner: str = "p1", now: int = 100, lease: int = 10, **more: Any) -> Claim:
    """A payment: it moves an unpaid order, its handler is the claimant's, and a lapsed one is taken over."""
    happened = event(number, create_date=now)

    def decide(found: Found) -> Decision:
        known = found.event
        if found.order is None:
            lost = msgspec.structs.replace(known or happened, state="unmatched", error="no order")
            return Decision(event=lost, error=OrderNotFound("no order"))
        if known is not None and known.state != "unmatched":
            lapsed = known.state == "running" and known.due is not None and known.due <= now
            return (
                Decision(event=run_by(known, runner, now, lease, known.attempts + 1))
                if lapsed
                else Decision()
            )
        moves = not found.order.paid
        return Decision(
            event=run_by(known or happened, runner, now, lease), paid=paid_values(**more) if moves else None
        )

    return Claim(event=happened, decide=decide)


def closing_of(number: str = "A1", *, now: int = 100) -> Claim:
    happened = event(number, "closed", create_date=now, done_date=now)

    def decide(found: Found) -> Decision:
        if found.order is None or found.order.paid:
            return Decision()
        return Decision(event=happened, closed=now if found.order.status == 0 else None)

    return Claim(event=happened, decide=decide)


def refund_of(
    number: str,
    out_refund_no: str,
    state: str = "SUCCESS",
    *,
    runner: str = "p1",
    new: RefundEntry | None = None,
) -> Claim:
    happened = event(number, "refund", f"{out_refund_no}|{state}")
    change = RefundChange(out_refund_no=out_refund_no, state=state, refund_id="50", success_date=7, new=new)

    def decide(found: Found) -> Decision:
        return Decision() if found.event else Decision(event=run_by(happened, runner, 100, 10), refund=change)

    return Claim(event=happened, decide=decide)


def transfer_of(number: str = "T1", state: str = "SUCCESS", *, runner: str = "p1") -> Claim:
    happened = event(number, "transfer", state)

    def decide(found: Found) -> Decision:
        if found.event is not None:
            return Decision()
        return Decision(event=run_by(happened, runner, 100, 10), transfer=transfer(number, state=state))

    return Claim(event=happened, decide=decide, about_transfer=True)


def outcome(claimed: Claimed, **more: Any) -> Outcome:
    known: dict[str, Any] = {"state": "done", "due": None, "error": None, "success": True, "now": 200}
    return Outcome(event=claimed.event, **{**known, **more})


async def paid(ledger: Ledger, out_trade_no: str = "A1", **more: Any) -> Order:
    await ledger.add(order(out_trade_no, **more))
    claimed = await ledger.claim(payment(out_trade_no))
    assert claimed.moved
    return await ledger.require(out_trade_no)


async def gathered(*several: Any) -> list[Any]:
    return await asyncio.gather(*several, return_exceptions=True)


@pytest.fixture(scope="session")
def kept_databases(database_servers: Run) -> Iterator[Callable[[str], str]]:
    """A server's database with this worker's tables, made once: making tables costs more than most tests here."""
    urls: dict[str, str] = {}

    def kept(backend: str) -> str:
        if backend not in urls:
            server = available(database_servers.server, backend)
            name = f"vkpay_ledger_{token_hex(5)}"
            server.create(name)
            urls[backend] = server.url(name)
        return urls[backend]

    yield kept
    for backend, url in urls.items():
        database_servers.server(backend).drop(url.rpartition("/")[2].partition("?")[0])


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(backend: str, kept_databases: Callable[[str], str], tmp_path: Path) -> str:
    """A database of each kind, empty once ``ledger`` is there; parametrise ``backend`` indirectly for fewer kinds."""
    return f"sqlite:///{tmp_path / 'pay.db'}" if backend == "sqlite" else kept_databases(backend)


@pytest.fixture
async def ledger(url: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(url)
    await ledger.open()
    if not url.startswith("sqlite"):
        await ledger.write(lambda c: [c.execute(delete(table)) for table in metadata.tables.values()])
    yield ledger
    await ledger.close()


@pytest.fixture
async def other(url: str, ledger: Ledger) -> AsyncIterator[Ledger]:
    """Another process's ledger on the same database, as far as the database can tell."""
    other = Ledger(url)
    await other.open()
    yield other
    await other.close()
