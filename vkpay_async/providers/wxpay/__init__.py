"""WeChat Pay, API v3 (and API v2's signature, for products that only v2 has)."""

from vkpay_async.providers.wxpay.provider import WxpayProvider
from vkpay_async.providers.wxpay.v2 import open_refund_v2, sign_v2, verify_v2

__all__ = ["WxpayProvider", "open_refund_v2", "sign_v2", "verify_v2"]
