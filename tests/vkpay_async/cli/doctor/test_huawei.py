"""``vkpay doctor`` on Huawei Pay's nodes: the simulator's, with something wrong in them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from vkpay_async.crypto.sm2 import library, load_sm2_private_key

NODE = "merchants.default.huawei.mp-harmony"
Find = Callable[..., dict[str, dict[str, str]]]


@pytest.fixture
def find(vkpay: Any, config: dict[str, Any], write_config: Any) -> Find:
    """The findings about the node of the meta-service, by kind, after a change of its settings."""

    def run(*args: str, **change: Any) -> dict[str, dict[str, str]]:
        config["merchants"] = {"default": {"huawei": config["merchants"]["default"]["huawei"]}}
        config["merchants"]["default"]["huawei"]["mp-harmony"] |= change
        write_config(config)
        checks = json.loads(vkpay("doctor", "--json", *args).stdout)["checks"]
        return {one["check"].rpartition(" ")[2]: one for one in checks if "huawei.mp-harmony" in one["check"]}

    return run


def test_what_is_right(find: Find) -> None:
    found = find("--online")
    assert {one["state"] for one in found.values()} == {"ok"}
    assert "the signature is accepted" in found["online"]["detail"]
    assert found["mode"]["detail"].startswith("merchant certificate 120")


@pytest.mark.parametrize(
    ("kind", "change", "state", "text"),
    [
        ("keys", {"mchPrivateKey": "x"}, "problem", "mch_private_key cannot be used"),
        ("keys", {"platformPublicKey": "04ff"}, "problem", "platform_public_key cannot be used"),
        ("keys", {"platformPublicKey": ""}, "problem", "platform_public_key is not set"),
        ("mode", {"sandbox": True, "baseUrl": ""}, "warning", "sandbox: no real money"),
        ("mode", {"clientType": "app-harmony"}, "problem", "client_type is app-harmony"),
    ],
)
def test_what_is_wrong(find: Find, kind: str, change: dict[str, Any], state: str, text: str) -> None:
    found = find(**change)[kind]
    assert found["state"] == state
    assert text in found["detail"]
    assert found["advice"]


def test_a_key_that_is_too_short(find: Find, other_key: str) -> None:
    found = find(mchPrivateKey=other_key)["keys"]
    assert found["state"] == "problem"
    assert "it has 2048 bits, and Huawei Pay wants 3072" in found["detail"]


def test_the_merchants_own_half_in_huaweis_place(find: Find, config: dict[str, Any]) -> None:
    own = config["merchants"]["certs"]["huawei"]["mp-harmony"]["mchPrivateKey"]
    point = load_sm2_private_key(own).public.point.hex()
    found = find(mchPrivateKey=own, platformPublicKey=point)["keys"]
    assert found["state"] == "problem"
    assert "platform_public_key is the merchant's own half" in found["detail"]
    assert "华为支付证书" in found["advice"]


def test_the_extra_that_is_not_installed(find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gmssl_pyx", None)
    library.cache_clear()
    try:
        found = find()["keys"]
    finally:
        library.cache_clear()
    assert found["state"] == "problem"
    assert "pip install 'vkpay-async[huawei]'" in found["detail"] + found["advice"]


def test_a_certificate_that_is_not_the_merchants(find: Find) -> None:
    found = find("--online", mchAuthId="120000000000000000")["online"]
    assert found["state"] == "problem"
    assert "INVALID_AUTH_ID" in found["detail"]
    assert "mch_auth_id" in found["advice"]


def test_another_platform_key(find: Find, config: dict[str, Any]) -> None:
    point = "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    found = find("--online", platformPublicKey=point)["online"]
    assert found["state"] == "problem"
    assert "platform_public_key" in found["detail"]


def test_a_setting_that_is_missing_is_named(find: Find, vkpay: Any, config: dict[str, Any]) -> None:
    find(mchAuthId="")
    checks = json.loads(vkpay("doctor", "--json").stdout)["checks"]
    assert any("mch_auth_id is not set" in one["detail"] for one in checks)
