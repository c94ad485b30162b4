"""WeChat Pay as the rest of the SDK knows it: its settings, its ways of paying, and which of them a client platform takes."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from vkpay_async.config.nodes import Node
from vkpay_async.config.secret import Material, Secret
from vkpay_async.pay_type import APPS, BROWSERS, ClientContext, is_pc, is_wechat
from vkpay_async.registry import About


class WxpayNode(Node, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """WeChat Pay. Hosts: https://api.mch.weixin.qq.com unless ``base_url`` says otherwise; for logins, which need ``secret``,
    https://api.weixin.qq.com or ``weixin_base_url``.
    """

    default_base_url: ClassVar[str] = "https://api.mch.weixin.qq.com"
    materials: ClassVar[frozenset[str]] = frozenset(
        {"app_cert", "app_private_key", "wxpay_public_key", "platform_cert", "wxpay_public_cert", "pfx"}
    )

    mch_id: str
    secret: Secret | None = None
    weixin_base_url: str | None = None
    key: Secret | None = None
    v3_key: Secret | None = None
    app_cert: Material | None = None
    app_private_key: Material | None = None
    serial_no: str | None = None
    wxpay_public_key: Material | None = None
    wxpay_public_key_id: str | None = None
    platform_cert: Material | None = None
    platform_serial_no: str | None = None
    wxpay_public_cert: Material | None = None
    wxpay_public_cert_sn: str | None = None
    pfx: Material | None = None
    version: int = 3
    scene_info: dict[str, Any] = {}
    sub_app_id: str | None = None
    sub_mch_id: str | None = None
    sub_merchants: list[dict[str, Any]] = []
    sign_type: str | None = None
    sandbox: bool = False

    @property
    def trust_group(self) -> str:
        return f"{self.mch_id} {self.wxpay_public_key_id} {self.platform_serial_no}"


def _part(platform: str, context: ClientContext, need_qrcode: bool, _: bool) -> str | None:
    if need_qrcode:
        return "h5"
    if platform == "mp-weixin":
        return "mp-weixin"
    if platform in APPS:
        return "app-plus"
    if platform not in BROWSERS:
        return None
    in_wechat = platform == "h5-weixin" or is_wechat(context)
    if is_pc(context):
        return "h5"
    return "h5-weixin" if in_wechat else "mweb"


ABOUT = About(
    name="wxpay",
    title="WeChat Pay",
    provider="vkpay_async.providers.wxpay.provider:WxpayProvider",
    node=WxpayNode,
    platforms=("mp-weixin", "app-plus", "h5", "h5-weixin", "mweb", "transfer", "codepay"),
    pay_types=frozenset(
        {
            "wxpay_mp-weixin",
            "wxpay_app-plus",
            "wxpay_h5",
            "wxpay_h5-weixin",
            "wxpay_mweb",
            "wxpay_codepay",
        }
    ),
    qr_pay_types=frozenset({"wxpay_h5"}),
    openid_pay_types=frozenset({"wxpay_mp-weixin", "wxpay_h5-weixin"}),
    part=_part,
    number=(re.compile(r"[0-9A-Za-z_\-|*]{6,32}"), "6–32 letters, digits or _ - | *"),
    earliest_expiry_ms={"wxpay_h5": 60_000, "": 300_000},
)
