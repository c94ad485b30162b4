"""What a provider has not."""

from __future__ import annotations

from typing import ClassVar

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import (
    AuthorizationRequest,
    Transfer,
    TransferAuthorization,
    TransferRef,
    TransferRequest,
)
from vkpay_async.providers.base import Flow


class Unsupported:
    """Base of providers that lack operations."""

    name: ClassVar[str]

    def transfer(self, request: TransferRequest) -> Flow[Transfer]:
        raise self._lacks("transfers")

    def query_transfer(self, ref: TransferRef) -> Flow[Transfer]:
        raise self._lacks("transfers")

    def cancel_transfer(self, ref: TransferRef) -> Flow[Transfer]:
        raise self._lacks("transfers")

    def create_authorization(self, request: AuthorizationRequest) -> Flow[TransferAuthorization]:
        raise self._lacks("authorisations")

    def query_authorization(
        self, out_authorization_no: str, *, is_display_authorization: bool = False
    ) -> Flow[TransferAuthorization]:
        raise self._lacks("authorisations")

    def close_authorization(self, out_authorization_no: str) -> Flow[TransferAuthorization]:
        raise self._lacks("authorisations")

    def _lacks(self, what: str) -> InvalidArgument:
        return InvalidArgument(f"{self.name} has no {what}")
