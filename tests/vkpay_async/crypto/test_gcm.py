"""AES-GCM under a kept key."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vkpay_async.crypto.aes import Gcm
from vkpay_async.errors import NotificationInvalid

KEY = b"0123456789abcdef0123456789ABCDEF"
SEALED = AESGCM(KEY).encrypt(b"abcdefghijkl", b"plain", b"transaction")
GOOD = {"nonce": "abcdefghijkl", "associated_data": "transaction", "ciphertext": SEALED}


def test_what_was_sealed_is_read() -> None:
    assert Gcm(KEY).decrypt(**GOOD) == b"plain"


@pytest.mark.parametrize(
    ("key", "spoilt"),
    [
        (b"f" * 32, {}),
        (KEY, {"nonce": "abcdefghijkm"}),
        (KEY, {"nonce": ""}),
        (KEY, {"nonce": "\ud800" * 12}),
        (KEY, {"associated_data": ""}),
        (KEY, {"ciphertext": SEALED[:-1]}),
        (KEY, {"ciphertext": b""}),
        (KEY, {"ciphertext": b"x" + SEALED[1:]}),
    ],
)
def test_what_cannot_be_opened_says_which_setting_to_look_at(key, spoilt) -> None:
    with pytest.raises(NotificationInvalid, match="check that the key in the config"):
        Gcm(key).decrypt(**{**GOOD, **spoilt})
