"""Answers: JSON under HTTP 200, whatever happened, with a trace id in a header."""

from __future__ import annotations

from typing import Any

import msgspec
from multidict import CIMultiDict

from vkpay_simulator.clock import Clock, china_text
from vkpay_simulator.exchange import Answer
from vkpay_simulator.ids import Ids


class Answers:
    """Makes answers and their ids."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    def log_id(self) -> str:
        """``20240101080000`` and eighteen more."""
        stamp = "".join(char for char in china_text(self._clock.now()) if char.isdigit())
        return stamp + self._ids.hex(20).upper()

    def json(
        self, value: dict[str, Any], *, status: int = 200, explain: str = "", log_id: str | None = None
    ) -> Answer:
        headers = CIMultiDict(
            {
                "Content-Type": "application/json; charset=utf-8",
                "X-Tt-Logid": log_id or self.log_id(),
            }
        )
        return Answer(status=status, body=msgspec.json.encode(value), headers=headers, explain=explain)

    def file(self, body: bytes, content_type: str) -> Answer:
        headers = CIMultiDict({"Content-Type": content_type, "X-Tt-Logid": self.log_id()})
        return Answer(body=body, headers=headers)
