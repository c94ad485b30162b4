"""Numbers whose first call failed: later calls with them fail alike, whatever they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vkpay_simulator.providers.douyin.accounts import App
from vkpay_simulator.providers.douyin.errors import Refusal, refused

T = TypeVar("T")


class Burnt:
    """Remembers refusals of the business. What was wrong before it (a sign, a field) burns nothing."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, str], Refusal] = {}

    def clear(self) -> None:
        self._numbers.clear()

    def attempt(self, app: App, kind: str, number: str, act: Callable[[], T]) -> T:
        """``act``, unless it failed before under this number. Raises :class:`Refusal`."""
        key = app.app_id, kind, number
        if key in self._numbers:
            first = self._numbers[key]
            tips = f"{first.tips}，请更换单号"
            raise refused(
                tips, f"The first call with {number} failed, so that number is used up. Then: {first.why}"
            )
        try:
            return act()
        except Refusal as no:
            self._numbers[key] = no
            raise
