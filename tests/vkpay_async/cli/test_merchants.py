"""``vkpay config import``, ``key`` and ``rotate``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vkpay_async import VKPay
from vkpay_async.config import Node
from vkpay_async.config.vault import new_key, vault_from_env, vault_from_text
from vkpay_async.ledger import Ledger, Merchants

ROW = {
    "_id": "shop9",
    "_add_time": 1,
    "alipayAppPayToH5Pay": True,
    "wxpay": {"h5": {"appId": "wx9", "mchId": "19", "v3Key": "HUSH-1", "appPrivateKeyContent": "HUSH-2"}},
    "appleiap": {},
}
OTHER = {"_id": "shop8", "alipay": {"h5": {"appId": "2021", "privateKey": "HUSH-3"}}}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    key = new_key()
    monkeypatch.setenv("VKPAY_CONFIG_KEY", key)
    return key


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], None]:
    return lambda name, text: (tmp_path / name).write_text(text, encoding="utf-8") and None


def stored(path: Path, pid: str) -> dict[tuple[str, str], Node]:
    async def load() -> dict[tuple[str, str], Node]:
        ledger = Ledger(f"sqlite:///{path}/vkpay.db")
        found = await Merchants(ledger, vault_from_env(), lambda: 0).load(pid)
        await ledger.close()
        assert found is not None, f"no {pid}"
        return found.merchant.nodes

    return asyncio.run(load())


def test_a_row_is_written_and_shown_without_its_secrets(vkpay: Any, write: Any, tmp_path: Path) -> None:
    write("row.json", json.dumps(ROW))
    result = vkpay("config", "import", "row.json")
    assert result.exit_code == 0, result.output
    assert "shop9: written to sqlite:///vkpay.db, revision" in result.stdout
    assert 'v3_key = "***"' in result.stdout
    assert "alipay_app_pay_to_h5_pay = true" in result.stdout
    assert "wxpay.h5: app_private_key cannot be used" in result.stdout
    assert "HUSH" not in result.output
    assert stored(tmp_path, "shop9")["wxpay", "h5"].app_id == "wx9"
    assert b"HUSH" not in (tmp_path / "vkpay.db").read_bytes()


@pytest.mark.parametrize(
    "text",
    [json.dumps([ROW, OTHER]), f"\ufeff{json.dumps(ROW)}\n\n{json.dumps(OTHER)}\n"],
    ids=["a list", "one a line"],
)
def test_many_rows(vkpay: Any, write: Any, tmp_path: Path, text: str) -> None:
    write("rows.json", text)
    done = json.loads(vkpay("config", "import", "rows.json", "--json").stdout)
    assert [one["pid"] for one in done["written"]] == ["shop9", "shop8"]
    assert stored(tmp_path, "shop8")["alipay", "h5"].app_id == "2021"


def test_the_merchants_of_our_own_file_with_what_stands_in_files(
    vkpay: Any, write_config: Callable[[Any], Path], config: dict[str, Any], write: Any, tmp_path: Path
) -> None:
    node = dict(config["merchants"]["default"]["wxpay"]["h5"])
    write("key.pem", node.pop("appPrivateKeyContent"))
    write_config({"merchants": {"shop7": {"wxpay": {"h5": {**node, "app_private_key_path": "key.pem"}}}}})
    done = json.loads(vkpay("config", "import", "vkpay.toml", "--json").stdout)
    (one,) = done["written"]
    assert (one["pid"], one["problems"], one["in_config"]) == ("shop7", [], True)
    (tmp_path / "key.pem").unlink()
    stored_key: Any = stored(tmp_path, "shop7")["wxpay", "h5"]
    assert stored_key.app_private_key.reveal().startswith("-----BEGIN")


def test_the_configs_own_merchant_is_said_to_win(
    vkpay: Any, write_config: Callable[[Any], Path], write: Any
) -> None:
    write_config({"merchants": {"shop9": {"wxpay": {"h5": {"app_id": "wx1", "mch_id": "1"}}}}})
    write("row.json", json.dumps(ROW))
    assert "'shop9' too, which is the one that is used" in vkpay("config", "import", "row.json").stdout


def test_a_config_of_vk_uni_pay_under_a_name(vkpay: Any, write: Any, tmp_path: Path) -> None:
    write("config.json", json.dumps({"notifyUrl": {"default": "https://x.example"}, "wxpay": ROW["wxpay"]}))
    assert vkpay("config", "import", "config.json", "--pid", "shop1").exit_code == 0
    assert stored(tmp_path, "shop1")["wxpay", "h5"].pid == "shop1"
    write("row.json", json.dumps(ROW))
    assert vkpay("config", "import", "row.json", "--pid", "shop2").exit_code == 0
    assert stored(tmp_path, "shop2")["wxpay", "h5"].pid == "shop2"


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("module.exports = {}", [], "cannot be read as JSON"),
        ("[1]", [], "expected a JSON object"),
        ("{}", [], "no merchant in it"),
        (json.dumps([ROW, OTHER]), ["--pid", "x"], "--pid names one merchant, and there are 2"),
        (json.dumps({**ROW, "_id": {"$oid": "5"}}), [], "say with --pid"),
        (
            json.dumps({"_id": "a", "wxpay": {"h5": {"appId": "wx9"}}}),
            [],
            "merchants.a.wxpay.h5: mch_id is not set",
        ),
    ],
)
def test_a_mistake_is_said_and_nothing_written(
    vkpay: Any, write: Any, tmp_path: Path, text: str, arguments: list[str], said: str
) -> None:
    write("file.json", text)
    result = vkpay("config", "import", "file.json", *arguments)
    assert (result.exit_code, said in result.stderr) == (1, True), result.stderr
    assert not (tmp_path / "vkpay.db").exists()


def test_a_file_that_is_not_there(vkpay: Any) -> None:
    assert "none.json: cannot be read: No such file" in vkpay("config", "import", "none.json").stderr


def test_without_the_key_it_says_how_to_make_one(
    vkpay: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VKPAY_CONFIG_KEY")
    write("row.json", json.dumps(ROW))
    assert "vkpay config key" in vkpay("config", "import", "row.json").stderr
    made = vkpay("config", "key").stdout.strip()
    assert vault_from_text(made).key_id
    both = json.loads(vkpay("config", "key", "--json").stdout)
    assert vault_from_text(both["key"]).key_id == both["key_id"]


def test_keys_are_rotated(
    vkpay: Any, write: Any, key: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write("row.json", json.dumps(ROW))
    vkpay("config", "import", "row.json")
    new = new_key()
    monkeypatch.setenv("VKPAY_CONFIG_KEY", f"{new},{key}")
    assert "1 merchants encrypted anew" in vkpay("config", "rotate").stdout
    assert json.loads(vkpay("config", "rotate", "--json").stdout)["encrypted"] == 0
    monkeypatch.setenv("VKPAY_CONFIG_KEY", new)
    assert stored(tmp_path, "shop9")


def test_an_order_of_such_a_merchant_is_asked_about(
    vkpay: Any, write_config: Callable[[Any], Path], config: dict[str, Any], tmp_path: Path
) -> None:
    write_config({"notify_url": config["notify_url"]})

    async def create() -> None:
        own = {"notify_url": config["notify_url"]}
        async with VKPay.from_dict(own, database=f"sqlite:///{tmp_path}/vkpay.db") as pay:
            await pay.merchants.save("shop9", {"wxpay": config["merchants"]["default"]["wxpay"]})
            order: dict[str, Any] = {"total_fee": 1, "subject": "Tea", "type": "goods", "platform": "h5"}
            await pay.create_payment(
                provider="wxpay", need_qrcode=True, out_trade_no="20261128-1", pid="shop9", **order
            )

    asyncio.run(create())
    result = vkpay("query", "20261128-1")
    assert (result.exit_code, "they agree" in result.stdout) == (0, True), result.output
