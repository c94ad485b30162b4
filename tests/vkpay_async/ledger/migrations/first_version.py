"""A database as version 0.1.0 made it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

_TEXTS = {
    **dict.fromkeys(("user_id", "nickname", "device_id", "openid", "app_auth_token"), 128),
    **dict.fromkeys(("notify_url", "notify_path"), 256),
    "client_ip": 45,
}
_NULLABLE = (
    *("transaction_id", "platform", "uni_platform", "user_id", "nickname", "device_id", "client_ip"),
    *("openid", "appid", "pid", "app_auth_token", "auth_appid", "seller_id", "sub_mchid", "sub_appid"),
    *("notify_url", "notify_path", "mch_id", "provider_appid", "provider_pay_method"),
)
_TABLE = f"""\
CREATE TABLE vk_pay_orders (
    out_trade_no VARCHAR(64) NOT NULL,
    status INTEGER NOT NULL,
    type VARCHAR(64) NOT NULL,
    pay_type VARCHAR(64) NOT NULL,
    total_fee BIGINT NOT NULL,
    refund_fee BIGINT NOT NULL,
    refund_num INTEGER NOT NULL,
    refund_list JSON NOT NULL,
    description VARCHAR(256) NOT NULL,
    {", ".join(f"{name} VARCHAR({_TEXTS.get(name, 64)})" for name in _NULLABLE)},
    user_order_success BOOLEAN,
    handler_error TEXT,
    handler_lease BIGINT NOT NULL,
    custom JSON NOT NULL,
    create_date BIGINT NOT NULL,
    pay_date BIGINT,
    notify_date BIGINT,
    cancel_date BIGINT,
    stat_data JSON NOT NULL,
    notify_mode INTEGER,
    notify_info JSON NOT NULL,
    expand_data JSON NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (out_trade_no),
    CONSTRAINT total_fee_positive CHECK (total_fee > 0),
    CONSTRAINT refund_within_total CHECK (refund_fee >= 0 AND refund_fee <= total_fee),
    CONSTRAINT status_known CHECK (status BETWEEN -1 AND 3)
)"""
_INDEXES = {
    "create_date": "create_date",
    "pid": "pid",
    "transaction_id": "transaction_id",
    "user_id": "user_id, create_date",
    "user_order_success": "user_order_success",
}


def build(path: Path, *orders: dict[str, Any]) -> str:
    """The URL of a new file with these orders."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(_TABLE)
        for name, columns in _INDEXES.items():
            connection.execute(f"CREATE INDEX ix_vk_pay_orders_{name} ON vk_pay_orders ({columns})")
        for order in orders:
            row = {name: _plain(value) for name, value in order.items()}
            places = ", ".join(f":{name}" for name in row)
            columns = ", ".join(row)
            connection.execute(f"INSERT INTO vk_pay_orders ({columns}) VALUES ({places})", row)  # noqa: S608
    connection.close()
    return f"sqlite:///{path}"


def order(out_trade_no: str, **more: Any) -> dict[str, Any]:
    return {
        "out_trade_no": out_trade_no,
        "status": 0,
        "type": "goods",
        "pay_type": "wxpay_h5",
        "total_fee": 1000,
        "refund_fee": 0,
        "refund_num": 0,
        "refund_list": [],
        "description": "Tea",
        "handler_lease": 0,
        "custom": {},
        "create_date": 1_767_196_800_000,
        "stat_data": {},
        "notify_info": {},
        "expand_data": {},
        "version": 3,
        **more,
    }


def refund(number: str, fee: int, date: int, state: str, refund_id: str | None = None) -> dict[str, Any]:
    return {
        "out_refund_no": number,
        "refund_fee": fee,
        "refund_desc": "broken cup",
        "refund_date": date,
        "refund_id": refund_id,
        "state": state,
    }


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (dict, list)) else value
