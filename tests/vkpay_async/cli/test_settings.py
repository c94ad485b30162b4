"""``vkpay config show``."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONFIG = {
    "notify_url": "https://shop.example.com/pay",
    "database": "sqlite:///shop.db",
    "notify_key": "HUSH-1",
    "wxpay": {
        "h5": {
            "app_id": "wx1",
            "mch_id": "19",
            "v3_key": "HUSH-2",
            "app_private_key_path": "apiclient_key.pem",
            "app_cert": "HUSH-3",
            "scene_info": {"type": "Wap"},
        }
    },
    "merchants": {
        "shop-7": {
            "alipay": {
                "h5": {
                    "app_id": "2021",
                    "sandbox": True,
                    "app_auth_tokens": [{"appAuthToken": "HUSH-4"}],
                }
            }
        }
    },
}


def test_everything_but_secrets(vkpay: Any, write_config: Callable[[Any], Path], tmp_path: Path) -> None:
    write_config(CONFIG)
    result = vkpay("config", "show", "--json")
    assert result.exit_code == 0, result.stderr
    assert "HUSH" not in result.stdout
    found = json.loads(result.stdout)
    h5 = found["merchants"]["default"]["wxpay"]["h5"]
    assert (found["notify_key"], found["database"]) == ("***", "sqlite:///shop.db")
    assert (h5["v3_key"], h5["app_cert"], h5["app_private_key_path"]) == ("***", "***", "apiclient_key.pem")
    assert found["http"]["attempts"] == 3
    sandbox = found["merchants"]["shop-7"]["alipay"]["h5"]
    assert sandbox["base_url"] == "https://openapi-sandbox.dl.alipaydev.com"
    assert sandbox["app_auth_tokens"] == [{"appAuthToken": "***"}]


def test_the_text_for_people_is_the_same_in_toml(vkpay: Any, write_config: Callable[[Any], Path]) -> None:
    config = {key: value for key, value in CONFIG.items() if key not in ("merchants", "database")}
    write_config(config)
    text = vkpay("config", "show").stdout
    assert "HUSH" not in text
    assert tomllib.loads(text) == json.loads(vkpay("config", "show", "--json").stdout)


def test_a_mistake_is_said(vkpay: Any, write_config: Callable[[Any], Path]) -> None:
    write_config({"wxpay": {"h5": {"app_id": "wx1"}}})
    result = vkpay("config", "show")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "wxpay.h5: mch_id is not set" in result.stderr
