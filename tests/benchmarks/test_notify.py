"""The benchmark of notifications as it is run: it measures what is right, and says so of what is not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from benchmarks import parties, results
from benchmarks.__main__ import ask, parser_of
from benchmarks.notify import check
from benchmarks.receivers import Receiving
from benchmarks.served import Settings
from benchmarks.targeted import CONFIG, KEYS
from vkpay_async import config_from_file

QUICK = ["--quick", "--store", "sqlite", "--concurrency", "16"]


@pytest.fixture(autouse=True)
def left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results go nowhere, and the tests' process keeps its cores."""
    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")
    monkeypatch.setattr("benchmarks.notify.pin", lambda core: None)


def figures(text: str) -> dict[str, dict[str, float]]:
    return {
        case: {name: values[0] for name, values in found.items()}
        for case, found in json.loads(text)["samples"].items()
    }


def test_what_is_received_is_measured_and_looked_up(capfd: pytest.CaptureFixture[str]) -> None:
    assert ask("notify", [*QUICK, "--only", "floor", "ours", "--json"]) == 0
    found = figures(capfd.readouterr().out)
    assert set(found) == {"sqlite/floor/16", "sqlite/ours/16"}
    for one in found.values():
        assert one["per_second"] > 0
        assert 0 < one["p50_ms"] <= one["p90_ms"] <= one["p99_ms"] <= one["p99.9_ms"]
        assert one["cpu_us"] > 0
        assert 0 < one["commits"] < 1, "many share a commit"
        assert 0 < one["load_busy"] < 1
        assert one["lost"] == one["doubled"] == 0


def test_a_receiver_that_drops_one_in_a_thousand_is_found_out(capfd: pytest.CaptureFixture[str]) -> None:
    app = ["--app", "tests.benchmarks.dishonest:dropping"]
    assert ask("notify", [*QUICK, "--only", "ours", "--json", *app]) == 1
    kept = json.loads(capfd.readouterr().out)
    assert kept["samples"]["sqlite/ours/16"]["lost"] == [1.0]
    assert "1 of" in kept["wrong"][0]
    assert "lost" in kept["wrong"][0]


def test_a_receiver_that_handles_one_twice_is_found_out(capfd: pytest.CaptureFixture[str]) -> None:
    app = ["--app", "tests.benchmarks.dishonest:doubling"]
    assert ask("notify", [*QUICK, "--only", "ours", "--json", *app]) == 1
    kept = json.loads(capfd.readouterr().out)
    assert kept["samples"]["sqlite/ours/16"]["doubled"] == [1.0]
    assert "more than once" in kept["wrong"][0]


def test_handlers_that_write_are_judged_by_what_they_wrote(capfd: pytest.CaptureFixture[str]) -> None:
    assert ask("notify", [*QUICK, "--only", "ours", "--handler", "tx", "--rate", "200", "--json"]) == 0
    found = figures(capfd.readouterr().out)["sqlite/ours/16@200"]
    assert found["lost"] == found["doubled"] == 0
    assert found["commits"] > 1, "a handler's transaction is its own"


def test_a_deployment_is_loaded_and_its_ledger_looked_into(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys, database = tmp_path / KEYS, f"sqlite:///{tmp_path}/theirs.db"
    keys.write_text(os.environ[parties.KEYS])
    config = {**parties.config("http://127.0.0.1:9"), "notify_url": "http://127.0.0.1/pay"}
    notes = tmp_path / "notes"
    notes.mkdir()
    settings = Settings(config=config, database=database, notes=str(notes))
    with Receiving("sqlite", "ours", settings) as theirs:
        target = [
            "--target",
            f"http://127.0.0.1:{theirs.port}/pay",
            "--keys",
            str(keys),
            "--database",
            database,
        ]
        assert ask("notify", ["--quick", *target, "--json"]) == 0
        theirs.stop()
    text = capfd.readouterr().out
    found = figures(text)["target/theirs/8"]
    assert found["lost"] == found["doubled"] == 0
    assert found["per_second"] > 0
    assert str(tmp_path) not in text


def test_the_config_for_a_deployment_can_be_loaded(tmp_path: Path) -> None:
    options = parser_of("notify").parse_args(["--config-out", str(tmp_path / "theirs")])
    from benchmarks.notify import run

    with pytest.raises(SystemExit, match="are in"):
        run(options, None)  # type: ignore[arg-type]
    found = config_from_file(tmp_path / "theirs" / CONFIG)
    merchant = found.merchants["default"]
    assert merchant.find_node("wxpay", "h5") is not None
    assert merchant.find_node("alipay", "h5") is not None
    assert len(json.loads((tmp_path / "theirs" / KEYS).read_text())) == 2
    assert (tmp_path / "theirs" / KEYS).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["--target", "https://pay.example.com/pay", "--keys", "k"], "--allow-host pay.example.com"),
        (["--target", "http://10.0.0.7/pay", "--keys", "k"], "not this machine"),
        (
            ["--target", "http://10.0.0.7/pay", "--keys", "k", "--allow-host", "10.0.0.8"],
            "--allow-host 10.0.0.7",
        ),
        (["--target", "127.0.0.1:8787"], "http://127"),
        (["--target", "http://127.0.0.1:8787/pay"], "--keys"),
        (["--slow-disk"], "--store sqlite"),
        (["--slow-disk", "--store", "postgres"], "--store sqlite"),
        (["--database", "postgresql://h/d"], "postgres or mysql"),
    ],
)
def test_options_that_do_not_go_together_are_refused(given: list[str], why: str) -> None:
    with pytest.raises(SystemExit, match=why):
        check(parser_of("notify").parse_args(given))


@pytest.mark.parametrize(
    "given",
    [
        ["--target", "http://localhost:8787/pay", "--keys", "k"],
        ["--target", "http://127.8.0.1/pay", "--keys", "k"],
        ["--target", "http://[::1]:8787/pay", "--keys", "k"],
        ["--target", "https://pay.example.com/pay", "--keys", "k", "--allow-host", "pay.example.com"],
        ["--slow-disk", "--store", "sqlite"],
        ["--database", "postgresql://h/d", "--store", "none", "postgres"],
    ],
)
def test_options_that_go_together_are_taken(given: list[str]) -> None:
    check(parser_of("notify").parse_args(given))


@pytest.mark.parametrize(
    "given",
    [
        ["--rate", "0"],
        ["--concurrency", "0"],
        ["--concurrency", "many"],
        ["--duplicates", "1.5"],
        ["--seconds", "-1"],
        ["--store", "oracle"],
        ["--handler", "none"],
    ],
)
def test_options_that_make_no_sense_are_refused(given: list[str]) -> None:
    with pytest.raises(SystemExit):
        parser_of("notify").parse_args(given)
