"""A merchant's settings on their way into the database and back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from vkpay_async.config import Merchant, config_from_dict
from vkpay_async.config.export import merchant_from_settings, settings_of
from vkpay_async.errors import ConfigError

ROW = {
    "_id": "shop9",
    "alipayAppPayToH5Pay": True,
    "notifyUrl": {"default": "https://nine.example"},
    "wxpay": {
        "h5": {
            "appId": "wx9",
            "mchId": 19,
            "v3Key": "HUSH",
            "appPrivateKeyContent": "PEM",
            "sceneInfo": {"type": "Wap"},
        }
    },
    "alipay": {
        "h5": {"appId": "2021", "appAuthTokens": [{"appAuthToken": "T", "mchId": "2088"}], "sandbox": True}
    },
}


def merchant() -> Merchant:
    return merchant_from_settings("shop9", ROW, source="row")


def test_nothing_is_lost_on_the_way() -> None:
    settings = msgspec.json.decode(msgspec.json.encode(settings_of(merchant())))
    again = merchant_from_settings("shop9", settings, source="row")
    assert again == merchant()
    assert settings["wxpay"]["h5"]["v3_key"] == "HUSH"
    assert settings["alipay"]["h5"]["app_auth_tokens"] == [{"appAuthToken": "T", "mchId": "2088"}]
    assert "HUSH" not in repr(again)


def test_what_stands_in_a_file_is_taken_along(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("PEM")
    node = {"app_id": "wx1", "mch_id": "19", "app_private_key_path": "key.pem"}
    found = config_from_dict({"wxpay": {"h5": node}}, directory=tmp_path).merchants["default"]
    assert settings_of(found)["wxpay"]["h5"]["app_private_key"] == "PEM"
    (tmp_path / "key.pem").unlink()
    with pytest.raises(ConfigError, match=r"wxpay.h5: app_private_key cannot be read: No such file"):
        settings_of(found)


def test_a_mistake_names_the_merchant() -> None:
    with pytest.raises(ConfigError, match=r"database: merchants.shop9.wxpay.h5: mch_id is not set"):
        merchant_from_settings("shop9", {"wxpay": {"h5": {"appId": "wx9"}}}, source="database")
