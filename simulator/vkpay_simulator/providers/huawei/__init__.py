"""The simulated Huawei Pay (Payment Kit)."""

from vkpay_simulator.providers.huawei.provider import HuaweiSim

__all__ = ["HuaweiSim"]
