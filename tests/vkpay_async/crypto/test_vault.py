"""What is kept encrypted, under one key or several."""

from __future__ import annotations

import pytest

from vkpay_async.crypto.vault import Vault, key_id_of
from vkpay_async.errors import ConfigError

OLD, NEW = b"o" * 32, b"n" * 32


def test_what_was_sealed_is_read() -> None:
    vault = Vault([NEW])
    sealed = vault.seal("茶".encode(), "shop7")
    assert vault.open(sealed, "shop7", vault.key_id).decode() == "茶"
    assert "茶".encode() not in sealed
    assert vault.seal("茶".encode(), "shop7") != sealed


def test_the_newest_key_seals_and_all_read() -> None:
    sealed = Vault([OLD]).seal(b"x", "shop7")
    both = Vault([NEW, OLD])
    assert both.open(sealed, "shop7", key_id_of(OLD)) == b"x"
    assert both.key_id == key_id_of(NEW)


def test_a_missing_key_is_named_and_not_told() -> None:
    sealed = Vault([OLD]).seal(b"x", "shop7")
    with pytest.raises(ConfigError) as caught:
        Vault([NEW]).open(sealed, "shop7", key_id_of(OLD))
    assert key_id_of(OLD) in caught.value.msg
    assert "VKPAY_CONFIG_KEY" in caught.value.msg
    assert "nnnn" not in f"{caught.value.msg}{Vault([NEW])!r}"


@pytest.mark.parametrize("spoilt", [b"", b"x" * 11, b"x" * 40])
def test_what_was_spoilt_is_refused(spoilt: bytes) -> None:
    vault = Vault([NEW])
    with pytest.raises(ConfigError, match="'shop7' cannot be decrypted"):
        vault.open(spoilt, "shop7", vault.key_id)


def test_a_row_under_another_name_is_refused() -> None:
    vault = Vault([NEW])
    with pytest.raises(ConfigError, match="'shop8' cannot be decrypted"):
        vault.open(vault.seal(b"x", "shop7"), "shop8", vault.key_id)
