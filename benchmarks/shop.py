"""A shop with many orders behind it: its n-th order follows from n alone, so that nothing need be remembered of them.

It takes an order every half minute, and one in four is never paid: the shop of a million orders is no busier than that
of ten thousand, but older. A number begins with the second and ends in chance. A user has 50 orders, anywhere among them.
An unpaid order is asked after for three days, at some moment of the half hour to come. What is paid has its notification
beside it, with a body and headers as WeChat Pay sends them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import cached_property, partial
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Connection, Table, create_engine, insert, make_url

from benchmarks import parties
from vkpay_async.jobs.looking import MINUTE_MS
from vkpay_async.jobs.orders import GIVEN_UP_AFTER_MS, LONGEST_PAUSE_MS
from vkpay_async.ledger import Claim, Event, Found, Ledger
from vkpay_async.ledger.schema import notifications, orders
from vkpay_async.models import Trade, TradeState
from vkpay_async.notify.decisions import Terms, on_payment
from vkpay_async.order import Order
from vkpay_async.providers.base import Provider

OPENED_MS = 1_767_196_800_000
APART_MS = 30_000
ORDERS_OF_A_USER = 50
UNPAID_ONE_IN = 4
PAID_AFTER_MS = 20_000
ROWS_AT_ONCE = 10_000

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = tuple[list[Row], list[Row]]

_ANALYZE = f"ANALYZE TABLE {orders.name}, {notifications.name}"
_SETTLE = {"postgresql": "VACUUM ANALYZE", "mysql": _ANALYZE, "mariadb": _ANALYZE}
"""What the servers do of their own accord within minutes."""


def chance(n: int, salt: int = 0) -> int:
    """64 bits that look drawn, the same every time (splitmix64)."""
    z = (n * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03 + 0x632BE59BD9B4E019) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return z ^ (z >> 31)


def created(n: int) -> int:
    return OPENED_MS + n * APART_MS


def number(n: int) -> str:
    return f"{time.strftime('%Y%m%d%H%M%S', time.gmtime(created(n) // 1000))}{chance(n, 1) % 10**10:010}"


def path(n: int) -> str:
    return f"/vk-pay-notify/wxpay_h5/{number(n)}"


def transaction_id(n: int) -> str:
    return f"42000{chance(n, 2) % 100_000:05}{number(n)[:8]}{chance(n, 3) % 10**10:010}"


def event_id(n: int, heard: int) -> str:
    """As time-ordered as a ULID."""
    return f"{heard}{chance(n, 8) % 10**13:013}"


def what(transaction: str) -> str:
    return f"wxpay|{parties.MCH_ID}|payment|{transaction}|PAID"


def is_paid(n: int) -> bool:
    return chance(n, 4) % UNPAID_ONE_IN > 0


class Shop:
    """So many orders, and how those to come look."""

    def __init__(self, size: int, provider: Provider) -> None:
        self.size = size
        self._provider = provider
        self._body = parties.notification(number(0))
        self._headers = {name.lower(): value for name, value in parties.signed_headers(self._body).items()}

    @property
    def now(self) -> int:
        """When the last of them was made."""
        return created(self.size)

    def user(self, n: int) -> str:
        return f"u{chance(chance(n, 5) % (self.size // ORDERS_OF_A_USER), 6):016x}"

    def repair_due(self, n: int) -> int:
        return self.now + chance(n, 7) % LONGEST_PAUSE_MS

    def order(self, n: int) -> Order:
        """As it is kept when it is made."""
        return Order(
            out_trade_no=number(n),
            type="goods",
            pay_type="wxpay_h5",
            total_fee=100,
            description="Tea, 500 g",
            platform="h5",
            uni_platform="web",
            user_id=self.user(n),
            client_ip="203.0.113.7",
            custom={"goods_id": "g1"},
            create_date=created(n),
            stat_data={"platform": "h5", "ua": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0.0.0"},
            pid="default",
            notify_url="https://pay.example.com/pay",
            notify_path=path(n),
            mch_id=parties.MCH_ID,
            provider_appid=parties.APP_ID,
        )

    def payment(self, n: int, heard: int) -> Claim:
        """What the notification of its payment is to the ledger, heard at a time in ms."""
        trade = Trade(
            out_trade_no=number(n),
            state=TradeState.SUCCESS,
            raw_state="SUCCESS",
            transaction_id=transaction_id(n),
            total_fee=100,
            appid=parties.APP_ID,
            mch_id=parties.MCH_ID,
            openid="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            success_time=heard,
            raw={**parties.transaction(number(n)), "transaction_id": transaction_id(n)},
        )
        event = Event(
            number=number(n),
            what=what(transaction_id(n)),
            id=event_id(n, heard),
            provider="wxpay",
            pay_type="wxpay_h5",
            pid="default",
            kind="payment",
            path=f"/pay{path(n)}",
            headers=self._headers,
            body=self._body,
            happened=msgspec.json.encode(msgspec.structs.replace(trade, raw={})),
            create_date=heard,
        )
        terms = Terms(now=heard, lease_until=heard + MINUTE_MS, runner="bench", types=frozenset({"goods"}))
        return Claim(event=event, decide=lambda found: on_payment(found, event, trade, self._provider, terms))

    def rows(self, those: range) -> Rows:
        """Orders and notifications as they stand in the end: what is paid was handled long ago."""
        paid = [self._paid_rows(n) for n in those if is_paid(n)]
        unpaid = [self._unpaid_row(n) for n in those if not is_paid(n)]
        in_order = sorted([*unpaid, *(order for order, _ in paid)], key=itemgetter("create_date"))
        return in_order, [event for _, event in paid]

    def _unpaid_row(self, n: int) -> Row:
        asked_after = created(n) > self.now - GIVEN_UP_AFTER_MS
        return {
            **self._templates[0],
            **self._own(n),
            "repair_due": self.repair_due(n) if asked_after else None,
        }

    def _paid_rows(self, n: int) -> tuple[Row, Row]:
        _, order, event = self._templates
        own, transaction, heard = self._own(n), transaction_id(n), created(n) + PAID_AFTER_MS
        paid = {"transaction_id": transaction, "pay_date": heard, "notify_date": heard}
        return {**order, **own, **paid}, {
            **event,
            "number": own["out_trade_no"],
            "what": what(transaction),
            "id": event_id(n, heard),
            "path": f"/pay{own['notify_path']}",
            "create_date": heard,
            "done_date": heard,
        }

    def _own(self, n: int) -> Row:
        return {
            "out_trade_no": number(n),
            "user_id": self.user(n),
            "create_date": created(n),
            "notify_path": path(n),
        }

    @cached_property
    def _templates(self) -> tuple[Row, Row, Row]:
        order, claim = self.order(0), self.payment(0, created(0))
        decision = claim.decide(Found(order=order))
        assert decision.paid is not None
        assert decision.event is not None
        paid = msgspec.structs.replace(order, status=1, user_order_success=True, **decision.paid)
        event = msgspec.structs.replace(decision.event, state="done", due=None)
        return _order_row(order), _order_row(paid), _row(event)


def _order_row(order: Order) -> Row:
    row = {**_row(order), "repair_due": None, "expire_due": None}
    del row["refund_list"]
    return row


def _row(kept: Order | Event) -> Row:
    """As the drivers take it."""
    return {
        name: msgspec.json.encode(value).decode() if isinstance(value, dict) else value
        for name, value in msgspec.structs.asdict(kept).items()
    }


async def fill(ledger: Ledger, shop: Shop) -> None:
    """Tables, indexes and rows in the order in which they would have come. On servers the indexes come last."""
    await ledger.open()
    backend = make_url(ledger.url).get_backend_name()
    if backend == "sqlite":
        await ledger.close()
        _fill_file(ledger.url, shop)
        return
    keep = _copy if backend == "postgresql" else _keep
    indexes = [*orders.indexes, *notifications.indexes]
    await ledger.write(lambda connection: [index.drop(connection) for index in indexes])
    for part in _parts(shop):
        await ledger.write(partial(keep, part))
    await ledger.write(lambda connection: [index.create(connection) for index in indexes])
    await ledger.read(lambda connection: connection.exec_driver_sql(_SETTLE[backend]))


def _fill_file(url: str, shop: Shop) -> None:
    """Past the ledger, which would have each page on the disk twice before it goes on."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        connection.exec_driver_sql("BEGIN")
        for part in _parts(shop):
            _keep(part, connection)
        connection.exec_driver_sql("COMMIT")
    engine.dispose()
    # What the system has still to write would slow down the rounds.
    with Path(str(make_url(url).database)).open("rb") as file:
        os.fsync(file.fileno())


def _keep(part: Rows, connection: Connection) -> None:
    kept, told = part
    _insert(connection, orders, kept)
    _insert(connection, notifications, told)


def _copy(part: Rows, connection: Connection) -> None:
    for table, rows in zip((orders, notifications), part, strict=True):
        if rows:
            columns = [*rows[0]]
            records = [*map(itemgetter(*columns), rows)]
            driven: Any = connection.connection.dbapi_connection
            driven.run_async(
                lambda c, table=table, records=records, columns=columns: c.copy_records_to_table(
                    table.name, records=records, columns=columns
                )
            )


def _insert(connection: Connection, table: Table, rows: list[Row]) -> None:
    """As plain tuples: SQLAlchemy's own way with many rows takes as long as the database does."""
    compiled = insert(table).compile(dialect=connection.dialect, column_keys=list(rows[0]))
    assert compiled.positiontup is not None
    connection.exec_driver_sql(str(compiled), [*map(itemgetter(*compiled.positiontup), rows)])


def _parts(shop: Shop) -> Iterator[Rows]:
    for begin in range(0, shop.size, ROWS_AT_ONCE):
        yield shop.rows(range(begin, min(begin + ROWS_AT_ONCE, shop.size)))
