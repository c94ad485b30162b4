"""The simulated Alipay gateway."""

from vkpay_simulator.providers.alipay.provider import AlipaySim

__all__ = ["AlipaySim"]
