"""``pay.aes``: which key, what goes in and comes out, and what is said when it does not."""

from __future__ import annotations

from typing import Any

import pytest

from vkpay_async import ConfigError, InvalidArgument, config_from_dict
from vkpay_async.config import Secret
from vkpay_async.crypto.passphrase import AesMode
from vkpay_async.service.aes import Aes

KEY = "12345678901234561234567890123456"
NOTIFY_KEY = "n0tify-" * 10
MODES: list[AesMode] = ["aes192", "aes-256-ecb"]


def aes(**top: Any) -> Aes:
    config = config_from_dict({"notifyKey": NOTIFY_KEY, **top})
    return Aes(lambda: config)


def test_the_published_vector() -> None:
    assert aes().encrypt({"a": 1, "b": "2"}, KEY, "aes-256-ecb") == "es2aF7DWr169X4fvMnlKNg=="
    assert aes().decrypt("es2aF7DWr169X4fvMnlKNg==", KEY, "aes-256-ecb") == {"a": 1, "b": "2"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "data", [{"金额": [1, 2.5, None, True]}, [], "", "茶叶", "{not json", "line\nline", 7, True, None, 10**30]
)
def test_what_goes_in_comes_out(data: Any, mode: AesMode) -> None:
    assert aes().decrypt(aes().encrypt(data, mode=mode), mode=mode) == data


def test_a_text_that_looks_like_json_comes_out_as_what_it_looks_like() -> None:
    assert aes().decrypt(aes().encrypt("123")) == 123


@pytest.mark.parametrize("mode", MODES)
def test_the_key_is_notify_key_unless_one_is_given(mode: AesMode) -> None:
    hidden = aes().encrypt("tea", mode=mode)
    assert hidden == aes().encrypt("tea", NOTIFY_KEY, mode) == aes().encrypt("tea", Secret(NOTIFY_KEY), mode)
    assert hidden != aes().encrypt("tea", KEY, mode)


def test_a_merchant_may_have_a_key_of_its_own() -> None:
    shop = aes(merchants={"shop7": {"notifyKey": KEY}, "shop8": {}})
    assert shop.encrypt("tea", pid="shop7") == shop.encrypt("tea", KEY)
    assert shop.encrypt("tea", pid="shop8") == shop.encrypt("tea")
    assert shop.decrypt(shop.encrypt("tea", KEY), pid="shop7") == "tea"


def test_without_a_key_the_error_names_the_setting() -> None:
    with pytest.raises(ConfigError, match=r"^config: notify_key is not set: set it to .* or pass key"):
        aes(notifyKey="").encrypt("tea")
    assert aes(notifyKey="").encrypt("tea", KEY)


@pytest.mark.parametrize(
    ("hidden", "key", "mode"),
    [
        ("f0d4d593f647eefb4823d1fed5f8494a", "another", "aes192"),
        ("f0d4d593f647eefb4823d1fed5f8494a", KEY, "aes-256-ecb"),
        ("es2aF7DWr169X4fvMnlKNg==", KEY, "aes192"),
        ("f0d4d593", KEY, "aes192"),
        ("茶", KEY, "aes192"),
        ("\ud800", KEY, "aes-256-ecb"),
        ("", KEY, "aes192"),
        (b"f0d4d593f647eefb4823d1fed5f8494a", KEY, "aes192"),
        (None, KEY, "aes192"),
    ],
)
def test_what_cannot_be_decrypted_says_what_to_check(hidden: Any, key: str, mode: AesMode) -> None:
    with pytest.raises(InvalidArgument, match="^解密失败: ") as caught:
        aes().decrypt(hidden, key, mode)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("operation", ["encrypt", "decrypt"])
@pytest.mark.parametrize(
    ("key", "mode", "text"),
    [
        (KEY, "aes-256-cbc", "mode must be aes192 or aes-256-ecb, not 'aes-256-cbc'"),
        (KEY, ["aes192"], "mode must be"),
        ("", "aes192", "must be a non-empty string; leave it out to use notify_key"),
        (7, "aes192", "must be a non-empty string"),
        ("short", "aes-256-ecb", "key cannot be used for aes-256-ecb: .* take a longer one, in ASCII"),
        ("\ud800", "aes192", "key holds half a character"),
    ],
)
def test_keys_and_modes_that_are_refused(operation: str, key: Any, mode: Any, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        getattr(aes(), operation)("f0d4d593f647eefb4823d1fed5f8494a", key, mode)


@pytest.mark.parametrize("data", [object(), [object()], "\ud800", {"a": "\ud800"}])
def test_what_is_no_json_is_refused(data: Any) -> None:
    with pytest.raises(InvalidArgument, match="data must be a text or plain JSON"):
        aes().encrypt(data)
