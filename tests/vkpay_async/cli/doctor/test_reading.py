"""Every mistake of a file, and what is right all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from vkpay_async.cli.doctor.reading import read_config


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vkpay.toml"


def read(path: Path, text: str) -> tuple[list[str], set[tuple[str, str, str]]]:
    """The mistakes, and the nodes that are right."""
    path.write_text(text, encoding="utf-8")
    config, mistakes = read_config(path)
    merchants = config.merchants.values() if config else ()
    nodes = {(merchant.pid, *key) for merchant in merchants for key in merchant.nodes}
    return [error.msg.removeprefix(f"{path}: ") for error in mistakes], nodes


NODE = 'app_id = "a"\nmch_id = "1"\n'


def test_a_file_without_mistakes(path: Path) -> None:
    assert read(path, f"[wxpay.h5]\n{NODE}") == ([], {("default", "wxpay", "h5")})


@pytest.mark.parametrize("text", ["[wxpay", "\udcff"])
def test_what_is_no_toml_is_one_mistake(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    config, mistakes = read_config(path)
    assert config is None
    assert len(mistakes) == 1
    assert "cannot be read as TOML" in mistakes[0].msg


def test_each_mistake_is_named_once(path: Path) -> None:
    mistakes, nodes = read(
        path,
        f"""
        notify_urll = "https://shop.example.com/pay"
        wxpay = {{ h6 = {{}}, h5 = {{ app_id = "a", mch_id = "1" }}, mweb = 5 }}
        alipay = "x"
        [http]
        attempts = 0
        total_timeout = 5
        [merchants.shop-7]
        notify_ur = "x"
        [merchants.shop-7.alipay.h5]
        {NODE}
        [merchants.shop-8.wxpay.h5]
        [merchants]
        shop-9 = 7
        """.replace("        [merchants]\n        shop-9 = 7\n", ""),
    )
    expected = [
        "unknown key 'notify_urll'",
        "wxpay: unknown key 'h6'",
        "default.wxpay.mweb must be a table",
        "default.alipay must be a table",
        "http: attempts",
        "merchants.shop-7: unknown key 'notify_ur'",
        "merchants.shop-8.wxpay.h5: app_id is not set",
        "merchants.shop-8.wxpay.h5: mch_id is not set",
    ]
    assert [text for text, start in zip(mistakes, expected, strict=True) if not text.startswith(start)] == []
    assert nodes == {("default", "wxpay", "h5"), ("shop-7", "alipay", "h5")}


def test_pieces_that_do_not_go_together(path: Path) -> None:
    mistakes, nodes = read(path, f"[wxpay.h5]\n{NODE}[merchants.default.wxpay.h5]\n{NODE}")
    assert mistakes == [
        "merchant 'default' stands both at the top level and under merchants.default; keep one"
    ]
    assert not nodes


def test_a_provider_with_one_node_for_everything(path: Path) -> None:
    mistakes, nodes = read(
        path,
        """
[vkspay]
mch_id = "3493"
kei = "x"
[merchants.shop-7.vkspay]
mch_id = 3494
key = "k"
timeout = "soon"
""",
    )
    expected = ["vkspay: unknown key 'kei'", "vkspay: key is not set", "merchants.shop-7.vkspay: timeout"]
    assert [text for text, start in zip(mistakes, expected, strict=True) if not text.startswith(start)] == []
    assert nodes == {("shop-7", "vkspay", "")}
