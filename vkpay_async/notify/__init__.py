"""Notifications: received, checked, stored, handed to the order's handler."""

from vkpay_async.notify.handlers import Handlers, PaidHandler, RefundedHandler, TransferHandler
from vkpay_async.notify.pipeline import Pipeline, Settled, Source
from vkpay_async.notify.receiver import NotificationResult, Receiver

__all__ = [
    "Handlers",
    "NotificationResult",
    "PaidHandler",
    "Pipeline",
    "Receiver",
    "RefundedHandler",
    "Settled",
    "Source",
    "TransferHandler",
]
