"""What was signed instead, told from what does fit: for the journal, in plain English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import md5
from typing import Any

import msgspec

from vkpay_simulator.providers.douyin.signing import NOT_SIGNED, ecpay_sign, ecpay_text

SHOWN_CHARACTERS = 1000


def why_unsigned(values: Mapping[str, Any], salt: str) -> str:
    """The mistake behind a sign, if it is a known one, and what Douyin signed."""
    sign = values.get("sign")
    if sign in (None, ""):
        return "No sign came: MD5 over the sorted values and the SALT, in lower-case hex."
    cause = next((told for made, told in _mistakes(values, salt) if made == sign), "")
    cause = (
        cause or "Check that salt is this app's own, and that nothing changes the body after it was signed."
    )
    text = ecpay_text(values, "***").replace("***", "(SALT)")[:SHOWN_CHARACTERS]
    return f"sign does not fit. {cause} Douyin hashed this, with the SALT in its place: {text}"


def _mistakes(values: Mapping[str, Any], salt: str) -> Iterator[tuple[str, str]]:
    kept = {name: value for name, value in values.items() if name not in NOT_SIGNED}
    yield ecpay_sign(values, salt).upper(), "It is in upper case: send lower-case hex."
    yield (
        ecpay_sign({**kept, "salt": values.get("app_id")}, salt),
        "app_id was signed: leave it out of the text.",
    )
    without_zeros = {name: value for name, value in kept.items() if value != 0}
    yield ecpay_sign(without_zeros, salt), "Zeros were left out: the number 0 is signed as 0."
    as_json = {name: _json(value) for name, value in kept.items()}
    yield (
        ecpay_sign(as_json, salt),
        "An object was signed as JSON and posted as an object: post the JSON text itself.",
    )
    texts = [_json(value) for value in kept.values() if value not in ("", None)]
    by_name = "&".join(
        f"{name}={_json(value)}" for name, value in sorted(kept.items()) if value not in ("", None)
    )
    yield _md5(f"{by_name}&{salt}"), "Names were signed: only values and the SALT are."
    yield (
        _md5("&".join([*sorted(texts), salt])),
        "The SALT was put behind the values: it is sorted among them.",
    )
    yield _md5("&".join([*texts, salt])), "The values were not sorted."


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode() if isinstance(value, (dict, list)) else str(value)


def _md5(text: str) -> str:
    return md5(text.encode()).hexdigest()
