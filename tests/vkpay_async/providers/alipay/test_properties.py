"""Any text survives the way: a notification's fields, an answer's members, an order's subject."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, quote_plus, unquote_to_bytes

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vkpay_async.errors import NotificationInvalid
from vkpay_async.providers.alipay.notify import decoded, form_fields
from vkpay_async.providers.alipay.signing import canonical_text, open_envelope

names = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12).filter(lambda name: name != "charset")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
values = st.recursive(
    texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)


@given(st.dictionaries(names, texts, min_size=1))
def test_a_form_is_read_as_the_standard_library_reads_it(fields: dict[str, str]) -> None:
    body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields.items())
    assert decoded(form_fields(body.encode())) == dict(parse_qsl(body, keep_blank_values=True)) == fields


@given(
    st.lists(
        st.sampled_from(
            [
                b"%26",
                b"%3D",
                b"%3d",
                b"%0A",
                b"%0d%0a",
                b"%25",
                b"=",
                b"+",
                b"a",
                b"_",
                b"\n",
                b"\r",
                b"%",
                b"%z",
            ]
        )
    )
)
def test_escapes_are_undone_as_the_standard_library_undoes_them(parts: list[bytes]) -> None:
    name, _, value = b"".join(parts).replace(b"+", b" ").partition(b"=")
    assert form_fields(b"".join(parts)) == {unquote_to_bytes(name): unquote_to_bytes(value)}


@given(st.lists(st.sampled_from([b"&", b"&", b"=", b"=", b"a", b"b", b"+", b"%41", b"%26", b"%", b"\n"])))
def test_fields_are_told_apart_as_the_standard_library_tells_them_apart(parts: list[bytes]) -> None:
    body = b"".join(parts)
    pairs = [pair.partition(b"=")[::2] for pair in body.replace(b"+", b" ").split(b"&")]
    expected = {unquote_to_bytes(name): unquote_to_bytes(value) for name, value in pairs}
    if len(expected) == len(pairs):
        assert form_fields(body) == expected
    else:
        with pytest.raises(NotificationInvalid, match="twice"):
            form_fields(body)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_form_reader(body: bytes) -> None:
    try:
        decoded(form_fields(body))
    except NotificationInvalid:
        return
    assert len(form_fields(body)) == body.count(b"&") + 1


@given(st.dictionaries(texts, values, max_size=5), st.booleans(), st.sampled_from(["", " ", "\n\t"]))
@settings(max_examples=200)
def test_an_answers_signed_text_is_what_stood_there(content: Any, ascii_only: bool, gap: str) -> None:
    text = json.dumps(content, ensure_ascii=ascii_only).replace("/", r"\/")
    body = f'{gap}{{"a_b_response":{gap}{text}{gap},"sign":{gap}"s"{gap}}}{gap}'
    envelope = open_envelope(body.encode(), "a.b")
    assert envelope.content == text.encode()
    assert envelope.sign == "s"


@given(st.binary(max_size=200))
def test_no_bytes_break_the_answer_reader(body: bytes) -> None:
    with pytest.raises((ValueError, msgspec.MsgspecError)):
        open_envelope(body, "a.b")


@given(st.dictionaries(names, texts))
def test_the_text_to_sign_knows_no_order_and_no_blanks(params: dict[str, str]) -> None:
    text = canonical_text(params)
    assert text == canonical_text(dict(reversed(params.items())))
    assert text == canonical_text({**params, "zz_blank": ""})
