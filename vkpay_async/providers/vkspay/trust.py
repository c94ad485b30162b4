"""What was learnt of the gateway: whether its notifications are signed the way its requests are.

Nobody outside knows. So a signature is no reason to refuse a notification until one has held on a payment that the gateway
confirmed; from then on one that does not hold, or is missing, is refused without asking.
"""

from __future__ import annotations

from collections.abc import Mapping

from vkpay_async.errors import SignatureInvalid
from vkpay_async.providers.vkspay.signing import verify


class Trust:
    """Shared by a store's nodes."""

    def __init__(self) -> None:
        self.signs_notifications = False

    def check(self, fields: Mapping[str, str], key: str) -> bool:
        """Whether the signature holds. Raises :class:`SignatureInvalid` where it is known that it must."""
        try:
            verify(fields, key)
        except SignatureInvalid:
            if self.signs_notifications:
                raise
            return False
        return True
