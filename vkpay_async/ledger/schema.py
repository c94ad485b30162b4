"""The tables, in vk-uni-pay's field names.

No sequence and no random key stands on the hot path: rows are keyed by the merchant's own numbers, so that a sharded
database can place an order, its refunds and its notifications by ``out_trade_no``. Texts compare bytewise on MySQL.
Indexes of what is due, and of what only a payment sets, are partial where the database has partial indexes: other rows
cost nothing there. Their ``WHERE`` is the queries' own literal.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.sql.elements import ColumnElement

metadata = MetaData()

LARGEST_BLOB = 2**24 - 1
ATTENTION = ("failed", "parked", "unmatched")

_MYSQL: dict[str, Any] = {
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mysql_engine": "InnoDB",
}


def _text(name: str, length: int = 64, **options: Any) -> Column[str]:
    return Column(name, String(length), **options)


def _partial(name: str, condition: ColumnElement[bool], *columns: Any) -> Index:
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


def _where_set(table: str, column: Column[Any]) -> Index:
    return _partial(f"ix_{table}_{column.name}", column.is_not(None), column)


orders = Table(
    "vk_pay_orders",
    metadata,
    _text("out_trade_no", primary_key=True),
    Column("status", Integer, nullable=False, default=0),
    _text("type", nullable=False),
    _text("pay_type", nullable=False),
    Column("total_fee", BigInteger, nullable=False),
    Column("refund_fee", BigInteger, nullable=False, default=0),
    Column("refund_num", Integer, nullable=False, default=0),
    Column("description", String(256), nullable=False, default=""),
    _text("transaction_id"),
    _text("platform"),
    _text("uni_platform"),
    _text("user_id", 128),
    _text("nickname", 128),
    _text("device_id", 128),
    _text("client_ip", 45),
    _text("openid", 128),
    _text("appid"),
    Column("user_order_success", Boolean),
    Column("handler_error", Text),
    Column("custom", JSON, nullable=False),
    Column("create_date", BigInteger, nullable=False),
    Column("pay_date", BigInteger),
    Column("notify_date", BigInteger),
    Column("cancel_date", BigInteger),
    Column("time_expire", BigInteger),
    Column("stat_data", JSON, nullable=False),
    _text("pid"),
    _text("app_auth_token", 128),
    _text("auth_appid"),
    _text("seller_id"),
    _text("sub_mchid"),
    _text("sub_appid"),
    Column("notify_mode", Integer),
    _text("notify_url", 256),
    _text("notify_path", 256),
    _text("mch_id"),
    _text("provider_appid"),
    _text("provider_pay_method"),
    _text("provider_order_no", 128),
    Column("notify_info", JSON, nullable=False),
    Column("expand_data", JSON, nullable=False),
    _text("traceparent", 64),
    Column("repair_due", BigInteger),
    Column("expire_due", BigInteger),
    CheckConstraint("total_fee > 0", name="total_fee_positive"),
    CheckConstraint("refund_fee >= 0 AND refund_fee <= total_fee", name="refund_within_total"),
    CheckConstraint("status BETWEEN -1 AND 3", name="status_known"),
    Index("ix_vk_pay_orders_create_date", "create_date", "out_trade_no"),
    Index("ix_vk_pay_orders_user_id", "user_id", "create_date", "out_trade_no"),
    Index("ix_vk_pay_orders_pid", "pid", "create_date", "out_trade_no"),
    **_MYSQL,
)
_where_set("vk_pay_orders", orders.c.provider_order_no)
_where_set("vk_pay_orders", orders.c.transaction_id)
_where_set("vk_pay_orders", orders.c.pay_date)
_where_set("vk_pay_orders", orders.c.repair_due)
_where_set("vk_pay_orders", orders.c.expire_due)
_partial(
    "ix_vk_pay_orders_user_order_success",
    orders.c.user_order_success.is_(False),
    orders.c.user_order_success,
    orders.c.create_date,
)

refunds = Table(
    "vk_pay_refunds",
    metadata,
    _text("out_trade_no", primary_key=True),
    _text("out_refund_no", primary_key=True),
    Column("position", Integer, nullable=False),
    Column("refund_fee", BigInteger, nullable=False),
    Column("refund_desc", String(256), nullable=False, default=""),
    Column("refund_date", BigInteger, nullable=False),
    _text("refund_id"),
    _text("state", 32, nullable=False),
    Column("success_date", BigInteger),
    Column("check_due", BigInteger),
    Column("checks", Integer, nullable=False, default=0),
    CheckConstraint("refund_fee > 0", name="refund_fee_positive"),
    Index("ix_vk_pay_refunds_refund_date", "refund_date"),
    **_MYSQL,
)
_where_set("vk_pay_refunds", refunds.c.check_due)

transfers = Table(
    "vk_pay_transfers",
    metadata,
    _text("out_bill_no", primary_key=True),
    _text("pid", primary_key=True),
    _text("pay_type", nullable=False),
    Column("transfer_amount", BigInteger),
    _text("state", 32, nullable=False),
    _text("raw_state"),
    _text("transfer_bill_no"),
    _text("mch_id"),
    _text("openid", 128),
    Column("transfer_remark", String(256)),
    Column("fail_reason", String(256)),
    Column("create_date", BigInteger, nullable=False),
    Column("update_date", BigInteger, nullable=False),
    Column("user_order_success", Boolean),
    Column("handler_error", Text),
    Column("check_due", BigInteger),
    Column("checks", Integer, nullable=False, default=0),
    CheckConstraint("transfer_amount > 0", name="transfer_amount_positive"),
    Index("ix_vk_pay_transfers_create_date", "create_date", "out_bill_no"),
    **_MYSQL,
)
_where_set("vk_pay_transfers", transfers.c.check_due)

notifications = Table(
    "vk_pay_notifications",
    metadata,
    # Unique by what happened to a number; a provider's second envelope for it finds this row.
    _text("number", primary_key=True),
    _text("what", 192, primary_key=True),
    _text("id", 26, nullable=False),
    _text("provider", 32, nullable=False),
    _text("pay_type", nullable=False),
    _text("pid"),
    _text("kind", 16, nullable=False),
    _text("type"),
    _text("state", 16, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due", BigInteger),
    _text("runner", 32),
    Column("error", Text),
    Column("source", Integer, nullable=False),
    _text("path", 1024),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary(LARGEST_BLOB), nullable=False),
    Column("happened", LargeBinary(LARGEST_BLOB), nullable=False),
    _text("traceparent", 64),
    Column("create_date", BigInteger, nullable=False),
    Column("done_date", BigInteger),
    Index("ix_vk_pay_notifications_id", "id"),
    # A row is a little over the 2 KB above which PostgreSQL compresses and moves values out, which a signature's bytes
    # do not repay.
    postgresql_with={"toast_tuple_target": 8160},
    **_MYSQL,
)
_where_set("vk_pay_notifications", notifications.c.due)
_partial(
    "ix_vk_pay_notifications_attention",
    notifications.c.state.in_(ATTENTION),
    notifications.c.state,
    notifications.c.id,
)

merchants = Table(
    "vk_pay_config",
    metadata,
    _text("pid", primary_key=True),
    Column("settings", LargeBinary(LARGEST_BLOB), nullable=False),
    _text("key_id", 16, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("update_date", BigInteger, nullable=False),
    **_MYSQL,
)

tokens = Table(
    "vk_pay_tokens",
    metadata,
    _text("name", 192, primary_key=True),
    Column("value", LargeBinary(LARGEST_BLOB)),
    Column("expires", BigInteger, nullable=False, default=0),
    _text("refresher", 32),
    Column("refresh_until", BigInteger, nullable=False, default=0),
    Index("ix_vk_pay_tokens_expires", "expires"),
    **_MYSQL,
)

reconciliations = Table(
    "vk_pay_reconciliations",
    metadata,
    _text("provider", 32, primary_key=True),
    _text("pid", primary_key=True),
    _text("bill_date", 10, primary_key=True),
    Column("payments", Integer, nullable=False),
    Column("refunds", Integer, nullable=False),
    Column("differences", JSON, nullable=False),
    Column("create_date", BigInteger, nullable=False),
    **_MYSQL,
)
