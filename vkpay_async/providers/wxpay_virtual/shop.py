"""The merchant's own side: items, money out, lists of orders. Bodies of the calls, and what their answers mean.

https://developers.weixin.qq.com/miniprogram/dev/platform-capabilities/business-capabilities/virtual-payment.html#create-withdraw-order
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Literal

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.money import Fen, fen_from_yuan, is_fen, yuan_from_fen
from vkpay_async.providers.base import Flow
from vkpay_async.providers.wxpay_virtual.errors import Operation, unreadable
from vkpay_async.providers.wxpay_virtual.gateway import Gateway
from vkpay_async.providers.wxpay_virtual.models import (
    BalanceAnswer,
    Download,
    GoodsItem,
    GoodsTask,
    TaskAnswer,
    TaskId,
    UrlAnswer,
    Withdrawal,
    WithdrawalAnswer,
)

BIZ_BALANCE = Operation(name="wxpay-virtual.query_biz_balance")
WITHDRAW = Operation(
    name="wxpay-virtual.withdraw",
    moves_money=True,
    next_step="call query_withdrawal with the same withdraw_no",
)
QUERY_WITHDRAWAL = Operation(name="wxpay-virtual.query_withdrawal")
BILL = Operation(name="wxpay-virtual.download_bill")
START_DOWNLOAD = Operation(name="wxpay-virtual.start_download_order")
QUERY_DOWNLOAD = Operation(name="wxpay-virtual.query_download_order")
UPLOAD = Operation(name="wxpay-virtual.start_upload_goods")
QUERY_UPLOAD = Operation(name="wxpay-virtual.query_upload_goods")
PUBLISH = Operation(name="wxpay-virtual.start_publish_goods")
QUERY_PUBLISH = Operation(name="wxpay-virtual.query_publish_goods")

_BALANCE = msgspec.json.Decoder(BalanceAnswer)
_WITHDRAWAL = msgspec.json.Decoder(WithdrawalAnswer)
_TASK = msgspec.json.Decoder(TaskAnswer)
_URL = msgspec.json.Decoder(UrlAnswer)
_TASK_ID = msgspec.json.Decoder(TaskId)
_DOWNLOAD = msgspec.json.Decoder(Download)
_OWN_NUMBER = re.compile(r"[A-Za-z0-9_\-]{8,32}", re.ASCII)
_ITEM_ID = re.compile(r"[A-Za-z0-9_\-]{1,64}", re.ASCII)
_LONGEST_NAME, _LONGEST_REMARK = 20, 1024


def biz_balance(gateway: Gateway, env: int) -> Flow[Fen]:
    found, _ = yield from gateway.ask(BIZ_BALANCE, _BALANCE, "/xpay/query_biz_balance", {"env": env}, env=env)
    return _fen(found.balance_available.amount, BIZ_BALANCE)


def withdraw(gateway: Gateway, withdraw_no: str, amount: Fen | None, env: int) -> Flow[Withdrawal]:
    body: dict[str, Any] = {"withdraw_no": _own_number(withdraw_no), "env": env}
    if amount is not None:
        if not is_fen(amount):
            raise InvalidArgument(
                "amount must be a positive integer in fen; leave it out to withdraw all", code=1008
            )
        body["withdraw_amount"] = yuan_from_fen(amount)
    made, _ = yield from gateway.ask(WITHDRAW, _WITHDRAWAL, "/xpay/create_withdraw_order", body, env=env)
    return Withdrawal(
        withdraw_no=made.withdraw_no, wx_withdraw_no=made.wx_withdraw_no, withdraw_amount=amount
    )


def query_withdrawal(gateway: Gateway, withdraw_no: str, env: int) -> Flow[Withdrawal]:
    body = {"withdraw_no": _own_number(withdraw_no), "env": env}
    found, _ = yield from gateway.ask(
        QUERY_WITHDRAWAL, _WITHDRAWAL, "/xpay/query_withdraw_order", body, env=env
    )
    return Withdrawal(
        withdraw_no=found.withdraw_no,
        wx_withdraw_no=found.wx_withdraw_no,
        status=found.status,
        withdraw_amount=_fen(found.withdraw_amount, QUERY_WITHDRAWAL) if found.withdraw_amount else None,
        fail_reason=found.fail_reason or found.failReason or None,
    )


def bill_url(gateway: Gateway, begin: dt.date, end: dt.date) -> Flow[str]:
    body = {"begin_ds": _day(begin), "end_ds": _day(end)}
    _check_span(begin, end)
    found, _ = yield from gateway.ask(BILL, _URL, "/xpay/download_bill", body, env=0)
    return found.url


def start_download(
    gateway: Gateway, begin: dt.date, end: dt.date, order_type: Literal[1, 2, 3, 4], env: int
) -> Flow[str]:
    _check_span(begin, end)
    body = {"begin_ds": _day(begin), "end_ds": _day(end), "order_type": order_type, "env": env}
    found, _ = yield from gateway.ask(START_DOWNLOAD, _TASK_ID, "/xpay/start_download_order", body, env=env)
    return found.task_id


def query_download(gateway: Gateway, task_id: str, env: int) -> Flow[Download]:
    body = {"task_id": task_id, "env": env}
    found, _ = yield from gateway.ask(QUERY_DOWNLOAD, _DOWNLOAD, "/xpay/query_download_order", body, env=env)
    return found


def upload(
    gateway: Gateway,
    product_id: str,
    name: str,
    price: Fen,
    item_url: str,
    remark: str,
    env: int,
) -> Flow[None]:
    item = {
        "id": _item_id(product_id),
        "name": _within("name", name, _LONGEST_NAME),
        "price": _price(price),
        "remark": _within("remark", remark, _LONGEST_REMARK),
        "item_url": _within("item_url", item_url, _LONGEST_REMARK),
    }
    body = {"upload_item": [item], "env": env}
    yield from gateway.call(UPLOAD, "/xpay/start_upload_goods", body, env=env)


def publish(gateway: Gateway, product_id: str, env: int) -> Flow[None]:
    body = {"publish_item": [{"id": _item_id(product_id)}], "env": env}
    yield from gateway.call(PUBLISH, "/xpay/start_publish_goods", body, env=env)


def uploading(gateway: Gateway, env: int) -> Flow[GoodsTask]:
    found, _ = yield from gateway.ask(QUERY_UPLOAD, _TASK, "/xpay/query_upload_goods", {"env": env}, env=env)
    return _task(found)


def publishing(gateway: Gateway, env: int) -> Flow[GoodsTask]:
    found, _ = yield from gateway.ask(
        QUERY_PUBLISH, _TASK, "/xpay/query_publish_goods", {"env": env}, env=env
    )
    return _task(found)


def _task(found: TaskAnswer) -> GoodsTask:
    items = tuple(
        GoodsItem(
            id=item.id,
            status=next(one for one in (item.upload_status, item.publish_status, 0) if one is not None),
            name=item.name,
            price=item.price,
            errmsg=item.errmsg,
        )
        for item in (*found.upload_item, *found.publish_item)
    )
    return GoodsTask(status=found.status, items=items)


def _fen(yuan: str, operation: Operation) -> Fen:
    try:
        return fen_from_yuan(yuan)
    except ValueError as error:
        raise unreadable(operation, str(error)) from error


def _day(day: dt.date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _check_span(begin: dt.date, end: dt.date) -> None:
    if begin > end:
        raise InvalidArgument(f"a bill from {begin} to {end} has no days: give the earlier day first")


def _own_number(withdraw_no: str) -> str:
    if not isinstance(withdraw_no, str) or not _OWN_NUMBER.fullmatch(withdraw_no):
        raise InvalidArgument(f"withdraw_no {withdraw_no!r} takes 8–32 letters, digits, _ or -")
    return withdraw_no


def _item_id(value: str) -> str:
    if not isinstance(value, str) or not _ITEM_ID.fullmatch(value):
        raise InvalidArgument(f"product_id {value!r} takes 1–64 letters, digits, _ or -")
    return value


def _within(name: str, value: str, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise InvalidArgument(f"{name} must be a text of 1–{longest} characters")
    return value


def _price(price: Fen) -> Fen:
    if not is_fen(price):
        raise InvalidArgument("price must be a positive integer in fen")
    return price
