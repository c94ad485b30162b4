"""The published texts and signatures, against what signs and verifies here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vkpay_async.crypto.sm2 import load_sm2_public_keys
from vkpay_async.errors import SignatureInvalid
from vkpay_async.providers.base import target_of
from vkpay_async.providers.huawei.signing import PlatformKeys, parse, sign_string

VECTORS = json.loads(Path(__file__).parents[3].joinpath("vectors/huawei.json").read_text(encoding="utf-8"))
WITH_OBJECTS = [vector for vector in VECTORS["signatures"] if "object" in vector]


@pytest.mark.parametrize("vector", VECTORS["sign_strings"], ids=lambda vector: vector["name"])
def test_the_text_of_an_object(vector: dict[str, Any]) -> None:
    assert sign_string(vector["object"]) == vector["text"]
    assert sign_string(parse(json.dumps(vector["object"]).encode())) == vector["text"]


def test_the_text_of_a_get() -> None:
    assert target_of(VECTORS["get"]["url"]) == VECTORS["get"]["text"]


@pytest.mark.parametrize("vector", WITH_OBJECTS, ids=lambda vector: vector["name"])
def test_signed_objects(vector: dict[str, Any]) -> None:
    keys = PlatformKeys(load_sm2_public_keys(VECTORS["sm2"]["public_key"]))
    fields = parse(json.dumps({**vector["object"], "sign": vector["signature"]}).encode())
    assert sign_string(fields) == vector["text"]
    keys.verify(fields)
    changed = {**fields, next(iter(vector["object"])): "1"}
    with pytest.raises(SignatureInvalid, match="does not hold"):
        keys.verify(changed)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"b":1,"a":"x"}', "a=x&b=1"),
        (b'{"a":"","b":null,"c":0}', "a=&c=0"),
        (b'{"a":2.0,"b":1e3,"c":-0}', "a=2.0&b=1e3&c=-0"),
        (b'{"a":true,"b":false}', "a=true&b=false"),
        (b'{"a":{"c":1,"b":{"d":[]}}}', "a=b=d=&c=1"),
        (b'{"a":[1,null,{"c":2,"b":1},[3,4]]}', "a=1,b=1&c=2,3,4"),
        (b'{"sign":"x","a":{"sign":"y"}}', "a=sign=y"),
        ('{"a":"茶 &=+%"}'.encode(), "a=茶 &=+%"),
        (b'{"a":' + b"9" * 40 + b"}", "a=" + "9" * 40),
    ],
)
def test_rules_of_the_text(body: bytes, text: str) -> None:
    assert sign_string(parse(body)) == text
