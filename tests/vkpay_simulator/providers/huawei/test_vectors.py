"""The published vectors, against the code the server signs and checks with."""

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest

from vkpay_simulator.providers.huawei import signing, sm2
from vkpay_simulator.providers.huawei.signing import sign_string

VECTORS = json.loads(Path(__file__).parents[3].joinpath("vectors/huawei.json").read_text(encoding="utf-8"))
SAMPLE = VECTORS["sm2"]
SIGNATURES = {vector["name"]: vector for vector in VECTORS["signatures"]}


@pytest.fixture(scope="module")
def key() -> sm2.PrivateKey:
    return sm2.PrivateKey(int(SAMPLE["private_key"], 16))


@pytest.mark.parametrize("vector", VECTORS["sign_strings"], ids=lambda vector: vector["name"])
def test_the_text_of_an_object(vector: dict[str, Any]) -> None:
    parsed = signing.parse(json.dumps(vector["object"]).encode())
    assert sign_string(parsed).decode() == vector["text"]


def test_sm3() -> None:
    assert sm2.sm3(VECTORS["sm3"]["message"].encode()).hex() == VECTORS["sm3"]["digest"]


def test_the_sample_of_the_standard(key: sm2.PrivateKey) -> None:
    assert key.public.point.hex().upper() == SAMPLE["public_key"]
    assert key.public.identity.hex() == SAMPLE["identity"]
    message = SAMPLE["message"].encode()
    assert key.public.digest(message) == int(SAMPLE["digest"], 16)
    signature = key.sign(message, int(SAMPLE["k"], 16) - 1)
    assert signature.hex().upper() == f"3046022100{SAMPLE['r']}022100{SAMPLE['s']}"
    assert key.public.verifies(message, signature)


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str, key: sm2.PrivateKey) -> None:
    vector = SIGNATURES[name]
    text = vector["text"].encode()
    if "object" in vector:
        signed = {**vector["object"], "sign": vector["signature"]}
        assert sign_string(signing.parse(json.dumps(signed).encode())) == text
    assert key.public.verifies(text, b64decode(vector["signature"]))
    assert not key.public.verifies(text + b" ", b64decode(vector["signature"]))
    assert b64encode(key.sign(text, int(SAMPLE["k"], 16) - 1)).decode() == vector["signature"]
