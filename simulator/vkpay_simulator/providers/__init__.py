"""The registry: which providers a simulated world has."""

from __future__ import annotations

from importlib import import_module
from typing import Any

REGISTRY = {
    "wxpay": "vkpay_simulator.providers.wxpay.provider:WxpaySim",
    "alipay": "vkpay_simulator.providers.alipay.provider:AlipaySim",
    "vkspay": "vkpay_simulator.providers.vkspay.provider:VkspaySim",
    "huawei": "vkpay_simulator.providers.huawei.provider:HuaweiSim",
    "douyin": "vkpay_simulator.providers.douyin.provider:DouyinSim",
    "weixin": "vkpay_simulator.providers.weixin.provider:WeixinSim",
    "wxpay-virtual": "vkpay_simulator.providers.wxpay_virtual.provider:WxpayVirtualSim",
    "appleiap": "vkpay_simulator.providers.appleiap.provider:AppleSim",
    "huaweiiap": "vkpay_simulator.providers.huaweiiap.provider:HuaweiIapSim",
}


def load() -> dict[str, Any]:
    """Every provider's class by name. A module that cannot be imported raises here, when a world is made."""
    return {name: _load(address) for name, address in REGISTRY.items()}


def _load(address: str) -> Any:
    module, _, attribute = address.partition(":")
    return getattr(import_module(module), attribute)
