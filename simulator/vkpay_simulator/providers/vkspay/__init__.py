"""The simulated VksPay gateway."""

from vkpay_simulator.providers.vkspay.provider import VkspaySim

__all__ = ["VkspaySim"]
