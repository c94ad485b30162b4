"""The specification's vectors, and what a signature covers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vkpay_async.errors import InvalidArgument, SignatureInvalid
from vkpay_async.providers.vkspay.signing import canonical_text, nonce_from, sign, text_of, verify

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "vkspay.json").read_text(encoding="utf-8"))
KEY = VECTORS["key"]


def fields_of(vector: dict[str, Any]) -> dict[str, Any]:
    return {"method": vector["method"], **vector["fields"], **VECTORS["common"]}


@pytest.mark.parametrize("vector", VECTORS["signatures"], ids=lambda vector: vector["method"])
def test_vectors(vector: dict[str, Any]) -> None:
    fields = fields_of(vector)
    assert sign(fields, KEY) == vector["sign"]
    assert sign(dict(reversed(fields.items())), KEY) == vector["sign"]
    verify({name: str(value) for name, value in fields.items()} | {"sign": vector["sign"]}, KEY)


def test_the_text_that_is_hashed() -> None:
    (vector,) = (one for one in VECTORS["signatures"] if "text" in one)
    assert f"{canonical_text(fields_of(vector))}&key={KEY}" == vector["text"]


@pytest.mark.parametrize("change", [{"total_fee": "0.10"}, {"sign": ""}, {"sign": "é"}, {"more": ""}])
def test_what_is_changed_does_not_verify(change: dict[str, str]) -> None:
    fields = {"out_trade_no": "T1", "total_fee": "0.01"}
    fields["sign"] = sign(fields, KEY)
    verify(fields, KEY)
    with pytest.raises(SignatureInvalid):
        verify(fields | change, KEY)


@pytest.mark.parametrize(
    ("value", "text"), [("0.01", "0.01"), (7, 7), (0, 0), (2**53 - 1, 2**53 - 1), (None, None), ("", None)]
)
def test_texts_and_whole_numbers_are_sent(value: object, text: object) -> None:
    assert text_of("x", value) == text


@pytest.mark.parametrize("value", [0.01, True, 2**53, -(2**53), [], {}, b"x"])
def test_what_has_no_certain_text_is_refused(value: object) -> None:
    with pytest.raises(InvalidArgument, match="total_fee must be a text or a whole number"):
        text_of("total_fee", value)


@given(st.text(max_size=40))
def test_a_nonce_has_eight_digits_and_no_zero(seed: str) -> None:
    nonce = nonce_from(seed)
    assert len(nonce) == 8
    assert set(nonce) <= set("123456789")


def test_nonces_differ() -> None:
    assert len({nonce_from(f"{number:032x}") for number in range(1000)}) == 1000
