"""Alipay as the rest of the SDK knows it: its settings, its ways of paying, and which of them a client platform takes."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from vkpay_async.config.nodes import Node
from vkpay_async.config.secret import Material, Secret
from vkpay_async.pay_type import APPS, BROWSERS, ClientContext
from vkpay_async.registry import About


class AlipayNode(Node, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Alipay. Host: https://openapi.alipay.com, the sandbox's with ``sandbox``, or ``base_url``."""

    default_base_url: ClassVar[str] = "https://openapi.alipay.com"
    sandbox_base_url: ClassVar[str] = "https://openapi-sandbox.dl.alipaydev.com"
    materials: ClassVar[frozenset[str]] = frozenset(
        {"private_key", "alipay_public_key", "alipay_public_cert", "alipay_root_cert", "app_cert"}
    )

    private_key: Material | None = None
    key_type: Literal["PKCS1", "PKCS8"] | None = None
    alipay_public_key: Material | None = None
    alipay_public_cert: Material | None = None
    alipay_root_cert: Material | None = None
    app_cert: Material | None = None
    app_cert_sn: str | None = None
    alipay_root_cert_sn: str | None = None
    encrypt_key: Secret | None = None
    mch_id: str | None = None
    app_auth_token: Secret | None = None
    app_auth_tokens: list[dict[str, Secret]] = []
    """Sub-merchants' ``appAuthToken``, ``authAppId`` and ``mchId``, for an application to choose from."""
    sign_type: Literal["RSA2", "RSA"] = "RSA2"
    sandbox: bool = False

    @property
    def certificate_mode(self) -> bool:
        """Certificates win over a bare public key, as in vk-uni-pay where they are the default."""
        return bool(self.app_cert)


def _part(platform: str, context: ClientContext, need_qrcode: bool, app_to_h5: bool) -> str | None:
    if need_qrcode or platform in BROWSERS:
        return "h5"
    if platform in APPS:
        return "h5" if app_to_h5 else "app-plus"
    return "mp-alipay" if platform == "mp-alipay" else None


ABOUT = About(
    name="alipay",
    title="Alipay",
    provider="vkpay_async.providers.alipay.provider:AlipayProvider",
    node=AlipayNode,
    platforms=("mp-alipay", "app-plus", "h5", "page", "wap", "transfer", "codepay"),
    pay_types=frozenset(
        {
            "alipay_mp-alipay",
            "alipay_app-plus",
            "alipay_h5",
            "alipay_page",
            "alipay_wap",
            "alipay_codepay",
        }
    ),
    qr_pay_types=frozenset({"alipay_h5"}),
    openid_pay_types=frozenset({"alipay_mp-alipay"}),
    part=_part,
    # Alipay documents letters, digits and _ only, and takes hyphens: a published notification of its own has them.
    number=(re.compile(r"[0-9A-Za-z_\-]{1,64}"), "1–64 letters, digits or _ -"),
    earliest_expiry_ms={"": 1_000},
)
