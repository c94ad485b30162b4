"""Notifications: a form that names an order, and proves nothing.

Observed are the form and ``out_trade_no``, that one may come twice within a second, and that every one is answered with
``SUCCESS``, forged ones too. That it is signed is designed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from vkpay_async.errors import NotificationInvalid
from vkpay_async.models import NotifyReply

ACCEPTED = NotifyReply(
    status=200, body=b'{"code":"SUCCESS","msg":"SUCCESS"}', content_type="application/json"
)
REFUSED = NotifyReply(status=500, body=b'{"code":"FAIL","msg":"FAIL"}', content_type="application/json")

MOST_FIELDS = 100
"""Some ten are expected. A stranger's megabyte of ``&`` would keep the loop busy."""

LARGEST = 64 * 1024
"""Bytes of a notification. Anybody may post one, and each escaped byte costs eighty."""

_NUMBER = re.compile(r"[0-9A-Za-z_\-]{1,64}", re.ASCII)


def form_fields(body: bytes) -> dict[str, str]:
    """The fields of a form body. Raises :class:`NotificationInvalid`."""
    if len(body) > LARGEST:
        raise NotificationInvalid(f"a notification of {len(body)} bytes: VksPay's have at most {LARGEST}")
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise NotificationInvalid("the notification is not a form of UTF-8 text: refuse it") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise NotificationInvalid("a field stands twice in the notification: refuse it")
    return fields


def order_number(fields: Mapping[str, str]) -> str:
    """The gateway's number of the order that it names. Raises :class:`NotificationInvalid`."""
    number = fields.get("out_trade_no", "")
    if not _NUMBER.fullmatch(number):
        raise NotificationInvalid("the notification names no order of VksPay's: refuse it")
    return number
