"""Every provider by name. A new one is a folder, and a line here.

What the rest needs to know of a provider stands in its folder's ``about.py``, which loads neither its code nor a crypto
library; it is read when it is first asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

import msgspec

REGISTRY: dict[str, str] = {
    "wxpay": "vkpay_async.providers.wxpay",
    "alipay": "vkpay_async.providers.alipay",
    "vkspay": "vkpay_async.providers.vkspay",
    "huawei": "vkpay_async.providers.huawei",
    "huaweiiap": "vkpay_async.providers.huaweiiap",
    "douyin": "vkpay_async.providers.douyin",
    "wxpay-virtual": "vkpay_async.providers.wxpay_virtual",
    "appleiap": "vkpay_async.providers.appleiap",
}
"""vk-uni-pay's name of a provider, and its folder."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider is called, how it is configured, and by which ways it can be paid.

    ``provider`` is where its class stands (``package.module:Class``). ``node`` is the type of its settings, ``platforms`` the
    names of its nodes. ``part`` says which of its ways belongs to a client platform: it is called with the platform, the
    :class:`ClientContext`, ``need_qrcode`` and ``alipay_app_pay_to_h5_pay``, and gives the second half of a pay_type or
    ``None``. ``number`` is what an ``out_trade_no`` may be, in a pattern and in words. ``earliest_expiry_ms`` says how far
    ahead ``time_expire`` must be, by pay_type and under ``""`` for the others; it is empty where none can be given.
    ``answers_get`` tells that the provider checks an address with a GET; ``priced``, that it works out ``total_fee`` itself;
    ``one_payer``, that it finds an order by its payer's openid as well, so that an order is one payer's; ``one_node``, that its
    settings are one table, and not one for each platform; ``shows_qrcode``, that a front end wants the image of its QR codes
    always.
    """

    name: str
    title: str
    provider: str
    node: type[Any]
    platforms: tuple[str, ...]
    pay_types: frozenset[str]
    part: Callable[[str, Any, bool, bool], str | None]
    number: tuple[re.Pattern[str], str]
    earliest_expiry_ms: Mapping[str, int] = {}
    qr_pay_types: frozenset[str] = frozenset()
    openid_pay_types: frozenset[str] = frozenset()
    answers_get: bool = False
    priced: bool = False
    one_payer: bool = False
    one_node: bool = False
    shows_qrcode: bool = False


def about(name: str) -> About:
    """Raises ``KeyError`` for a provider that is not registered."""
    return _about(REGISTRY[name])


def every_about() -> list[About]:
    return [about(name) for name in REGISTRY]


def provider_class(name: str) -> Any:
    """The provider's code, loaded now if it has not been. Raises ``KeyError``."""
    module, _, attribute = about(name).provider.partition(":")
    return getattr(import_module(module), attribute)


def pay_types() -> frozenset[str]:
    """Every pay_type this version can create."""
    return frozenset[str]().union(*(one.pay_types for one in every_about()))


@cache
def _about(folder: str) -> About:
    found: About = import_module(f"{folder}.about").ABOUT
    return found
