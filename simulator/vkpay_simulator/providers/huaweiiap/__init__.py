"""Huawei in-app purchase (IAP Kit of HarmonyOS), simulated."""

from vkpay_simulator.providers.huaweiiap.provider import HuaweiIapSim

__all__ = ["HuaweiIapSim"]
