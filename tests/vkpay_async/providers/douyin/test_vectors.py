"""Published vectors, read by the SDK's own code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from vkpay_async.errors import SignatureInvalid
from vkpay_async.providers.douyin.errors import ECPAY_CODES, TRADE_CODES
from vkpay_async.providers.douyin.signing import (
    callback_text,
    ecpay_text,
    request_text,
    sign_ecpay,
    verify_message,
)

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "douyin.json").read_text(encoding="utf-8"))


def named(vector: Any) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["signs"], ids=named)
def test_signs(vector: dict[str, Any]) -> None:
    fields, salt = vector["fields"], vector["salt"]
    assert sign_ecpay(fields, salt) == vector["sign"]
    assert ecpay_text(fields, salt) == vector.get("text", ecpay_text(fields, salt))
    assert sign_ecpay(dict(reversed(fields.items())), salt) == vector["sign"]
    assert sign_ecpay({**fields, "another": 0}, salt) != vector["sign"]


@pytest.mark.parametrize("vector", VECTORS["notifications"], ids=named)
def test_notification_signatures(vector: dict[str, str]) -> None:
    parts = {name: vector[name] for name in ("timestamp", "nonce", "msg")}
    verify_message(["another", vector["token"]], signature=vector["msg_signature"], **parts)
    for wrong in ({"msg": vector["msg"] + "x"}, {"nonce": "1"}, {"signature": "0" * 40}):
        changed = {**parts, "signature": vector["msg_signature"], **wrong}
        with pytest.raises(SignatureInvalid, match="former_tokens"):
            verify_message([vector["token"]], **changed)


@pytest.mark.parametrize("vector", VECTORS["request_texts"], ids=named)
def test_the_text_of_a_request(vector: dict[str, Any]) -> None:
    text = request_text(
        vector["method"], vector["uri"], vector["timestamp"], vector["nonce"], vector["body"].encode()
    )
    assert (len(text), hashlib.sha256(text).hexdigest()) == (vector["length"], vector["sha256"])


@pytest.mark.parametrize("vector", VECTORS["callback_texts"], ids=named)
def test_the_text_of_a_notification(vector: dict[str, Any]) -> None:
    text = callback_text(vector["timestamp"], vector["nonce"], vector["body"].encode())
    assert (len(text), hashlib.sha256(text).hexdigest()) == (vector["length"], vector["sha256"])


@pytest.mark.parametrize("code", VECTORS["error_codes"]["ecpay"])
def test_every_code_of_guaranteed_payment_has_a_meaning(code: str) -> None:
    assert ECPAY_CODES[code].advice


@pytest.mark.parametrize("code", VECTORS["error_codes"]["trade"] + VECTORS["error_codes"]["client"])
def test_every_code_of_the_trade_system_has_a_meaning(code: str) -> None:
    assert TRADE_CODES[code].advice
