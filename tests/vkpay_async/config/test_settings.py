"""Merchants, nodes and the address that providers call."""

from __future__ import annotations

from typing import Any

import pytest

from vkpay_async import ConfigError, NotifyUrlMissing, config_from_dict

MINIMUM = {"appId": "wx1", "mchId": "1"}
MAP = {"mp-1": "https://one.example/pay/", "2": "https://two.example"}


def test_merchants_are_found_by_pid() -> None:
    config = config_from_dict(
        {
            "wxpay": {"h5": MINIMUM},
            "merchants": {"a": {"wxpay": {"h5": {**MINIMUM, "appId": "wxA"}}}, "b": {}},
        }
    )
    assert config.node(None, "wxpay", "h5").app_id == "wx1"
    assert config.node("", "wxpay", "h5").app_id == "wx1"
    assert config.node("default", "wxpay", "h5").app_id == "wx1"
    assert config.node("a", "wxpay", "h5").app_id == "wxA"
    with pytest.raises(ConfigError, match="no merchant 'c'; there are: default, a, b"):
        config.node("c", "wxpay", "h5")


def test_an_empty_config_has_no_merchant() -> None:
    with pytest.raises(ConfigError, match="config: no merchant 'default'; there are: none"):
        config_from_dict({}).merchant(None)


def test_the_table_to_add_is_named() -> None:
    config = config_from_dict({"wxpay": {"h5": MINIMUM}, "merchants": {"a": {}}}, source="vkpay.toml")
    with pytest.raises(
        ConfigError, match=r"vkpay\.toml: merchant 'default' has no wxpay\.mweb node; add \[wxpay\.mweb\]"
    ):
        config.node(None, "wxpay", "mweb")
    with pytest.raises(ConfigError, match=r"add \[merchants\.a\.alipay\.h5\]"):
        config.node("a", "alipay", "h5")


@pytest.mark.parametrize(("provider", "platform"), [("wxpay", "h6"), ("paypal", "h5"), ("alipay", "mweb")])
def test_a_node_of_no_version_is_said_so(provider: str, platform: str) -> None:
    with pytest.raises(
        ConfigError, match=f"{provider}_{platform} is no pay_type of this version; there are wxpay_mp-weixin"
    ):
        config_from_dict({"wxpay": {"h5": MINIMUM}}).node(None, provider, platform)


@pytest.mark.parametrize("platform", ["page", "wap"])
def test_alipays_pages_use_the_h5_node_unless_they_have_their_own(platform: str) -> None:
    config = config_from_dict({"alipay": {"h5": {"appId": "1"}}})
    assert config.node(None, "alipay", platform).app_id == "1"
    config = config_from_dict({"alipay": {"h5": {"appId": "1"}, platform: {"appId": "2"}}})
    assert config.node(None, "alipay", platform).app_id == "2"
    with pytest.raises(ConfigError, match=rf"add \[alipay\.{platform}\]"):
        config_from_dict({"alipay": {}}).node(None, "alipay", platform)


@pytest.mark.parametrize(
    ("notify_url", "space", "base"),
    [
        ("https://shop.example/pay/", None, "https://shop.example/pay"),
        ("http://127.0.0.1:8080", "any", "http://127.0.0.1:8080"),
        (MAP, "mp-1", "https://one.example/pay"),
        (MAP, "1", "https://one.example/pay"),
        (MAP, "mp-2", "https://two.example"),
        (MAP, "2", "https://two.example"),
        ({**MAP, "default": "https://d.example"}, "3", "https://d.example"),
        ({**MAP, "default": "https://d.example"}, None, "https://d.example"),
        ({"mp-1": "https://one.example"}, None, "https://one.example"),
    ],
)
def test_the_notify_address(notify_url: Any, space: str | None, base: str) -> None:
    config = config_from_dict({"notifyUrl": notify_url, **({"spaceId": space} if space else {})})
    assert config.notify_base() == base


@pytest.mark.parametrize(
    ("notify_url", "space"),
    [
        (None, None),
        ("", None),
        ("shop.example/pay", None),
        ("ftp://shop.example", None),
        (5, None),
        ({}, None),
        (MAP, None),
        (MAP, "3"),
        ({"mp-1": "https://one.example"}, "2"),
        ({"mp-1": "one.example"}, "1"),
        ({"mp-1": 5}, "1"),
    ],
)
def test_no_notify_address_is_101(notify_url: Any, space: str | None) -> None:
    given = {"notifyUrl": notify_url, "spaceId": space}
    config = config_from_dict({key: value for key, value in given.items() if value is not None})
    with pytest.raises(NotifyUrlMissing, match=r"notify_url .*https://pay\.example\.com/pay") as caught:
        config.notify_base()
    assert caught.value.code == 101


def test_a_merchants_own_address_wins() -> None:
    config = config_from_dict(
        {"notifyUrl": "https://shop.example", "merchants": {"a": {"notifyUrl": "https://a.example"}, "b": {}}}
    )
    assert config.notify_base("a") == "https://a.example"
    assert config.notify_base("b") == "https://shop.example"
    assert config.notify_base("unknown") == "https://shop.example"


def test_certificates_win_over_a_bare_key() -> None:
    both = {"appId": "1", "alipayPublicKey": "MIIB", "appCertContent": "PEM"}
    config = config_from_dict({"alipay": {"h5": both, "transfer": {"appId": "1", "alipayPublicKey": "MIIB"}}})
    assert config.node(None, "alipay", "h5").certificate_mode  # type: ignore[attr-defined]
    assert not config.node(None, "alipay", "transfer").certificate_mode  # type: ignore[attr-defined]
