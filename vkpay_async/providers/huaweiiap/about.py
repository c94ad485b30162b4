"""Huawei in-app purchase as the rest of the SDK knows it: its settings, and where it is paid."""

from __future__ import annotations

import re
from typing import ClassVar

from vkpay_async.config.nodes import Node
from vkpay_async.config.secret import Material
from vkpay_async.pay_type import APPS, ClientContext
from vkpay_async.registry import About


class HuaweiIapNode(Node, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """IAP Kit in mainland China. Host: https://iap.cloud.huawei.com, or ``base_url``.

    ``issuer_id``, ``key_id`` and ``private_key`` are those of the API key in AppGallery Connect, ``app_id`` is the APP ID.
    ``root_cert`` is Huawei CBG Root CA G2, which all that is bought is signed under. ``accept_sandbox`` takes what test accounts
    buy, which nobody paid.
    """

    default_base_url: ClassVar[str] = "https://iap.cloud.huawei.com"
    materials: ClassVar[frozenset[str]] = frozenset({"private_key", "root_cert"})

    issuer_id: str
    key_id: str
    private_key: Material | None = None
    root_cert: Material | None = None
    accept_sandbox: bool = False


def _part(platform: str, context: ClientContext, need_qrcode: bool, app_to_h5: bool) -> str | None:
    return "app-harmony" if platform in APPS and not need_qrcode else None


ABOUT = About(
    name="huaweiiap",
    title="Huawei in-app purchase",
    provider="vkpay_async.providers.huaweiiap.provider:HuaweiIapProvider",
    node=HuaweiIapNode,
    platforms=("app-harmony",),
    pay_types=frozenset({"huaweiiap_app-harmony"}),
    part=_part,
    number=(re.compile(r"[0-9A-Za-z_\-]{1,64}"), "1–64 letters, digits or _ -"),
)
