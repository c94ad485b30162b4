"""Every key of vk-uni-pay's config, as its documents spell it and in snake_case."""

from __future__ import annotations

import re
from typing import Any

import pytest

from vkpay_async.config import Material, Secret, config_from_dict

# (key as vk-uni-pay spells it, a value, our field, what it becomes)
TOP: list[tuple[str, Any, str, Any]] = [
    ("notifyUrl", {"mp-1": "https://a.example/vk-pay"}, "notify_url", {"mp-1": "https://a.example/vk-pay"}),
    ("notifyKey", "k" * 64, "notify_key", Secret("k" * 64)),
    ("autoDeleteExpiredOrders", 7, "auto_delete_expired_orders", 7),
    ("alipayAppPayToH5Pay", True, "alipay_app_pay_to_h5_pay", True),
    ("userWhitelist", ["u1", "u2"], "user_whitelist", ["u1", "u2"]),
]
WXPAY: list[tuple[str, Any, str, Any]] = [
    ("appId", "wx8888888888888888", "app_id", "wx8888888888888888"),
    ("secret", "s", "secret", Secret("s")),
    ("mchId", "1900000001", "mch_id", "1900000001"),
    ("mchId", 1900000001, "mch_id", "1900000001"),
    ("key", "v2", "key", Secret("v2")),
    ("pfx", "MIIK", "pfx", Material("MIIK")),
    ("pfx", b"\x30\x82", "pfx", Material("0\x82")),
    ("v3Key", "0" * 32, "v3_key", Secret("0" * 32)),
    ("appCertContent", "PEM", "app_cert", Material("PEM")),
    ("appPrivateKeyContent", "PEM", "app_private_key", Material("PEM")),
    ("wxpayPublicKeyContent", "PEM", "wxpay_public_key", Material("PEM")),
    ("wxpayPublicKeyId", "PUB_KEY_ID_01", "wxpay_public_key_id", "PUB_KEY_ID_01"),
    ("version", 3, "version", 3),
    ("version", "3", "version", 3),
    (
        "sceneInfo",
        {"h5_info": {"type": "Wap", "wap_url": "https://a.example", "wap_name": "shop"}},
        "scene_info",
        {"h5_info": {"type": "Wap", "wap_url": "https://a.example", "wap_name": "shop"}},
    ),
    ("wxpayPublicCertSn", "5F", "wxpay_public_cert_sn", "5F"),
    ("wxpayPublicCertContent", "PEM", "wxpay_public_cert", Material("PEM")),
    ("subAppId", "wx9", "sub_app_id", "wx9"),
    ("subMchId", "1900000109", "sub_mch_id", "1900000109"),
    ("timeout", 5000, "timeout", 5000),
    ("signType", "MD5", "sign_type", "MD5"),
    ("sandbox", True, "sandbox", True),
    ("serialNo", "3DF4", "serial_no", "3DF4"),
    ("platformCertContent", "PEM", "platform_cert", Material("PEM")),
    ("platformSerialNo", "7132", "platform_serial_no", "7132"),
    ("baseUrl", "http://127.0.0.1:9200", "base_url", "http://127.0.0.1:9200"),
]
ALIPAY: list[tuple[str, Any, str, Any]] = [
    ("appId", "2021000000000000", "app_id", "2021000000000000"),
    ("appId", 2021000000000000, "app_id", "2021000000000000"),
    ("privateKey", "MIIE", "private_key", Material("MIIE")),
    ("keyType", "PKCS1", "key_type", "PKCS1"),
    ("alipayPublicCertContent", "PEM", "alipay_public_cert", Material("PEM")),
    ("alipayRootCertContent", "PEM", "alipay_root_cert", Material("PEM")),
    ("appCertContent", "PEM", "app_cert", Material("PEM")),
    ("appCertPathContent", "PEM", "app_cert", Material("PEM")),
    ("alipayPublicKey", "MIIB", "alipay_public_key", Material("MIIB")),
    ("sandbox", True, "sandbox", True),
    ("mchId", "2088000000000000", "mch_id", "2088000000000000"),
    ("appCertSn", "50fa", "app_cert_sn", "50fa"),
    ("alipayRootCertSn", "687b", "alipay_root_cert_sn", "687b"),
    ("app_auth_token", "202501", "app_auth_token", Secret("202501")),
    ("appAuthToken", "202501", "app_auth_token", Secret("202501")),
    ("aesKey", "aa4B", "encrypt_key", Secret("aa4B")),
    ("encryptKey", "aa4B", "encrypt_key", Secret("aa4B")),
    ("merchantId", "2088000000000000", "mch_id", "2088000000000000"),
    ("timeout", 5000, "timeout", 5000),
]
WXPAY_VIRTUAL = [
    ("secret", "k", "secret", Secret("k")),
    ("mchId", "1600000001", "mch_id", "1600000001"),
    ("offerId", "1450593228", "offer_id", "1450593228"),
    ("offerId", 1450593228, "offer_id", "1450593228"),
    ("appKey", "k", "app_key", Secret("k")),
    ("sandboxAppKey", "k", "sandbox_app_key", Secret("k")),
    ("rate", 100, "rate", 100),
    ("rate", "100", "rate", 100),
    ("token", "t", "token", Secret("t")),
    ("encodingAESKey", "A" * 43, "encoding_aes_key", Secret("A" * 43)),
    ("encoding_aes_key", "A" * 43, "encoding_aes_key", Secret("A" * 43)),
    ("sandbox", True, "sandbox", True),
]
PATHS = [
    ("wxpay", "appCertPath", "app_cert"),
    ("wxpay", "appPrivateKeyPath", "app_private_key"),
    ("wxpay", "wxpayPublicKeyPath", "wxpay_public_key"),
    ("wxpay", "platformCertPath", "platform_cert"),
    ("alipay", "alipayPublicCertPath", "alipay_public_cert"),
    ("alipay", "alipayRootCertPath", "alipay_root_cert"),
    ("alipay", "appCertPath", "app_cert"),
    ("alipay", "privateKeyPath", "private_key"),
]
NODES = [
    *(
        ("wxpay", name)
        for name in ("mp-weixin", "app-plus", "h5", "h5-weixin", "mweb", "transfer", "codepay")
    ),
    *(("alipay", name) for name in ("mp-alipay", "app-plus", "h5", "transfer", "codepay")),
]
MINIMUM = {"appId": "wx1", "mchId": "1"}


def snake(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()


def both_spellings(table: list[tuple[str, Any, str, Any]]) -> list[tuple[str, Any, str, Any]]:
    return [(spelling, *rest) for key, *rest in table for spelling in dict.fromkeys((key, snake(key)))]


def ids(row: object) -> str | None:
    return row if isinstance(row, str) else None


@pytest.mark.parametrize(("key", "value", "field", "want"), both_spellings(TOP))
def test_top_level(key: str, value: Any, field: str, want: Any) -> None:
    assert getattr(config_from_dict({key: value}), field) == want


@pytest.mark.parametrize(
    ("provider", "key", "value", "field", "want"),
    [
        *(("wxpay", *row) for row in both_spellings(WXPAY)),
        *(("alipay", *row) for row in both_spellings(ALIPAY)),
    ],
)
def test_nodes(provider: str, key: str, value: Any, field: str, want: Any) -> None:
    required = {k: v for k, v in MINIMUM.items() if snake(k) not in (snake(key), field)}
    node = config_from_dict({provider: {"h5": {**required, key: value}}}).node(None, provider, "h5")
    assert getattr(node, field) == want


@pytest.mark.parametrize(("key", "value", "field", "want"), both_spellings(WXPAY_VIRTUAL))
@pytest.mark.parametrize("provider", ["wxpay-virtual", "wxpay_virtual"])
def test_the_node_of_virtual_payment(provider: str, key: str, value: Any, field: str, want: Any) -> None:
    values = {"appId": "wx1", "offer_id": "1"} if field != "offer_id" else {"appId": "wx1"}
    for row in (
        {provider: {"mp-weixin": {**values, key: value}}},
        {"merchants": {"default": {provider: {"mp_weixin": {**values, key: value}}}}},
    ):
        node = config_from_dict(row).node(None, "wxpay-virtual", "mp-weixin")
        assert getattr(node, field) == want


@pytest.mark.parametrize(("provider", "platform"), NODES)
def test_every_platform_has_its_node(provider: str, platform: str) -> None:
    for spelling in (platform, platform.replace("-", "_")):
        node = config_from_dict({provider: {spelling: MINIMUM}}).node(None, provider, platform)
        assert (node.platform, node.pid, node.app_id) == (platform, "default", "wx1")


@pytest.mark.parametrize(("provider", "key", "field"), PATHS)
@pytest.mark.parametrize("spell", [str, snake])
def test_paths_are_relative_to_the_file(
    provider: str, key: str, field: str, spell: Any, tmp_path: Any
) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "a.pem").write_text("PEM")
    config = config_from_dict({provider: {"h5": {**MINIMUM, spell(key): "keys/a.pem"}}}, directory=tmp_path)
    assert getattr(config.node(None, provider, "h5"), field).reveal() == "PEM"


def test_a_database_row_is_a_merchant() -> None:
    row = {
        "_id": "64a",
        "_add_time": 1,
        "_add_time_str": "2026",
        "name": "Seven",
        "kind": "normal",
        "pid": "seven",
        "alipayAppPayToH5Pay": True,
        "notifyUrl": "https://seven.example",
        "wxpay": {"h5": MINIMUM},
    }
    merchant = config_from_dict({"merchants": {"seven": row}}).merchant("seven")
    assert merchant.alipay_app_pay_to_h5_pay is True
    assert merchant.notify_url == "https://seven.example"
    assert config_from_dict(row).node(None, "wxpay", "h5").app_id == "wx1"


def test_empty_values_count_as_unset() -> None:
    node = config_from_dict(
        {"wxpay": {"h5": {**MINIMUM, "secret": "", "v3Key": None, "appCertPath": ""}}}
    ).node(None, "wxpay", "h5")
    assert (node.secret, node.v3_key, node.app_cert) == (None, None, None)  # type: ignore[attr-defined]
