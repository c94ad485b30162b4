"""Pushes that are not WeChat's, or not for us: a typed error, at once, in little memory."""

from __future__ import annotations

import json
import time
import tracemalloc
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vkpay_async.providers.wxpay_virtual.conftest import (
    AES_KEY,
    NUMBER,
    TOKEN,
    cash_order,
    goods_event,
    provider_of,
    push,
    raw_push,
    seal,
    sha1_sorted,
    written,
)
from vkpay_async.errors import NotificationInvalid, NotificationMismatch, SignatureInvalid, VKPayError
from vkpay_async.models import RawNotification
from vkpay_async.providers.base import run_offline
from vkpay_async.providers.wxpay_virtual.push import LARGEST

TIMESTAMP, NONCE = "1767196802", "415670741"


def signed(body: bytes, *, encrypted: str | None = None, **changed: str) -> RawNotification:
    """A body whose signatures hold."""
    query = {"signature": sha1_sorted(TOKEN, TIMESTAMP, NONCE), "timestamp": TIMESTAMP, "nonce": NONCE}
    if encrypted is not None:
        query["msg_signature"] = sha1_sorted(TOKEN, TIMESTAMP, NONCE, encrypted)
    return raw_push(body, urlencode(query | changed))


def enveloped(sealed: str) -> RawNotification:
    return signed(json.dumps({"ToUserName": "gh_1", "Encrypt": sealed}).encode(), encrypted=sealed)


def refused(raw: RawNotification) -> VKPayError:
    """The error, before anything is asked of WeChat."""

    def nobody(request: Any) -> Any:
        raise AssertionError(request)

    with pytest.raises(VKPayError) as caught:
        run_offline(provider_of().notification(raw), nobody)
    return caught.value


@pytest.mark.parametrize(
    "raw",
    [
        push(goods_event(), mode="plain", signature="0" * 40),
        push(goods_event(), mode="plain", signature=None),
        push(goods_event(), mode="plain", signature=""),
        push(goods_event(), mode="plain", timestamp="1767196803"),
        push(goods_event(), mode="plain", nonce="1"),
        push(goods_event(), mode="plain", token="another"),
        push(goods_event(), mode="plain", signature="é" * 40),
        push(goods_event(), msg_signature="0" * 40),
        push(goods_event(), timestamp="1767196803"),
        push(goods_event(), nonce="1"),
        push(goods_event(), token="another"),
        push(goods_event(), mode="compatible", msg_signature="0" * 40),
        raw_push(b"{}", ""),
        raw_push(b"", ""),
        raw_push(b"", "signature=x&timestamp=1&nonce=2&echostr=3", method="GET"),
        raw_push(b"", "echostr=3", method="GET"),
    ],
)
def test_signatures_that_do_not_hold(raw: RawNotification) -> None:
    error = refused(raw)
    assert isinstance(error, SignatureInvalid)
    assert "token" in error.msg
    assert TOKEN not in error.msg


def test_the_signature_without_the_cipher_text_does_not_vouch_for_an_encrypted_push() -> None:
    """In secure mode ``signature`` is right for any body: only ``msg_signature`` counts."""
    forged = push(goods_event(OutTradeNo="T2026010100000002"), msg_signature=None)
    assert isinstance(refused(forged), NotificationInvalid)
    other = push(goods_event(OutTradeNo="T2026010100000002"))
    mixed = raw_push(other.body, push(goods_event()).query)
    assert isinstance(refused(mixed), SignatureInvalid)


def test_a_plain_body_under_the_signature_of_an_encrypted_one() -> None:
    body = written(goods_event(), "json")
    assert isinstance(refused(raw_push(body, push(goods_event()).query)), NotificationInvalid)


def test_the_plain_part_of_a_compatible_push_says_nothing(run: Any) -> None:
    """What is read is what was encrypted."""
    genuine = push(goods_event(), mode="compatible")
    body = json.loads(genuine.body) | {"OutTradeNo": "T2026010100000002", "OpenId": "oThief"}
    forged = raw_push(json.dumps(body).encode(), genuine.query)
    trade = run(provider_of().notification(forged)).trade
    assert (trade.out_trade_no, trade.openid) == (NUMBER, "oUser1")


def test_a_push_for_another_app() -> None:
    error = refused(push(goods_event(), appid="wx0000000000000000"))
    assert isinstance(error, NotificationInvalid)
    assert "another app" in error.msg


@pytest.mark.parametrize("appid", ["", "wxba5fad812f8e6fb", "wxba5fad812f8e6fb9x"])
def test_an_app_id_that_is_almost_ours(appid: str) -> None:
    assert isinstance(refused(push(goods_event(), appid=appid)), NotificationInvalid)


def test_another_key() -> None:
    sealed = seal(written(goods_event(), "json"), key=AES_KEY[::-1])
    assert isinstance(refused(enveloped(sealed)), NotificationInvalid)


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        "A",
        "*" * 64,
        "AAAA",
        b64encode(bytes(15)).decode(),
        b64encode(bytes(16)).decode(),
        b64encode(bytes(64)).decode(),
        "é" * 64,
    ],
)
def test_cipher_text_that_is_none(sealed: str) -> None:
    assert isinstance(refused(enveloped(sealed)), NotificationInvalid)


@pytest.mark.parametrize("length", [0, 1, 10**6, 2**32 - 1])
def test_a_length_that_lies(length: int, run: Any) -> None:
    """The length inside the cipher text is not believed further than the text goes."""
    from base64 import b64decode

    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    raw = b64decode(AES_KEY + "=")
    framed = b"0" * 16 + length.to_bytes(4) + b'{"Event":"x"}' + b"wxba5fad812f8e6fb9"
    pad = 32 - len(framed) % 32
    encryptor = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).encryptor()
    sealed = b64encode(encryptor.update(framed + bytes([pad]) * pad) + encryptor.finalize()).decode()
    assert isinstance(refused(enveloped(sealed)), NotificationInvalid)


@given(st.integers(0, 255), st.integers(0, 400))
def test_a_bit_of_the_cipher_text_changed(mask: int, at: int) -> None:
    from base64 import b64decode

    sealed = bytearray(b64decode(seal(written(goods_event(), "json"))))
    sealed[at % len(sealed)] ^= mask or 1
    raw = enveloped(b64encode(bytes(sealed)).decode())
    try:
        happened = run_offline(provider_of().notification(raw), _never)
    except VKPayError:
        return
    assert happened.kind in ("payment", "other")  # a changed block that is text by chance: its signature held


def _never(request: Any) -> Any:
    raise AssertionError(request)


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, (b"&%c;" % (97 + n)) * 10) for n in range(9))
    + b"]><xml><Event>&j;</Event></xml>"
)
EXTERNAL = b'<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Event>&a;</Event></xml>'


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        b'{"Event":' * 3000 + b"1" + b"}" * 3000,
        b"[" * 60_000,
        b'{"Event":{"a":{"b":{"c":{"d":{"e":1}}}}}}',
        b'{"Event":"xpay_goods_deliver_notify","event":"other"}',
        b'{"event":5}',
        b'{"event":""}',
        b"{}",
        b"<xml>",
        b"<xml/>",
        b"<xml>text</xml>",
        b"<xml><a></b></xml>",
        b"<a>" * 20_000,
        b"<a>" * 5_000 + b"</a>" * 5_000,
        b"<xml>" + b"<a><b><c><d><e>1</e></d></c></b></a>" + b"</xml>",
        b"<xml><Event>a</Event><Event>b</Event></xml>",
        b"<xml><Event>a</Event><event>b</event></xml>",
        b'<?xml version="1.0" encoding="utf-7"?><xml><Event>a</Event></xml>',
        b'<?xml version="1.0" encoding="nothing"?><xml><Event>a</Event></xml>',
        BOMB,
        EXTERNAL,
        b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:1/x.dtd"><xml><Event>a</Event></xml>',
    ],
)
@pytest.mark.parametrize("mode", ["plain", "secure"])
def test_what_cannot_be_read(plain: bytes, mode: str) -> None:
    raw = signed(plain) if mode == "plain" else enveloped(seal(plain))
    tracemalloc.start()
    began = time.perf_counter()
    error = refused(raw)
    took, (_, peak) = time.perf_counter() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(error, NotificationInvalid)
    assert took < 2
    assert peak < 16 * 1024 * 1024


@pytest.mark.parametrize(
    "body",
    [
        b'{"Event":"' + b"x" * LARGEST + b'"}',
        b"<xml>" + b"<a/>" * 300_000 + b"</xml>",
        b" " * 10_000_000,
        b"x" * 10_000_000,
    ],
)
def test_megabytes_are_not_looked_at(body: bytes) -> None:
    raw = signed(body)
    tracemalloc.start()
    error = refused(raw)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(error, NotificationInvalid)
    assert "bytes" in error.msg
    assert peak < 1024 * 1024


@pytest.mark.parametrize(
    "query",
    [
        "&".join(f"a{n}=1" for n in range(100_000)),
        "signature=1&signature=2",
        "&" * 100_000,
        "msg_signature=" + "x" * 100_000,
        "%ff=%fe&signature=%c3%28",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_queries_that_are_none(query: str, method: str) -> None:
    assert isinstance(refused(raw_push(b"{}", query, method=method)), (NotificationInvalid, SignatureInvalid))


@pytest.mark.parametrize(
    "changed",
    [
        {"OutTradeNo": None},
        {"OutTradeNo": 5},
        {"OpenId": None},
        {"OpenId": {"a": 1}},
        {"Env": "x"},
        {"Env": None},
        {"GoodsInfo": "x"},
        {"GoodsInfo": {"Quantity": "many"}},
        {"WeChatPayInfo": 5},
    ],
)
def test_a_payment_with_fields_that_are_not_as_they_should_be(changed: dict[str, Any]) -> None:
    assert isinstance(refused(push(goods_event(**changed))), NotificationInvalid)


def test_a_nonce_that_is_used_again_proves_nothing(run: Any, wechat: Any) -> None:
    """In plain a signature covers the nonce and not the body: whoever saw one can send another body under it."""
    seen = push(goods_event(), mode="plain")
    forged = raw_push(
        written(goods_event(OutTradeNo="T2026010100000002", OpenId="oThief"), "json"), seen.query
    )
    with pytest.raises(NotificationMismatch):
        run(provider_of().notification(forged), cash_order(order_id="T2026010100000002", status=1))
    assert wechat.sent[0][1] == {"openid": "oThief", "env": 0, "order_id": "T2026010100000002"}


def test_the_same_push_again_is_the_same_news(run: Any) -> None:
    """A copy reads as the first did; that it counts once is the ledger's part."""
    raw = push(goods_event())
    first, second = (run(provider_of().notification(raw)) for _ in "12")
    assert first == second


def test_an_order_that_the_query_gives_another_number(run: Any) -> None:
    """What is believed is the query's word, number and price."""
    raw = push(goods_event(), mode="plain")
    trade = run(provider_of().notification(raw), cash_order(order_id="T2026010100000009")).trade
    assert trade.out_trade_no == "T2026010100000009"


@given(st.binary(max_size=300), st.text(max_size=60), st.sampled_from(["GET", "POST"]))
def test_anything_at_all(body: bytes, query: str, method: str) -> None:
    refused(raw_push(body, query, method))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=10,
    )
)
def test_any_json_of_wechats(value: Any) -> None:
    """What is genuine and no event is refused, whatever it is."""
    raw = enveloped(seal(json.dumps(value).encode()))
    if isinstance(value, dict) and any(name.lower() == "event" for name in value):
        return
    assert isinstance(refused(raw), NotificationInvalid)
