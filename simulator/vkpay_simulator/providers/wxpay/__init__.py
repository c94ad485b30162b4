"""The simulated WeChat Pay API v3."""

from vkpay_simulator.providers.wxpay.provider import WxpaySim

__all__ = ["WxpaySim"]
