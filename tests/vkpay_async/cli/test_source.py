"""Which database is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from vkpay_async.cli.source import missing_file, orders_url, shown_url
from vkpay_async.client import DEFAULT_DATABASE
from vkpay_async.errors import ConfigError


def test_the_option_then_the_config_then_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert orders_url(None, None) == DEFAULT_DATABASE
    (tmp_path / "vkpay.toml").write_text('database = "sqlite:///shop.db"', encoding="utf-8")
    assert orders_url(None, None) == "sqlite:///shop.db"
    assert orders_url(None, "sqlite:///other.db") == "sqlite:///other.db"
    with pytest.raises(ConfigError, match="no such file"):
        orders_url(Path("elsewhere.toml"), None)


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?uri=true", "postgresql://db/shop", "no url"]
)
def test_only_a_file_can_be_missing(url: str) -> None:
    assert missing_file(url) is None


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    assert missing_file(url) == tmp_path / "shop.db"
    (tmp_path / "shop.db").touch()
    assert missing_file(url) is None


@pytest.mark.parametrize(
    ("url", "shown"), [("mysql://u:hush@db/shop", "mysql://u:***@db/shop"), ("hush", "***")]
)
def test_the_password_is_not_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown
