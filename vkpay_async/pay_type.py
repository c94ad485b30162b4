"""From provider and client platform to ``pay_type``, vk-uni-pay's name for a way of paying.

A ``pay_type`` is ``<provider>_<platform>`` and names the config node as well: ``wxpay_h5`` is WeChat Native under
``wxpay.h5``, ``alipay_h5`` is Alipay precreate under ``alipay.h5``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from vkpay_async.errors import InvalidArgument

_ALIASES = {"web": "h5", "app": "app-plus"}
_APPS = frozenset({"app-plus", "app-harmony"})
_BROWSERS = frozenset({"h5", "h5-weixin"})
_MOBILE = re.compile(r"android|iphone|ipad|ipod|mobile|harmonyos|openharmony", re.IGNORECASE)
_DESKTOP = re.compile(r"windows nt|macintosh|x11; linux|x11; cros", re.IGNORECASE)
_WECHAT = "micromessenger"

PAY_TYPES = frozenset(
    {
        "wxpay_mp-weixin",
        "wxpay_app-plus",
        "wxpay_h5",
        "wxpay_h5-weixin",
        "wxpay_mweb",
        "wxpay_codepay",
        "alipay_mp-alipay",
        "alipay_app-plus",
        "alipay_h5",
        "alipay_page",
        "alipay_wap",
        "alipay_codepay",
    }
)
"""Every pay_type this version can create."""

QR_PAY_TYPES = frozenset({"wxpay_h5", "alipay_h5"})
"""Those whose order_info is the text of a QR code."""

OPENID_PAY_TYPES = frozenset({"wxpay_mp-weixin", "wxpay_h5-weixin", "alipay_mp-alipay"})
"""Those that need the payer's openid (code 1006)."""


class ClientContext(msgspec.Struct, frozen=True, kw_only=True):
    """Where the call comes from. ``is_pc`` is ``None`` when the client did not say; the user agent then tells."""

    platform: str | None = None
    client_ip: str | None = None
    user_agent: str = ""
    appid: str | None = None
    device_id: str | None = None
    is_pc: bool | None = None

    @classmethod
    def from_mapping(cls, context: Mapping[str, Any]) -> ClientContext:
        """Reads a cloud function's context (``PLATFORM``, ``CLIENTIP`` …) or a ``getClientInfo()`` object."""
        return cls(
            platform=_first(context, "PLATFORM", "platform", "uniPlatform"),
            client_ip=_first(context, "CLIENTIP", "clientIP", "client_ip"),
            user_agent=_first(context, "CLIENTUA", "userAgent", "user_agent") or "",
            appid=_first(context, "APPID", "appId", "appid"),
            device_id=_first(context, "DEVICEID", "deviceId", "device_id"),
        )


def pay_type_of(
    provider: str,
    context: ClientContext,
    *,
    auth_code: str | None = None,
    need_qrcode: bool = False,
    alipay_app_pay_to_h5_pay: bool = False,
    product: str | None = None,
) -> str:
    """The pay_type of a call; the first rule that fits wins.

    ``product`` asks for one by name: ``"page"`` or ``"wap"`` at Alipay, or any platform part of a pay_type.
    Raises :class:`InvalidArgument` (1005 no or unknown provider, 1011 no platform, −1 no way to pay there).
    """
    if provider not in _RULES:
        raise InvalidArgument(
            f"provider must be one of {', '.join(sorted(_RULES))}, not {provider!r}", code=1005
        )
    if product:
        return _named(provider, product)
    if auth_code:
        return f"{provider}_codepay"
    platform = _ALIASES.get(context.platform or "", context.platform)
    if not platform and not need_qrcode:
        raise InvalidArgument("platform is missing: say where the payer is, e.g. platform='h5'", code=1011)
    part = _RULES[provider](platform or "", context, need_qrcode, alipay_app_pay_to_h5_pay)
    if part is None:
        raise InvalidArgument(
            f"{provider} cannot be paid on platform {platform!r}; need_qrcode=True shows a QR code anywhere"
        )
    return f"{provider}_{part}"


def split_pay_type(pay_type: str) -> tuple[str, str]:
    """``"wxpay_mp-weixin"`` → ``("wxpay", "mp-weixin")``."""
    provider, _, platform = pay_type.partition("_")
    return provider, platform


def _named(provider: str, product: str) -> str:
    pay_type = f"{provider}_{product}"
    if pay_type not in PAY_TYPES:
        known = sorted(split_pay_type(p)[1] for p in PAY_TYPES if p.startswith(f"{provider}_"))
        raise InvalidArgument(f"{provider} has no product {product!r}; it has {', '.join(known)}")
    return pay_type


def _wxpay(platform: str, context: ClientContext, need_qrcode: bool, _: bool) -> str | None:
    if need_qrcode:
        return "h5"
    if platform == "mp-weixin":
        return "mp-weixin"
    if platform in _APPS:
        return "app-plus"
    if platform not in _BROWSERS:
        return None
    in_wechat = platform == "h5-weixin" or _WECHAT in context.user_agent.lower()
    if _is_pc(context):
        return "h5"
    return "h5-weixin" if in_wechat else "mweb"


def _alipay(platform: str, context: ClientContext, need_qrcode: bool, app_to_h5: bool) -> str | None:
    if need_qrcode or platform in _BROWSERS:
        return "h5"
    if platform in _APPS:
        return "h5" if app_to_h5 else "app-plus"
    return "mp-alipay" if platform == "mp-alipay" else None


_RULES = {"wxpay": _wxpay, "alipay": _alipay}


def _is_pc(context: ClientContext) -> bool:
    """What the client says; otherwise a desktop user agent, WeChat's own desktop browser included."""
    if context.is_pc is not None:
        return context.is_pc or _is_desktop_wechat(context.user_agent)
    return _is_desktop(context.user_agent)


def _is_desktop(user_agent: str) -> bool:
    return bool(_DESKTOP.search(user_agent)) and not _MOBILE.search(user_agent)


def _is_desktop_wechat(user_agent: str) -> bool:
    return _WECHAT in user_agent.lower() and _is_desktop(user_agent)


def _first(mapping: Mapping[str, Any], *keys: str) -> str | None:
    return next((str(mapping[key]) for key in keys if mapping.get(key)), None)
