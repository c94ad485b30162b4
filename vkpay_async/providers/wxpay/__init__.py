"""WeChat Pay, API v3."""

from vkpay_async.providers.wxpay.provider import WxpayProvider

__all__ = ["WxpayProvider"]
