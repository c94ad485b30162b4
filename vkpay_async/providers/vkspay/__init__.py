"""VksPay: one pay link for WeChat and Alipay, over the vendor's gateway."""

from vkpay_async.providers.vkspay.provider import VkspayProvider

__all__ = ["VkspayProvider"]
