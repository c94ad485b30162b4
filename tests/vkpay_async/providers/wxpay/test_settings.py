"""Building a provider from a node's settings."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from vkpay_async.config import Material, Secret
from vkpay_async.errors import ConfigError
from vkpay_async.models import OrderRef
from vkpay_async.providers.base import Provider
from vkpay_async.providers.wxpay.provider import WxpayProvider
from vkpay_async.version import VERSION

REF = OrderRef(pay_type="wxpay_h5", out_trade_no="T1")
TRADE = {"out_trade_no": "T1", "trade_state": "SUCCESS"}


def pem(certificate: Any) -> Material:
    return Material(certificate.public_bytes(serialization.Encoding.PEM).decode())


def test_names(provider: WxpayProvider) -> None:
    as_protocol: Provider = provider
    assert (as_protocol.name, as_protocol.appid, as_protocol.mch_id) == (
        "wxpay",
        "wx2421b1c4370ec43b",
        "1900007291",
    )


def test_the_serial_may_come_from_the_certificate(
    make_provider: Any, make_certificate: Any, merchant_key: Any, platform: Any, run: Any
) -> None:
    serial = 0x1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C
    certificate = make_certificate(key=merchant_key, serial=serial)
    provider = make_provider(app_cert=pem(certificate), serial_no=None)
    run(provider.query(REF), platform.answer(TRADE))
    assert platform.read(run.request) is None


def test_a_serial_in_small_letters(make_provider: Any, platform: Any, run: Any) -> None:
    provider = make_provider(serial_no="1dde55ad98ed71d6edd4a4a16996de7b47773a8c")
    run(provider.query(REF), platform.answer(TRADE))
    assert platform.read(run.request) is None


@pytest.mark.parametrize(
    ("cert", "serial_key", "serial"),
    [
        ("platform_cert", "platform_serial_no", None),
        ("platform_cert", "platform_serial_no", "00abc1"),
        ("wxpay_public_cert", "wxpay_public_cert_sn", "ABC1"),
    ],
)
def test_a_configured_platform_certificate_needs_no_download(
    make_provider: Any,
    make_certificate: Any,
    platform: Any,
    run: Any,
    cert: str,
    serial_key: str,
    serial: str | None,
) -> None:
    settings = {cert: pem(make_certificate(serial=0xABC1)), serial_key: serial}
    provider = make_provider(public_key=False, **settings)
    assert run(provider.query(REF), platform.answer(TRADE, serial="ABC1")).state == "SUCCESS"
    assert "Wechatpay-Serial" not in run.request.headers


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"app_private_key": None}, "app_private_key is not set; it is apiclient_key.pem"),
        ({"app_private_key": Material("x")}, "app_private_key cannot be used: neither PEM, base64 nor DER"),
        ({"serial_no": None}, "serial_no is not set; or set app_cert"),
        ({"app_cert": Material("x")}, "app_cert cannot be used: neither PEM"),
        ({"v3_key": None}, "v3_key is not set"),
        ({"v3_key": Secret("short")}, "v3_key has 5 bytes, an APIv3 key has 32"),
        ({"wxpay_public_key": Material("x")}, "wxpay_public_key cannot be used: neither PEM"),
        ({"wxpay_public_key_id": None}, "wxpay_public_key_id is not set"),
        ({"wxpay_public_key_id": "0114232134912410000000000000"}, "must start with PUB_KEY_ID_"),
        ({"platform_cert": Material("x")}, "platform_cert cannot be used: neither PEM"),
        ({"version": 2}, "version 2 is not spoken here; set it to 3"),
        ({"sandbox": True}, "sandbox is set, and API v3 has none"),
        ({"base_url": "api.mch.weixin.qq.com"}, "base_url must start with https://"),
    ],
)
def test_a_wrong_setting_is_named(make_provider: Any, settings: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        make_provider(**settings)
    assert wrong.value.msg.startswith("vkpay.toml: wxpay.test: ")
    assert text in wrong.value.msg
    assert "short" not in wrong.value.msg


def test_settings_that_do_not_belong_together(make_provider: Any, make_certificate: Any) -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    with pytest.raises(ConfigError, match="app_cert does not belong to app_private_key"):
        make_provider(app_cert=pem(make_certificate(key=stranger)))
    with pytest.raises(
        ConfigError, match="platform_serial_no is not the serial of platform_cert, which is ABC1"
    ):
        make_provider(platform_cert=pem(make_certificate(serial=0xABC1)), platform_serial_no="ABC2")


def test_the_version_is_the_distributions() -> None:
    project = Path(__file__).parents[4] / "pyproject.toml"
    assert tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"] == VERSION
