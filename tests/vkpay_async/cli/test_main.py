"""The console script ``vkpay``."""

from __future__ import annotations

from importlib.machinery import ModuleSpec

import pytest

from vkpay_async import cli
from vkpay_async.version import VERSION


def test_without_the_extra_it_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> ModuleSpec | None:
        return None if name == "typer" else ModuleSpec(name, None)

    monkeypatch.setattr(cli, "find_spec", find_spec)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == "vkpay needs typer: pip install 'vkpay-async[cli]'"


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["vkpay", "--version"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert (stopped.value.code, capsys.readouterr().out) == (0, f"vkpay {VERSION}\n")


def test_it_lists_its_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["vkpay", "--help"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert all(name in said for name in ("demo", "doctor", "orders", "query", "config"))
