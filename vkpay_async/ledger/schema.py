"""The tables, in vk-uni-pay's field names."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()


def _text(name: str, length: int = 64) -> Column[str]:
    return Column(name, String(length))


orders = Table(
    "vk_pay_orders",
    metadata,
    Column("out_trade_no", String(64), primary_key=True),
    Column("status", Integer, nullable=False, default=0),
    Column("type", String(64), nullable=False),
    Column("pay_type", String(64), nullable=False),
    Column("total_fee", BigInteger, nullable=False),
    Column("refund_fee", BigInteger, nullable=False, default=0),
    Column("refund_num", Integer, nullable=False, default=0),
    Column("refund_list", JSON, nullable=False),
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
    Column("handler_lease", BigInteger, nullable=False, default=0),
    Column("custom", JSON, nullable=False),
    Column("create_date", BigInteger, nullable=False),
    Column("pay_date", BigInteger),
    Column("notify_date", BigInteger),
    Column("cancel_date", BigInteger),
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
    Column("notify_info", JSON, nullable=False),
    Column("expand_data", JSON, nullable=False),
    Column("version", Integer, nullable=False, default=0),
    CheckConstraint("total_fee > 0", name="total_fee_positive"),
    CheckConstraint("refund_fee >= 0 AND refund_fee <= total_fee", name="refund_within_total"),
    CheckConstraint("status BETWEEN -1 AND 3", name="status_known"),
    Index("ix_vk_pay_orders_create_date", "create_date"),
    Index("ix_vk_pay_orders_transaction_id", "transaction_id"),
    Index("ix_vk_pay_orders_user_id", "user_id", "create_date"),
    Index("ix_vk_pay_orders_user_order_success", "user_order_success"),
    Index("ix_vk_pay_orders_pid", "pid"),
)
