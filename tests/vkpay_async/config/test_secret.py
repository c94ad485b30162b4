from pathlib import Path

import pytest

from vkpay_async.config import Material, Secret


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>5}".format, "%s".__mod__])
@pytest.mark.parametrize("kind", [Secret, Material])
def test_a_secret_is_not_shown(kind: type[Secret], show: object) -> None:
    assert "hush" not in show(kind("hush"))  # type: ignore[operator]
    assert "hush" not in repr([kind("hush")])


def test_a_secret_is_given_out_when_asked_for() -> None:
    assert Secret("hush").reveal() == "hush"
    assert Material("hush").reveal() == "hush"


def test_a_file_is_read_when_it_is_needed(tmp_path: Path) -> None:
    material = Material(path=tmp_path / "key.pem")
    assert material
    assert repr(material) == f"Material({str(tmp_path / 'key.pem')!r})"
    with pytest.raises(FileNotFoundError):
        material.reveal()
    (tmp_path / "key.pem").write_text("hush")
    assert material.reveal() == "hush"


def test_empty_secrets_count_as_unset() -> None:
    assert not Secret("")
    assert not Material()
    assert Secret("x")
    assert Material("x")


def test_secrets_compare_by_value_and_kind() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Material("a") == Material("a")
    assert Material("a") != Secret("a")
    assert Material(path=Path("a")) != Material(path=Path("b"))
    assert len({Secret("a"), Secret("a"), Material("a"), Material(path=Path("a"))}) == 3
