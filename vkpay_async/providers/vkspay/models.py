"""The gateway's own objects in its own spelling.

Amounts are yuan. A number keeps the text that stood on the wire: no float comes between.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import Value
from vkpay_async.money import Fen, fen_from_yuan

UNREADABLE = (ValueError, RecursionError, msgspec.MsgspecError)
"""What reading foreign bytes may raise; the second for JSON nested without end."""

SUCCESS = "SUCCESS"

_WHOLE = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it came. What it says beside the code depends on the method, and on what is not known of the gateway."""

    return_code: str
    return_msg: str | None = None
    out_refund_no: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class Answer(Value, frozen=True, kw_only=True):
    """An answer, readable. ``data`` holds texts and the texts of numbers; what is neither is left out.

    ``body`` is the whole as it came.
    """

    code: str
    message: str = ""
    out_refund_no: str | None = None
    data: Mapping[str, str] = {}
    body: bytes = b""

    @property
    def succeeded(self) -> bool:
        """Paid, of an order that was asked for; carried out, of every other call."""
        return self.code == SUCCESS

    def fen(self, name: str) -> Fen | None:
        """An amount of ``data``, ``None`` where there is none. Raises ``ValueError`` for what is no amount."""
        text = self.data.get(name)
        return fen_from_yuan(text) if text else None

    def decoded(self) -> dict[str, Any]:
        """All that it says. A number with decimals is a ``Decimal``."""
        whole: dict[str, Any] = _WHOLE.decode(self.body)
        return whole


def parse_answer(body: bytes) -> Answer:
    """Raises one of :data:`UNREADABLE` for what is no answer of the gateway."""
    envelope = msgspec.json.decode(body, type=Envelope)
    data = _texts(bytes(envelope.data))
    return Answer(
        code=envelope.return_code,
        message=envelope.return_msg or "",
        out_refund_no=envelope.out_refund_no or data.get("out_refund_no"),
        data=data,
        body=body,
    )


def _texts(data: bytes) -> dict[str, str]:
    if not data.startswith(b"{"):
        return {}
    parts = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    texts = {name: _text(bytes(part)) for name, part in parts.items()}
    return {name: text for name, text in texts.items() if text is not None}


def _text(part: bytes) -> str | None:
    if part.startswith(b'"'):
        return msgspec.json.decode(part, type=str)
    return part.decode() if part[:1] in b"-0123456789" else None


def merged(
    fields: Mapping[str, object], other: Mapping[str, object], keep: frozenset[str]
) -> dict[str, object]:
    """``fields`` under ``other``. Raises :class:`InvalidArgument` for a name in ``keep``."""
    clash = sorted(keep & other.keys())
    if clash:
        raise InvalidArgument(f"`other` must not set {', '.join(clash)}: pass it as an argument of its own")
    return {**fields, **other}
