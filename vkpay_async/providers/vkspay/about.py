"""VksPay as the rest of the SDK knows it: its settings, its ways of paying, and which of them a client platform takes."""

from __future__ import annotations

import re
from typing import ClassVar

from vkpay_async.config.nodes import Node
from vkpay_async.config.secret import Secret
from vkpay_async.pay_type import APPS, BROWSERS, ClientContext
from vkpay_async.registry import About


class VkspayNode(Node, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """VksPay. Host: https://vk-spay-openapi.fsq.pub, or ``base_url``. One table for all platforms, as in vk-uni-pay.

    ``mch_id`` is the store's number (商户门店号), ``key`` its API secret. With ``observed_only`` a call holds the fields that
    were seen of the real gateway and no others: the order's number and title, and the refund's number, are then not sent.
    """

    default_base_url: ClassVar[str] = "https://vk-spay-openapi.fsq.pub"

    app_id: str = ""
    mch_id: str
    key: Secret
    observed_only: bool = False


_PLATFORMS = ("h5", "mp-weixin", "app-plus", "h5-weixin", "mp-alipay", "mweb", "codepay")


def _part(platform: str, context: ClientContext, need_qrcode: bool, app_to_h5: bool) -> str | None:
    if platform in APPS:
        return "app-plus"
    if platform in BROWSERS or platform in ("mp-weixin", "mp-alipay"):
        return platform
    return "h5" if need_qrcode else None


ABOUT = About(
    name="vkspay",
    title="VksPay",
    provider="vkpay_async.providers.vkspay.provider:VkspayProvider",
    node=VkspayNode,
    platforms=_PLATFORMS,
    pay_types=frozenset(f"vkspay_{platform}" for platform in _PLATFORMS),
    qr_pay_types=frozenset(f"vkspay_{platform}" for platform in _PLATFORMS if platform != "codepay"),
    part=_part,
    one_node=True,
    shows_qrcode=True,
    number=(re.compile(r"[0-9A-Za-z_\-]{1,64}"), "1–64 letters, digits or _ -"),
)
