"""Apple in-app purchase, simulated."""

from vkpay_simulator.providers.appleiap.provider import AppleSim

__all__ = ["AppleSim"]
