"""The simulated virtual payment of WeChat mini programs (虚拟支付, xpay)."""

from vkpay_simulator.providers.wxpay_virtual.provider import WxpayVirtualSim

__all__ = ["WxpayVirtualSim"]
