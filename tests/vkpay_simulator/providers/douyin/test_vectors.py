"""Published vectors, and what the simulator makes itself in the same way."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from vkpay_simulator.keys import KeyRing
from vkpay_simulator.providers.douyin import DouyinSim, errors
from vkpay_simulator.providers.douyin.signing import (
    callback_text,
    ecpay_sign,
    ecpay_text,
    notify_signature,
    request_text,
    rsa_sign,
    rsa_verified,
)
from vkpay_simulator.world import Settings, World

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "douyin.json").read_text(encoding="utf-8"))


def named(vector: Any) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["signs"], ids=named)
def test_signs(vector: dict[str, Any]) -> None:
    fields = vector["fields"]
    assert ecpay_sign(fields, vector["salt"]) == vector["sign"]
    assert ecpay_text(fields, vector["salt"]) == vector.get("text", ecpay_text(fields, vector["salt"]))
    assert ecpay_sign(dict(reversed(fields.items())), vector["salt"]) == vector["sign"]
    assert ecpay_sign({**fields, "another": "x"}, vector["salt"]) != vector["sign"]


@pytest.mark.parametrize("vector", VECTORS["notifications"], ids=named)
def test_notification_signatures(vector: dict[str, str]) -> None:
    made = notify_signature(vector["token"], vector["timestamp"], vector["nonce"], vector["msg"])
    assert made == vector["msg_signature"]
    assert (
        notify_signature(vector["token"], vector["timestamp"], vector["nonce"], vector["msg"] + " ") != made
    )


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


def test_what_is_signed_here_verifies() -> None:
    key = KeyRing().draw()
    assert rsa_verified(key.public_key(), b"text", rsa_sign(key, b"text"))
    assert not rsa_verified(key.public_key(), b"other", rsa_sign(key, b"text"))
    assert not rsa_verified(key.public_key(), b"text", "no base64")


@pytest.mark.parametrize(
    ("value", "signed"),
    [
        ({"b": 1, "a": "x"}, "map[a:x b:1]"),
        ([1, "x", [True]], "[1 x [true]]"),
        (True, "true"),
        ("null", None),
        (None, None),
        ('""', None),
        ('"', '"'),
        (0, "0"),
    ],
)
def test_values_are_signed_as_the_server_prints_them(value: Any, signed: str | None) -> None:
    assert ecpay_text({"field": value}, "~") == "&".join(filter(None, [signed, "~"]))


def test_every_published_code_can_be_asked_for() -> None:
    codes = VECTORS["error_codes"]
    assert {int(code) for code in codes["ecpay"]} == errors.ECPAY.keys()
    assert {int(code) for code in codes["trade"]} <= errors.TRADE.keys()
    assert {int(code) for code in codes["client"]} == errors.CLIENT.keys()
    provider = World(Settings(seed=1), providers={"douyin": DouyinSim}).providers["douyin"]
    assert isinstance(provider, DouyinSim)
    assert provider.error_codes() >= {*codes["ecpay"], *codes["trade"]}
