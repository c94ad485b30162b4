"""SamplePay as the rest of the SDK knows it."""

from __future__ import annotations

import re
from typing import ClassVar

from vkpay_async.config.nodes import Node
from vkpay_async.config.secret import Secret
from vkpay_async.pay_type import BROWSERS, ClientContext
from vkpay_async.registry import About


class SampleNode(Node, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """SamplePay. Host: https://sample.example, or ``base_url``."""

    default_base_url: ClassVar[str] = "https://sample.example"

    mch_id: str
    key: Secret


def _part(platform: str, context: ClientContext, need_qrcode: bool, app_to_h5: bool) -> str | None:
    return "h5" if need_qrcode or platform in BROWSERS else None


ABOUT = About(
    name="samplepay",
    title="SamplePay",
    provider="tests.contract.sample.sdk.provider:SampleProvider",
    node=SampleNode,
    platforms=("h5",),
    pay_types=frozenset({"samplepay_h5"}),
    qr_pay_types=frozenset({"samplepay_h5"}),
    part=_part,
    number=(re.compile(r"[0-9A-Za-z_\-]{1,32}"), "1–32 letters, digits or _ -"),
)
