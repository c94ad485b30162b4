"""Building a provider from a node's settings."""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import gmssl_pyx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.vkpay_async.providers.huawei.conftest import APP, MERC, PAYMENT, Exchange, Platform, pem_of
from vkpay_async.config import Material, config_from_dict
from vkpay_async.crypto.sm2 import library, load_sm2_private_key
from vkpay_async.errors import ConfigError, InvalidArgument
from vkpay_async.models import OrderRef
from vkpay_async.pay_type import ClientContext, pay_type_of
from vkpay_async.providers.base import Provider
from vkpay_async.providers.huawei.provider import HuaweiProvider

ORDER = OrderRef(pay_type="huawei_mp-harmony", out_trade_no="T1")


def test_names(provider: HuaweiProvider) -> None:
    as_protocol: Provider = provider
    assert (as_protocol.name, as_protocol.appid, as_protocol.mch_id) == ("huawei", APP, MERC)
    assert as_protocol.trust is None


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            {"mch_private_key": None},
            "mch_private_key is not set; it is the private key of the merchant certificate",
        ),
        ({"mch_private_key": Material("x")}, "mch_private_key cannot be used: neither PEM"),
        ({"mch_private_key": Material("key.pem")}, "mch_private_key_path"),
        ({"platform_public_key": None}, "platform_public_key is not set; it is the Huawei Pay certificate"),
        (
            {"platform_public_key": Material("04ff")},
            "platform_public_key cannot be used: not an SM2 public key",
        ),
        ({"base_url": "ftp://x"}, "base_url must start with https://"),
    ],
)
def test_a_setting_that_cannot_be_used(make_provider: Any, settings: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text) as refused:
        make_provider(**settings)
    assert "vkpay.toml: huawei.mp-harmony" in str(refused.value)


def test_a_short_rsa_key(make_provider: Any) -> None:
    key = rsa.generate_private_key(65537, 2048)
    with pytest.raises(ConfigError, match="2048 bits, and Huawei Pay wants 3072"):
        make_provider(mch_private_key=Material(pem_of(key)))


def test_without_the_extra(make_provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gmssl_pyx", None)
    library.cache_clear()
    with pytest.raises(ConfigError, match=r"huawei.mp-harmony: .*pip install 'vkpay-async\[huawei\]'"):
        make_provider()


def sm2_pem(number: bytes) -> str:

    der = bytes.fromhex("3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420") + number
    return f"-----BEGIN PRIVATE KEY-----\n{base64.b64encode(der).decode()}\n-----END PRIVATE KEY-----"


def test_a_merchant_of_sm2(make_provider: Any, platform: Platform, run: Exchange) -> None:

    point, number = gmssl_pyx.sm2_key_generate()
    provider = make_provider(mch_private_key=Material(sm2_pem(number)))
    run(provider.query(ORDER), platform.answer(**PAYMENT))
    auth = json.loads(run.request.headers["PayMercAuth"])
    text = "/api/v2/aggr/transactions/merc-orders/T1"
    assert gmssl_pyx.sm2_verify(point, text.encode(), base64.b64decode(auth["bodySign"]))
    assert load_sm2_private_key(sm2_pem(number)).public.point == point


def row(**more: Any) -> dict[str, Any]:
    return {"appId": APP, "mchId": MERC, "mchAuthId": "120291744647139000", **more}


def test_the_spelling_of_vk_uni_pay() -> None:
    config = config_from_dict(
        {
            "huawei": {
                "mp-harmony": row(
                    mchPrivateKey="k", platformPublicKey="04", clientType="mp-harmony", timeout=10000
                ),
                "app-harmony": row(mchPrivateKeyContent="k", platformPublicKeyPath="p.txt"),
            }
        }
    )
    node: Any = config.node(None, "huawei", "mp-harmony")
    assert (node.mch_id, node.mch_auth_id, node.timeout, node.client_type) == (
        MERC,
        "120291744647139000",
        10000,
        "mp-harmony",
    )
    assert "Material('***')" in repr(node)
    other: Any = config.node(None, "huawei", "app-harmony")
    assert other.platform_public_key.path is not None


def test_numbers_without_quotes() -> None:
    node: Any = config_from_dict(
        {
            "huawei": {
                "mp-harmony": {
                    "appId": 5765880207853000,
                    "mchId": 10132120000,
                    "mchAuthId": 120291744647139000,
                }
            }
        }
    ).node(None, "huawei", "mp-harmony")
    assert (node.app_id, node.mch_id, node.mch_auth_id) == (APP, MERC, "120291744647139000")


@pytest.mark.parametrize(("given", "asked"), [("app-harmony", "app-plus"), ("app-plus", "app-harmony")])
def test_the_app_has_two_names(given: str, asked: str) -> None:
    config = config_from_dict({"huawei": {given: row()}})
    assert config.node(None, "huawei", asked).platform == given


def test_a_key_that_is_not_known() -> None:
    with pytest.raises(ConfigError, match="did you mean 'mch_auth_id'"):
        config_from_dict({"huawei": {"mp-harmony": row(mchAuthID2="x")}})


@pytest.mark.parametrize(
    ("platform", "pay_type"),
    [
        ("mp-harmony", "huawei_mp-harmony"),
        ("app-harmony", "huawei_app-harmony"),
        ("app-plus", "huawei_app-harmony"),
        ("app", "huawei_app-harmony"),
    ],
)
def test_the_pay_type_of_a_platform(platform: str, pay_type: str) -> None:
    assert pay_type_of("huawei", ClientContext(platform=platform)) == pay_type


@pytest.mark.parametrize("platform", ["h5", "mp-weixin"])
def test_platforms_without_huawei_pay(platform: str) -> None:
    with pytest.raises(InvalidArgument, match="cannot be paid on platform"):
        pay_type_of("huawei", ClientContext(platform=platform))
