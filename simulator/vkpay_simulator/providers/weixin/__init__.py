"""The simulated api.weixin.qq.com, as far as it says who a user is."""

from vkpay_simulator.providers.weixin.provider import WeixinSim

__all__ = ["WeixinSim"]
