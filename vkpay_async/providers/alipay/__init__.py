"""Alipay, over the open platform's gateway (version 2)."""

from vkpay_async.providers.alipay.provider import AlipayProvider

__all__ = ["AlipayProvider"]
