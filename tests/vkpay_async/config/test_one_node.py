"""A provider whose settings are one table, as VksPay's are in vk-uni-pay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vkpay_async import ConfigError, config_from_dict, config_from_env, config_from_file
from vkpay_async.cli.settings import masked, toml_text
from vkpay_async.config.export import merchant_from_settings, settings_of

ROW: dict[str, Any] = {"mchId": "3493", "key": "HUSH"}


@pytest.mark.parametrize("platform", ["h5", "mp-weixin", "app-plus", "codepay", "mweb"])
def test_every_way_of_paying_has_that_node(platform: str) -> None:
    config = config_from_dict({"vkspay": ROW})
    node: Any = config.node(None, "vkspay", platform)
    assert (node.mch_id, node.key.reveal(), node.observed_only, node.pid) == (
        "3493",
        "HUSH",
        False,
        "default",
    )
    assert node is config.node("default", "vkspay", "h5")
    assert "HUSH" not in repr(config)


def test_a_file_and_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "vkpay.toml"
    path.write_text('[merchants.shop-7.vkspay]\nmch_id = 3493\nkey = "k"\nobserved_only = true\n')
    node: Any = config_from_file(path).node("shop-7", "vkspay", "h5")
    assert (node.mch_id, node.observed_only) == ("3493", True)
    node = config_from_env({"VKPAY_VKSPAY__MCH_ID": "3493", "VKPAY_VKSPAY__KEY": "k"}).node(
        None, "vkspay", "h5"
    )
    assert node.mch_id == "3493"


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"mchId": "3493"}, "vkpay.toml: merchants.shop-7.vkspay: key is not set"),
        ({"key": "k"}, "vkpay.toml: merchants.shop-7.vkspay: mch_id is not set"),
        ({**ROW, "h5": {}}, "vkpay.toml: merchants.shop-7.vkspay: unknown key 'h5'"),
        ({**ROW, "timeout": 0}, "vkpay.toml: merchants.shop-7.vkspay: timeout"),
        ("k", "vkpay.toml: shop-7.vkspay must be a table"),
    ],
)
def test_a_mistake_is_named_with_its_table(row: Any, text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config_from_dict({"merchants": {"shop-7": {"vkspay": row}}}, source="vkpay.toml")
    assert str(raised.value).startswith(text)


def test_a_merchant_without_it_is_told_the_table() -> None:
    with pytest.raises(ConfigError, match=r"has no vkspay node; add \[vkspay\]"):
        config_from_dict({"wxpay": {}}).node(None, "vkspay", "h5")


def test_it_goes_into_the_database_and_back() -> None:
    merchant = config_from_dict({"vkspay": {**ROW, "observedOnly": True}}).merchants["default"]
    settings = settings_of(merchant)
    assert settings["vkspay"]["mch_id"] == "3493"
    assert merchant_from_settings("default", settings, source="row").nodes.keys() == merchant.nodes.keys()


def test_it_is_shown_masked() -> None:
    text = toml_text(masked(config_from_dict({"vkspay": ROW})))
    assert "[merchants.default.vkspay]" in text
    assert 'mch_id = "3493"' in text
    assert "HUSH" not in text
