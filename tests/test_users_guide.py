"""What docs/users-and-accounts.md shows is so."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from vkpay_async import VKPay
from vkpay_async.web.actions import GUARDED, OPEN
from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.toml import dumps

PAGE = (Path(__file__).parents[1] / "docs/users-and-accounts.md").read_text(encoding="utf-8")


def block(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    assert found, marker
    return found.group(1)


async def run(marker: str, **names: Any) -> dict[str, Any]:
    """Runs an example that may await at its top level; gives its names."""
    code = compile(block(marker), marker, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)  # noqa: S307 - the page is ours
    if inspect.isawaitable(result):
        await result
    return names


@pytest.fixture
async def pay(vkpay_sim: RunningSimulator) -> AsyncIterator[VKPay]:
    config = {**vkpay_sim.config, "notifyKey": "k" * 64}
    async with VKPay.from_dict(config, database="sqlite://") as pay:
        yield pay


async def test_who_a_code_belongs_to(
    vkpay_sim: RunningSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vkpay.toml").write_text(dumps(vkpay_sim.config), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    example = await run("logins")
    user = vkpay_sim.login(vkpay_sim.merchant()["wxpay"]["mp-weixin"]["appId"])
    async with example["pay"]:
        assert await example["who"](user["code"]) == user["openid"]


async def test_what_an_account_holds(pay: VKPay, capsys: pytest.CaptureFixture[str]) -> None:
    example = await run("balance", pay=pay)
    fen, client = capsys.readouterr().out.splitlines()
    assert fen == f"{example['balance'].available_amount} 0"
    assert "'availableAmount': " in client


async def test_texts_are_read_by_the_other_side(pay: VKPay) -> None:
    example = await run("aes", pay=pay)
    assert example["data"] == {"user_id": "u1", "coins": 100}
    key = "12345678901234561234567890123456"
    assert pay.aes.decrypt(example["for_java"], key, "aes-256-ecb") == "tea"


async def test_the_users_test(vkpay_sim: RunningSimulator, pay: VKPay) -> None:
    await (await run("test"))["test_a_user_logs_in"](vkpay_sim, pay)


def test_every_call_and_action_that_is_named_exists() -> None:
    for name in re.findall(r"^\| `(code2session_\w+)`", PAGE, re.MULTILINE):
        assert hasattr(VKPay.from_dict({}), name)
    named = set(re.findall(r"`(pay/\w+)`", PAGE))
    assert len(named) == 6
    assert named <= OPEN.keys() | GUARDED.keys()
