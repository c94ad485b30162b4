"""From a file, a dict or the environment; what is wrong, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from vkpay_async import ConfigError, VKPay
from vkpay_async.config import (
    Config,
    Material,
    Node,
    Secret,
    config_from_dict,
    config_from_env,
    config_from_file,
)
from vkpay_async.crypto.pem import load_private_key

TOML = """
notify_url = "https://shop.example/pay"
database = "sqlite+aiosqlite:///orders.db"

[http]
connect_timeout = 1.5
attempts = 2

[wxpay.mp-weixin]
app_id = "wx1"
mch_id = "1900000001"
v3_key = "0123456789abcdef0123456789abcdef"
app_private_key_path = "keys/apiclient_key.pem"

[merchants.shop-7]
notify_url = "https://seven.example"
[merchants.shop-7.alipay.h5]
app_id = "2021"
"""
MINIMUM = {"appId": "wx1", "mchId": "1"}


def toml(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "vkpay.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    config = config_from_file(toml(tmp_path, TOML))
    node = config.node(None, "wxpay", "mp-weixin")
    assert config.notify_base() == "https://shop.example/pay"
    assert config.database == Secret("sqlite+aiosqlite:///orders.db")
    assert (config.http.connect_timeout, config.http.attempts, config.http.read_timeout) == (1.5, 2, 10.0)
    assert node.app_private_key == Material(path=tmp_path / "keys/apiclient_key.pem")  # type: ignore[attr-defined]
    assert config.node("shop-7", "alipay", "h5").pid == "shop-7"
    assert config.notify_base("shop-7") == "https://seven.example"


def test_the_environment_is_read() -> None:
    config = config_from_env(
        {
            "VKPAY_NOTIFY_URL": "https://shop.example",
            "VKPAY_HTTP__ATTEMPTS": "5",
            "VKPAY_ALIPAY_APP_PAY_TO_H5_PAY": "true",
            "VKPAY_WXPAY__MP_WEIXIN__APP_ID": "wx1",
            "VKPAY_WXPAY__MP_WEIXIN__MCH_ID": "1900000001",
            "VKPAY_WXPAY__MP_WEIXIN__APP_PRIVATE_KEY_CONTENT": "PEM",
            "VKPAY_MERCHANTS__SHOP7__ALIPAY__H5__APP_ID": "2021",
            "VKPAY_WXPAY_VIRTUAL__MP_WEIXIN__APP_ID": "wx2",
            "VKPAY_WXPAY_VIRTUAL__MP_WEIXIN__OFFER_ID": "1450593228",
            "VKPAY_WXPAY_VIRTUAL__MP_WEIXIN__ENCODING_AES_KEY": "AES",
            "VKPAY_SIM_SEED": "7",
            "PATH": "/bin",
        }
    )
    assert config.source == "environment"
    assert config.http.attempts == 5
    assert config.alipay_app_pay_to_h5_pay is True
    assert config.node(None, "wxpay", "mp-weixin").app_private_key == Material("PEM")  # type: ignore[attr-defined]
    assert config.node("shop7", "alipay", "h5").app_id == "2021"
    virtual = config.node(None, "wxpay-virtual", "mp-weixin")
    assert (virtual.app_id, virtual.offer_id) == ("wx2", "1450593228")  # type: ignore[attr-defined]
    assert virtual.encoding_aes_key == Secret("AES")  # type: ignore[attr-defined]


def test_the_process_own_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VKPAY_NOTIFY_URL", "https://shop.example")
    assert config_from_env().notify_base() == "https://shop.example"


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("upper", ["VKPAY_WXPAY", "VKPAY_WXPAY__H5"])
def test_a_variable_is_a_value_or_a_table(upper: str, reverse: bool) -> None:
    names = [upper, "VKPAY_WXPAY__H5__APP_ID"]
    with pytest.raises(ConfigError, match=r"environment: VKPAY_WXPAY.* one is a value, one a table"):
        config_from_env(dict.fromkeys(reversed(names) if reverse else names, "x"))


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize("form", ["pem", "one line", "bare base64", "bytes", "path", "path to one line"])
def test_a_key_is_loaded_however_it_was_written(
    form: str, private_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    pem = private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    line = pem.strip().replace("\n", "\\n")
    (tmp_path / "pem").write_text(pem)
    (tmp_path / "line").write_text(line)
    given: dict[str, Any] = {
        "pem": {"appPrivateKeyContent": pem},
        "one line": {"appPrivateKeyContent": line},
        "bare base64": {"appPrivateKey": "".join(pem.splitlines()[1:-1])},
        "bytes": {"appPrivateKey": pem.encode()},
        "path": {"appPrivateKeyPath": "pem"},
        "path to one line": {"app_private_key_path": str(tmp_path / "line")},
    }
    node = config_from_dict({"wxpay": {"h5": {**MINIMUM, **given[form]}}}, directory=tmp_path).node(
        None, "wxpay", "h5"
    )
    loaded = node.load("app_private_key", load_private_key, "wanted")
    assert loaded.private_numbers() == private_key.private_numbers()


def node_with(**values: Any) -> Node:
    return config_from_dict({"wxpay": {"h5": {**MINIMUM, **values}}}, source="vkpay.toml").node(
        None, "wxpay", "h5"
    )


def test_a_key_that_is_missing_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"vkpay\.toml: wxpay\.h5: app_private_key is not set; it signs requests"
    ):
        node_with().load("app_private_key", load_private_key, "it signs requests")


def test_a_key_file_that_is_missing_is_named() -> None:
    with pytest.raises(
        ConfigError,
        match=r"wxpay\.h5: app_private_key cannot be read: No such file or directory: nowhere\.pem",
    ):
        node_with(appPrivateKeyPath="nowhere.pem").load("app_private_key", load_private_key, "wanted")


def test_a_key_that_is_none_is_named_and_not_shown() -> None:
    with pytest.raises(ConfigError, match=r"vkpay\.toml: wxpay\.h5: app_private_key ") as caught:
        node_with(appPrivateKeyContent="hush-no-key").load("app_private_key", load_private_key, "wanted")
    assert "hush" not in str(caught.value)


H5 = {"wxpay": {"h5": MINIMUM}}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"notfyUrl": "x"}, r"^vkpay\.toml: unknown key 'notfyUrl'; did you mean 'notify_url'\?"),
        ({"paypal": {}}, r"^vkpay\.toml: unknown key 'paypal'; known are: alipay"),
        ({"zzzzzz": 1}, r"^vkpay\.toml: unknown key 'zzzzzz'; known are: alipay, .*wxpay"),
        ({"wxpay": "x"}, r"^vkpay\.toml: default\.wxpay must be a table, not str"),
        ({"wxpay": {"h5": "x"}}, r"^vkpay\.toml: default\.wxpay\.h5 must be a table, not str"),
        ({"wxpay": {"h6": {}}}, r"^vkpay\.toml: wxpay: unknown key 'h6'; known are: app-plus, codepay, h5"),
        (
            {"wxpay": {"mpWeixin": {}}},
            r"^vkpay\.toml: wxpay: unknown key 'mpWeixin'; did you mean 'mp-weixin'\?",
        ),
        ({"wxpay": {"h5": {"mchId": "1"}}}, r"^vkpay\.toml: wxpay\.h5: app_id is not set"),
        (
            {"wxpay": {"h5": {**MINIMUM, "v3key": "x"}}},
            r"^vkpay\.toml: wxpay\.h5: unknown key 'v3key'; did you mean 'v3_key'",
        ),
        (
            {"wxpay": {"h5": {**MINIMUM, "v3Key": 5}}},
            r"^vkpay\.toml: wxpay\.h5: v3_key: must be a text, not int",
        ),
        (
            {"wxpay": {"h5": {**MINIMUM, "version": "three"}}},
            r"^vkpay\.toml: wxpay\.h5: version: Expected `int`",
        ),
        ({"wxpay": {"h5": {**MINIMUM, "mchId": True}}}, r"^vkpay\.toml: wxpay\.h5: mch_id: Expected `str`"),
        (
            {"alipay": {"h5": {"appId": "1", "signType": "MD5"}}},
            r"^vkpay\.toml: alipay\.h5: sign_type: Invalid enum",
        ),
        ({"http": {"attemps": 1}}, r"^vkpay\.toml: http: unknown key 'attemps'; did you mean 'attempts'\?"),
        ({"http": {"attempts": "x"}}, r"^vkpay\.toml: http: attempts: Expected `int`"),
        ({"http": 5}, r"^vkpay\.toml: http must be a table, not int"),
        ({"merchants": []}, r"^vkpay\.toml: merchants must be a table, not list"),
        ({"merchants": {"a": 1}}, r"^vkpay\.toml: merchants\.a must be a table, not int"),
        (
            {"merchants": {"a": {"notifyUlr": 1}}},
            r"^vkpay\.toml: merchants\.a: unknown key 'notifyUlr'; did you mean",
        ),
        (
            {"merchants": {"a": {"notifyKey": 1}}},
            r"^vkpay\.toml: merchants\.a: notify_key: must be a text, not int",
        ),
        (
            {"merchants": {"a": {"wxpay": {"h5": {"appId": "1"}}}}},
            r"^vkpay\.toml: merchants\.a\.wxpay\.h5: mch_id is not set",
        ),
        ({**H5, "merchants": {"default": {}}}, r"^vkpay\.toml: merchant 'default' stands both .*; keep one"),
        ({"userWhitelist": "u1"}, r"^vkpay\.toml: user_whitelist: Expected `array"),
        ({"notifyKey": 5}, r"^vkpay\.toml: notify_key: must be a text, not int"),
    ],
)
def test_a_mistake_names_file_node_and_key(data: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        config_from_dict(data, source="vkpay.toml")


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"none\.toml: no such file; .*vkpay-sim up --config-out none\.toml"
    ):
        config_from_file(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"not toml", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vkpay.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"vkpay\.toml: cannot be read as TOML"):
        config_from_file(path)


def test_a_file_in_gbk_is_told_to_be_saved_in_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "vkpay.toml"
    path.write_bytes('notify_url = "https://a.example" # 支付'.encode("gbk"))
    with pytest.raises(ConfigError, match=r"vkpay\.toml: .*UTF-8"):
        config_from_file(path)


def test_the_byte_order_mark_of_windows_editors_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "vkpay.toml"
    path.write_text('notify_url = "https://a.example"', encoding="utf-8-sig")
    assert config_from_file(path).notify_base() == "https://a.example"


def test_a_path_in_place_of_a_key_names_the_setting_for_paths() -> None:
    node = config_from_dict({"alipay": {"h5": {"appId": "2", "privateKey": "/etc/shop/app.PEM"}}}).node(
        None, "alipay", "h5"
    )
    with pytest.raises(ConfigError, match=r"alipay\.h5: private_key .* into private_key_path") as caught:
        node.load("private_key", load_private_key, "it signs")
    assert "/etc/shop" not in str(caught.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        config_from_file(tmp_path)


def test_a_mistake_in_a_file_names_the_file(tmp_path: Path) -> None:
    path = toml(tmp_path, '[wxpay.h5]\napp_id = "wx1"\n')
    with pytest.raises(ConfigError) as caught:
        VKPay.from_file(path)
    assert str(caught.value) == f"{path}: wxpay.h5: mch_id is not set"


def test_nothing_shows_a_secret() -> None:
    hush = {
        key: f"hush-{key}" for key in ("secret", "key", "v3Key", "appPrivateKey", "pfx", "appCertContent")
    }
    alipay = {key: f"hush-{key}" for key in ("privateKey", "appAuthToken", "encryptKey")}
    config = config_from_dict(
        {
            "notifyKey": "hush-notify",
            "database": "postgresql://shop:hush@db/pay",
            "wxpay": {"h5": {**MINIMUM, **hush}},
            "alipay": {"h5": {"appId": "1", **alipay}},
            "merchants": {"a": {"notifyKey": "hush-notify", "wxpay": {"h5": {**MINIMUM, **hush}}}},
        }
    )
    assert "hush" not in repr(config) + str(config) + repr(config.merchants)


def test_a_config_can_be_empty() -> None:
    assert config_from_dict({}) == Config()
