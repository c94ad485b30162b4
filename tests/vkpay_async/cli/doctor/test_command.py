"""``vkpay doctor`` on whole configurations, most of them the simulator's with something wrong in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vkpay_simulator.running import RunningSimulator

Examine = Callable[..., dict[str, dict[str, str]]]


@pytest.fixture
def examine(vkpay: Any, write_config: Callable[[Any], Path]) -> Examine:
    """The findings for a configuration, by name."""

    def run(data: Any, *args: str) -> dict[str, dict[str, str]]:
        write_config(data)
        result = vkpay("doctor", "--json", *args)
        found = json.loads(result.stdout)
        problems = [one for one in found["checks"] if one["state"] == "problem"]
        assert (found["ok"], result.exit_code) == (not problems, 1 if problems else 0)
        assert all(bool(one["advice"]) == (one["state"] != "ok") for one in found["checks"])
        return {one.pop("check"): one for one in found["checks"]}

    return run


def node(config: dict[str, Any], table: str) -> dict[str, Any]:
    """The default merchant's node, to be changed."""
    provider, platform = table.split(".")
    found: dict[str, Any] = config["merchants"]["default"][provider][platform]
    return found


def test_the_simulators_own_configuration_is_healthy(
    vkpay: Any, config: dict[str, Any], write_config: Any, tmp_path: Path
) -> None:
    write_config(config)
    result = vkpay("doctor", "--online", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["ok"] is True
    assert {one["state"] for one in found["checks"]} == {"ok"}
    names = [one["check"] for one in found["checks"]]
    assert len(names) == len(set(names))
    assert {"config", "database", "wxpay.h5 online", "merchants.certs.alipay.transfer clock"} <= set(names)
    assert [path.name for path in tmp_path.iterdir()] == ["vkpay.toml"]


def test_people_get_a_table_and_a_sum(vkpay: Any, config: dict[str, Any], write_config: Any) -> None:
    node(config, "wxpay.h5")["v3Key"] = "HUSH" * 3
    write_config(config)
    result = vkpay("doctor")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert "keys" in lines[1]
    assert "v3_key has 12 bytes, an APIv3 key has 32" in lines[1]
    assert lines[-1].startswith("1 problem, 0 warnings, ")


def test_no_secret_is_shown(vkpay: Any, config: dict[str, Any], write_config: Any) -> None:
    h5 = node(config, "wxpay.h5")
    write_config({**config, "database": "mysql://shop:HUSH@db/shop"})
    text = vkpay("doctor", "--json").stdout
    for secret in ("HUSH", h5["v3Key"], h5["secret"], h5["appPrivateKeyContent"][40:80]):
        assert secret not in text


def test_every_mistake_of_a_file_is_named_and_the_rest_is_looked_at(
    examine: Examine, vkpay: Any, config: dict[str, Any]
) -> None:
    node(config, "wxpay.h5")["v3Kei"] = "x"
    node(config, "wxpay.h5")["timeout"] = "soon"
    del node(config, "wxpay.mweb")["mchId"]
    config["notfy_url"] = "x"
    node(config, "alipay.h5")["privateKey"] = "no key"
    found = examine(config)
    result = json.loads(vkpay("doctor", "--json").stdout)
    details = [one["detail"] for one in result["checks"] if one["check"] == "config"]
    assert len(details) == 4
    text = "\n".join(details)
    for name in (
        "notfy_url",
        "wxpay.h5: unknown key 'v3Kei'",
        "wxpay.h5: timeout",
        "wxpay.mweb: mch_id is not set",
    ):
        assert name in text
    assert found["alipay.h5 keys"]["state"] == "problem"
    assert found["wxpay.h5 keys"]["state"] == "ok"
    assert "wxpay.mweb keys" not in found


def test_a_file_that_is_not_there(vkpay: Any) -> None:
    result = vkpay("doctor", "--json", "--config", "shop.toml")
    assert result.exit_code == 1
    (check,) = json.loads(result.stdout)["checks"]
    assert (check["check"], check["state"]) == ("config", "problem")
    assert check["advice"] == "write one, or let the simulator: vkpay-sim up --config-out shop.toml"


def test_the_database_is_looked_at_without_a_config(vkpay: Any) -> None:
    found = json.loads(vkpay("doctor", "--json", "--database", "sqlite:///shop.db").stdout)
    assert [one["check"] for one in found["checks"]] == ["config", "database"]


def test_a_file_without_merchants(examine: Examine) -> None:
    found = examine({"notify_url": "https://shop.example.com/pay"})
    assert found["config"]["detail"] == "vkpay.toml has no merchant"


def test_keys_that_do_not_belong_together(examine: Examine, config: dict[str, Any], other_key: str) -> None:
    node(config, "wxpay.h5")["appPrivateKeyContent"] = other_key
    found = examine(config)["wxpay.h5 keys"]
    assert found["detail"] == "app_cert does not belong to app_private_key"
    assert found["advice"] == "take both from the same download"


def test_the_apps_own_public_key_in_alipays_place(
    examine: Examine, config: dict[str, Any], certificate: Any
) -> None:
    h5 = node(config, "alipay.h5")
    h5["alipayPublicKeyContent"] = certificate(h5["privateKey"])
    found = examine(config)["alipay.h5 keys"]
    assert found["state"] == "problem"
    assert "the app's own half" in found["detail"]


def test_a_transfer_node_needs_certificates(examine: Examine, config: dict[str, Any]) -> None:
    config["merchants"]["default"]["alipay"]["transfer"] = node(config, "alipay.h5")
    found = examine(config)["alipay.transfer mode"]
    assert (found["state"], found["detail"]) == (
        "problem",
        "key mode: Alipay transfers in certificate mode only",
    )


@pytest.mark.parametrize(
    ("begins", "ends", "state", "detail"),
    [(-100, 100, "ok", "valid until"), (-9, 20, "warning", "expires on"), (-9, -1, "problem", "expired on")],
)
def test_a_certificates_time(
    examine: Examine,
    config: dict[str, Any],
    certificate: Any,
    begins: int,
    ends: int,
    state: str,
    detail: str,
) -> None:
    h5 = node(config, "wxpay.h5")
    h5["appCertContent"] = certificate(h5["appPrivateKeyContent"], begins, ends)
    found = examine(config)["wxpay.h5 app_cert validity"]
    assert (found["state"], found["detail"][: len(detail)]) == (state, detail)


def test_a_certificate_of_tomorrow(examine: Examine, config: dict[str, Any], certificate: Any) -> None:
    h5 = node(config, "wxpay.h5")
    h5["appCertContent"] = certificate(h5["appPrivateKeyContent"], 2, 100)
    found = examine(config)["wxpay.h5 app_cert validity"]
    assert (found["state"], found["detail"][:16]) == ("problem", "not valid before")


def test_an_expired_platform_certificate_is_replaced_by_itself(
    examine: Examine, config: dict[str, Any], certificate: Any, other_key: str
) -> None:
    h5 = config["merchants"]["certs"]["wxpay"]["h5"]
    h5 |= {"platformCertContent": certificate(other_key, -9, -1), "platformSerialNo": "1"}
    found = examine(config)["merchants.certs.wxpay.h5 platform_cert validity"]
    assert (found["state"], found["detail"][:10]) == ("warning", "expired on")


def test_everything_that_cannot_be_read_is_named(
    vkpay: Any, config: dict[str, Any], write_config: Any
) -> None:
    h5 = node(config, "wxpay.h5")
    h5 |= {"appPrivateKeyContent": "x", "appCertContent": "y", "wxpayPublicKeyContent": "pub_key.pem"}
    write_config(config)
    checks = json.loads(vkpay("doctor", "--json").stdout)["checks"]
    found = [one["detail"] for one in checks if one["check"] == "wxpay.h5 keys"]
    assert [text.split()[0] for text in found] == ["app_private_key", "wxpay_public_key", "app_cert"]
    assert not [one for one in checks if one["check"] == "wxpay.h5 app_cert validity"]


@pytest.mark.parametrize(
    ("table", "change", "state", "detail"),
    [
        ("wxpay.h5", {"wxpayPublicKeyContent": ""}, "warning", "wxpay_public_key_id is set without"),
        (
            "wxpay.h5",
            {"wxpayPublicKeyContent": "", "wxpayPublicKeyId": ""},
            "ok",
            "platform certificates, downloaded when needed",
        ),
        ("alipay.h5", {"sign_type": "RSA"}, "warning", "key mode with sign_type RSA (SHA-1)"),
        ("alipay.h5", {"sandbox": True, "baseUrl": ""}, "warning", "Alipay's sandbox: no real money"),
    ],
)
def test_the_mode(
    examine: Examine, config: dict[str, Any], table: str, change: dict[str, Any], state: str, detail: str
) -> None:
    node(config, table).update(change)
    found = examine(config)[f"{table} mode"]
    assert (found["state"], found["detail"][: len(detail)]) == (state, detail)


def test_a_serial_number_in_place_of_the_certificate(examine: Examine, config: dict[str, Any]) -> None:
    node(config, "wxpay.h5")["appCertContent"] = ""
    found = examine(config)["wxpay.h5 keys"]
    assert found["state"] == "ok"
    assert "app_cert in place of serial_no" in found["detail"]


def test_online_finds_a_key_that_the_provider_does_not_know(
    examine: Examine, config: dict[str, Any], other_key: str, vkpay_sim: RunningSimulator
) -> None:
    node(config, "wxpay.h5").update({"appPrivateKeyContent": other_key, "appCertContent": ""})
    node(config, "alipay.h5")["privateKey"] = other_key
    certs = config["merchants"]["certs"]["wxpay"]["h5"]
    certs |= {"v3Key": "x" * 32, "platformCertContent": "", "platformSerialNo": ""}
    found = examine(config, "--online")
    assert found["wxpay.h5 online"]["state"] == "problem"
    assert "SIGN_ERROR" in found["wxpay.h5 online"]["detail"]
    assert found["wxpay.h5 clock"]["state"] == "ok"
    assert "isv.invalid-signature" in found["alipay.h5 online"]["detail"]
    assert "v3_key" in found["merchants.certs.wxpay.h5 online"]["detail"]
    assert found["wxpay.mweb online"]["state"] == "ok"


def test_a_provider_with_one_node_for_everything(examine: Examine, config: dict[str, Any]) -> None:
    vkspay = config["merchants"]["default"]["vkspay"]
    found = examine(config, "--online")
    assert found["vkspay online"]["detail"] == "the signature is accepted (ORDERNOTEXIST)"
    assert found["vkspay mode"]["detail"] == f"store {vkspay['mchId']}"
    vkspay["observedOnly"] = True
    vkspay["key"] = "f" * 32
    found = examine(config, "--online")
    assert found["vkspay mode"]["detail"].endswith("only what was seen of the real gateway")
    assert (found["vkspay online"]["state"], found["vkspay online"]["detail"]) == (
        "problem",
        "vkspay FAIL: 签名错误",
    )
    assert found["vkspay clock"]["state"] == "ok"
