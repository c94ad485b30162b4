"""Numbers in the shapes that are seen in the wild."""

from __future__ import annotations

from vkpay_simulator.ids import Ids
from vkpay_simulator.providers.appleiap.models import Store


class Numbers:
    """Draws the App Store's numbers."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def transaction(self, store: Store) -> str:
        return "200000" + self._ids.digits(10) if store.sandbox else "35000" + self._ids.digits(10)

    def app_transaction(self) -> str:
        return "704" + self._ids.digits(15)

    def line_item(self) -> str:
        return "2000000" + self._ids.digits(9)

    def order(self) -> str:
        """As it stands in the customer's e-mail."""
        return "M" + self._ids.alnum(9).upper()

    def uuid(self) -> str:
        return self._ids.uuid()
