"""Notifications: received, checked, stored, handed to the order's handler."""

from vkpay_async.notify.handlers import Handlers, PaidHandler, TransferHandler
from vkpay_async.notify.receiver import NotificationResult, Receiver

__all__ = ["Handlers", "NotificationResult", "PaidHandler", "Receiver", "TransferHandler"]
