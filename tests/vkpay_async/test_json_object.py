"""A provider's object that is decoded when somebody looks into it."""

from __future__ import annotations

import msgspec
import pytest

from vkpay_async.models import JsonObject


def test_it_reads_like_the_object_it_holds() -> None:
    held = JsonObject(b'{"a":1,"b":{"c":"\xe8\x8c\xb6"}}')
    assert held["b"] == {"c": "茶"}
    assert held == {"a": 1, "b": {"c": "茶"}}
    assert (list(held), len(held), held.get("x")) == (["a", "b"], 2, None)
    assert held.json == b'{"a":1,"b":{"c":"\xe8\x8c\xb6"}}'


def test_its_repr_shows_nothing_of_a_payer() -> None:
    assert repr(JsonObject(b'{"openid":"o1"}')) == "JsonObject(15 bytes)"


def test_what_is_no_object_fails_when_it_is_looked_into() -> None:
    with pytest.raises(msgspec.ValidationError):
        len(JsonObject(b"[]"))
