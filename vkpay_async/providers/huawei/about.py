"""Huawei Pay as the rest of the SDK knows it: its settings, its ways of paying, and which of them a client platform takes."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from vkpay_async.config.nodes import Node
from vkpay_async.config.secret import Material
from vkpay_async.pay_type import APPS, ClientContext
from vkpay_async.registry import About


class HuaweiNode(Node, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Huawei Pay. Host: https://petalpay-developer.cloud.huawei.com.cn, the sandbox's with ``sandbox``, or ``base_url``.

    ``mch_auth_id`` is the number of the merchant certificate; ``mch_private_key`` belongs to it, RSA (3072 bits at least) or
    SM2. ``platform_public_key`` is the Huawei Pay certificate as the portal shows it, hex digits of a point; several may
    stand there, with blanks between them, and any of them may sign.
    """

    default_base_url: ClassVar[str] = "https://petalpay-developer.cloud.huawei.com.cn"
    sandbox_base_url: ClassVar[str] = "https://petalpay-developer-sandbox.cloud.huawei.com.cn"
    materials: ClassVar[frozenset[str]] = frozenset({"mch_private_key", "platform_public_key"})

    mch_id: str
    mch_auth_id: str
    mch_private_key: Material | None = None
    platform_public_key: Material | None = None
    client_type: str | None = None
    """vk-uni-pay repeats the node's name here."""
    sub_merchants: list[dict[str, Any]] = []
    sandbox: bool = False


def _part(platform: str, context: ClientContext, need_qrcode: bool, app_to_h5: bool) -> str | None:
    if platform in APPS:
        return "app-harmony"
    return "mp-harmony" if platform == "mp-harmony" else None


ABOUT = About(
    name="huawei",
    title="Huawei Pay",
    provider="vkpay_async.providers.huawei.provider:HuaweiProvider",
    node=HuaweiNode,
    # vk-uni-pay's table of pay_types calls the app app-plus, its configuration and its console app-harmony.
    platforms=("mp-harmony", "app-harmony", "app-plus"),
    pay_types=frozenset({"huawei_mp-harmony", "huawei_app-harmony"}),
    part=_part,
    number=(re.compile(r"[0-9A-Za-z_\-]{1,46}"), "1–46 letters, digits or _ -"),
    earliest_expiry_ms={"": 1_000},
)
