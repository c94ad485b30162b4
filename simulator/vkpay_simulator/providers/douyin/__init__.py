"""The simulated Douyin: guaranteed payment (ecpay v1) and the general trade system."""

from vkpay_simulator.providers.douyin.provider import DouyinSim

__all__ = ["DouyinSim"]
