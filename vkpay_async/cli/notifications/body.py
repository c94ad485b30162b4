"""A notification's body for the eye, without what says who the payer is.

Who needs the bytes themselves asks for them: ``--raw``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

HIDDEN = "***"
PERSONAL = frozenset(
    {
        "authorization",
        "buyer_id",
        "buyer_logon_id",
        "buyer_open_id",
        "ciphertext",
        "cookie",
        "cookies",
        "encrypt_key",
        "fund_bill_list",
        "id_card",
        "openid",
        "phone",
        "seller_email",
        "sp_openid",
        "sub_openid",
        "user_display_name",
        "user_id",
        "user_name",
    }
)
"""Names in lower case, of fields and of headers. A ciphertext holds all of them."""


def readable(body: bytes) -> Any:
    """What a JSON or form body says, with the personal hidden; ``None`` for anything else."""
    try:
        return hidden(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _form(body)


def hidden(value: Any) -> Any:
    """The same value; what stands under a personal name is ``***``."""
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if str(name).lower() in PERSONAL and one else hidden(one)
            for name, one in value.items()
        }
    return [hidden(one) for one in value] if isinstance(value, list) else value


def _form(body: bytes) -> Any:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="replace")
    except (UnicodeDecodeError, ValueError):
        return None
    return hidden(dict(pairs))
