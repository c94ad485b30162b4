"""The only aiohttp client code: one pooled session, retries, size caps."""

from vkpay_async.transport.retry import RetryPolicy, pause_before
from vkpay_async.transport.session import Transport

__all__ = ["RetryPolicy", "Transport", "pause_before"]
