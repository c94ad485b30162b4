"""From provider and client platform to ``pay_type``, vk-uni-pay's name for a way of paying.

A ``pay_type`` is ``<provider>_<platform>`` and names the config node as well: ``wxpay_h5`` is WeChat Native under
``wxpay.h5``, ``alipay_h5`` is Alipay precreate under ``alipay.h5``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.registry import REGISTRY, about

_ALIASES = {"web": "h5", "app": "app-plus"}
APPS = frozenset({"app-plus", "app-harmony"})
BROWSERS = frozenset({"h5", "h5-weixin"})
_MOBILE = re.compile(r"android|iphone|ipad|ipod|mobile|harmonyos|openharmony", re.IGNORECASE)
_DESKTOP = re.compile(r"windows nt|macintosh|x11; linux|x11; cros", re.IGNORECASE)
_WECHAT = "micromessenger"


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
    if provider not in REGISTRY:
        raise InvalidArgument(
            f"provider must be one of {', '.join(sorted(REGISTRY))}, not {provider!r}", code=1005
        )
    known = about(provider)
    if product:
        return _named(provider, product)
    if auth_code:
        return _named(provider, "codepay")
    platform = _ALIASES.get(context.platform or "", context.platform)
    if not platform and not need_qrcode:
        raise InvalidArgument("platform is missing: say where the payer is, e.g. platform='h5'", code=1011)
    part = known.part(platform or "", context, need_qrcode, alipay_app_pay_to_h5_pay)
    if part is None:
        code = (
            "need_qrcode=True shows a QR code anywhere" if known.qr_pay_types else "it has no QR codes either"
        )
        raise InvalidArgument(f"{provider} cannot be paid on platform {platform!r}; {code}")
    return f"{provider}_{part}"


@lru_cache(maxsize=256)
def split_pay_type(pay_type: str) -> tuple[str, str]:
    """``"wxpay_mp-weixin"`` → ``("wxpay", "mp-weixin")``."""
    provider, _, platform = pay_type.partition("_")
    return provider, platform


def _named(provider: str, product: str) -> str:
    pay_type, pay_types = f"{provider}_{product}", about(provider).pay_types
    if pay_type not in pay_types:
        known = sorted(split_pay_type(p)[1] for p in pay_types)
        raise InvalidArgument(f"{provider} has no product {product!r}; it has {', '.join(known)}")
    return pay_type


def is_pc(context: ClientContext) -> bool:
    """What the client says; otherwise a desktop user agent, WeChat's own desktop browser included."""
    if context.is_pc is not None:
        return context.is_pc or _is_desktop_wechat(context.user_agent)
    return _is_desktop(context.user_agent)


def is_wechat(context: ClientContext) -> bool:
    """Whether WeChat's own browser asks."""
    return _WECHAT in context.user_agent.lower()


def _is_desktop(user_agent: str) -> bool:
    return bool(_DESKTOP.search(user_agent)) and not _MOBILE.search(user_agent)


def _is_desktop_wechat(user_agent: str) -> bool:
    return _WECHAT in user_agent.lower() and _is_desktop(user_agent)


def _first(mapping: Mapping[str, Any], *keys: str) -> str | None:
    return next((str(mapping[key]) for key in keys if mapping.get(key)), None)
