"""``VKPAY_CONFIG_KEY``."""

from __future__ import annotations

import base64

import pytest

from vkpay_async.config import config_from_env
from vkpay_async.config.vault import new_key, required, vault_from_env, vault_from_text
from vkpay_async.crypto.vault import key_id_of
from vkpay_async.errors import ConfigError

KEY = bytes(range(224, 256))
BASE64 = base64.b64encode(KEY).decode()


@pytest.mark.parametrize(
    "text",
    [
        BASE64,
        BASE64.rstrip("="),
        base64.urlsafe_b64encode(KEY).decode(),
        KEY.hex(),
        KEY.hex().upper(),
        f" {BASE64}\n",
    ],
)
def test_a_key_may_be_base64_or_hex(text: str) -> None:
    vault = vault_from_env({"VKPAY_CONFIG_KEY": text})
    assert vault is not None
    assert vault.key_id == key_id_of(KEY)


@pytest.mark.parametrize("environ", [{}, {"VKPAY_CONFIG_KEY": " "}])
def test_without_the_variable_there_is_none(environ: dict[str, str]) -> None:
    vault = vault_from_env(environ)
    assert vault is None
    with pytest.raises(ConfigError, match=r"VKPAY_CONFIG_KEY is not set.*vkpay config key"):
        required(vault)


def test_of_several_the_first_is_the_newest() -> None:
    old = new_key()
    vault = vault_from_text(f"{BASE64}, {old}")
    assert required(vault) is vault
    assert vault.key_id == key_id_of(KEY)
    sealed = vault_from_text(old).seal(b"x", "a")
    assert vault.open(sealed, "a", vault_from_text(old).key_id) == b"x"


@pytest.mark.parametrize("bad", ["S3CRET", BASE64[:40], "z" * 64, "é" * 43, "ff" * 31])
def test_what_is_no_key_is_not_repeated(bad: str) -> None:
    with pytest.raises(ConfigError, match="key 2 of 2 is not 32 bytes") as caught:
        vault_from_text(f"{BASE64},{bad}")
    assert bad not in caught.value.msg


def test_it_is_no_setting() -> None:
    assert config_from_env({"VKPAY_CONFIG_KEY": BASE64}).merchants == {}
