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
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Insert,
    MetaData,
    String,
    Table,
    case,
    create_engine,
    insert,
    literal,
    make_url,
    select,
)

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

_stage = Table(
    "benchmark_stage",
    MetaData(),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("number", String(64), nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("transaction_id", String(64)),
    Column("event_id", String(64)),
    Column("repair_due", BigInteger),
)
"""What is its own of an order, on its way into the tables."""

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


def path(number: str) -> str:
    return f"/vk-pay-notify/wxpay_h5/{number}"


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
            notify_path=path(number(n)),
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
            path=f"/pay{path(number(n))}",
            headers=self._headers,
            body=self._body,
            happened=msgspec.json.encode(msgspec.structs.replace(trade, raw={})),
            create_date=heard,
        )
        terms = Terms(now=heard, lease_until=heard + MINUTE_MS, runner="bench", types=frozenset({"goods"}))
        return Claim(event=event, decide=lambda found: on_payment(found, event, trade, self._provider, terms))

    def staged(self, n: int) -> Row:
        """What is its own of the n-th order."""
        paid, asked_after = is_paid(n), created(n) > self.now - GIVEN_UP_AFTER_MS
        return {
            "n": n,
            "number": number(n),
            "user_id": self.user(n),
            "created": created(n),
            "transaction_id": transaction_id(n) if paid else None,
            "event_id": event_id(n, created(n) + PAID_AFTER_MS) if paid else None,
            "repair_due": self.repair_due(n) if asked_after and not paid else None,
        }

    @cached_property
    def templates(self) -> tuple[Row, Row, Row]:
        """Rows of an order that is not paid, of one that is, and of its notification, which was handled long ago."""
        order, claim = self.order(0), self.payment(0, created(0))
        decision = claim.decide(Found(order=order))
        assert decision.paid is not None
        assert decision.event is not None
        paid = msgspec.structs.replace(order, status=1, user_order_success=True, **decision.paid)
        event = msgspec.structs.replace(decision.event, state="done", due=None)
        return _order_row(order), _order_row(paid), msgspec.structs.asdict(event)


def unstaged(shop: Shop) -> tuple[Insert, Insert]:
    """The statements that make orders and notifications of what is staged."""
    unpaid, paid, event = shop.templates
    own, was_paid = _stage.c, _stage.c.transaction_id.is_not(None)
    heard = own.created + PAID_AFTER_MS
    transaction = own.transaction_id
    of_orders: dict[str, Any] = {
        "out_trade_no": own.number,
        "user_id": own.user_id,
        "create_date": own.created,
        "notify_path": literal(path("")) + own.number,
        "repair_due": own.repair_due,
        "transaction_id": case((was_paid, transaction), else_=unpaid["transaction_id"]),
        "pay_date": case((was_paid, heard), else_=unpaid["pay_date"]),
        "notify_date": case((was_paid, heard), else_=unpaid["notify_date"]),
    }
    of_events: dict[str, Any] = {
        "number": own.number,
        "what": literal(what("{}").partition("{}")[0]) + transaction + what("{}").partition("{}")[2],
        "id": own.event_id,
        "path": literal(f"/pay{path('')}") + own.number,
        "create_date": heard,
        "done_date": heard,
    }

    def value(table: Table, name: str, row: Row) -> Any:
        return literal(row[name], table.c[name].type)

    for name in unpaid.keys() - of_orders.keys():
        one, other = (value(orders, name, row) for row in (paid, unpaid))
        of_orders[name] = one if paid[name] == unpaid[name] else case((was_paid, one), else_=other)
    for name in event.keys() - of_events.keys():
        of_events[name] = value(notifications, name, event)
    chosen = select(*of_orders.values()).order_by(own.n)
    told = select(*of_events.values()).where(was_paid).order_by(own.n)
    return (
        insert(orders).from_select([*of_orders], chosen, include_defaults=False),
        insert(notifications).from_select([*of_events], told, include_defaults=False),
    )


def _order_row(order: Order) -> Row:
    row = {**msgspec.structs.asdict(order), "repair_due": None, "expire_due": None}
    del row["refund_list"]
    return row


async def fill(ledger: Ledger, shop: Shop) -> None:
    """Tables, indexes and rows in the order in which they would have come. On servers the indexes come last."""
    await ledger.open()
    backend = make_url(ledger.url).get_backend_name()
    if backend == "sqlite":
        await ledger.close()
        _fill_file(ledger.url, shop)
        return
    indexes = [*orders.indexes, *notifications.indexes]
    await ledger.write(lambda connection: [index.drop(connection) for index in indexes])
    for those in _parts(shop):
        await ledger.write(partial(keep, shop, those))
    for index in indexes:
        await ledger.write(index.create)
    await ledger.read(lambda connection: connection.exec_driver_sql(_SETTLE[backend]))


def _fill_file(url: str, shop: Shop) -> None:
    """Past the ledger, which would have each page on the disk twice before it goes on."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        connection.exec_driver_sql("BEGIN")
        for those in _parts(shop):
            keep(shop, those, connection)
        connection.exec_driver_sql("COMMIT")
    engine.dispose()
    # What the system has still to write would slow down the rounds.
    with Path(str(make_url(url).database)).open("rb") as file:
        os.fsync(file.fileno())


def keep(shop: Shop, those: range, connection: Connection) -> None:
    """What is their own goes to the database, which makes the rows of it: most of a row is the same in all."""
    _stage.create(connection)
    _insert(connection, _stage, [shop.staged(n) for n in those])
    for statement in unstaged(shop):
        connection.execute(statement)
    _stage.drop(connection)


def _insert(connection: Connection, table: Table, rows: list[Row]) -> None:
    """As plain tuples: SQLAlchemy's own way with many rows takes as long as the database does."""
    compiled = insert(table).compile(dialect=connection.dialect, column_keys=list(rows[0]))
    assert compiled.positiontup is not None
    connection.exec_driver_sql(str(compiled), [*map(itemgetter(*compiled.positiontup), rows)])


def _parts(shop: Shop) -> Iterator[range]:
    for begin in range(0, shop.size, ROWS_AT_ONCE):
        yield range(begin, min(begin + ROWS_AT_ONCE, shop.size))
