"""The simulated api.weixin.qq.com, as far as it says who a user is."""

from vkpay_simulator.providers.weixin.provider import WeixinSim, logins_of

__all__ = ["WeixinSim", "logins_of"]
