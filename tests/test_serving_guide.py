"""docs/serving.md: the options and states it names are those there are."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from vkpay_async.cli.app import app
from vkpay_async.cli.notifications.advice import STATES
from vkpay_async.errors import VKPayError
from vkpay_async.jobs import JOBS
from vkpay_async.web.actions import GUARDED, OPEN
from vkpay_async.web.front_door import FrontDoor

GUIDE = (Path(__file__).parents[1] / "docs/serving.md").read_text(encoding="utf-8")


def options(*command: str) -> set[str]:
    said = CliRunner(env={"TERM": "dumb", "COLUMNS": "200"}).invoke(app, [*command, "--help"]).stdout
    return set(re.findall(r"--[a-z-]+", said))


def test_the_table_names_every_option_of_serve() -> None:
    table = GUIDE.partition("| option |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`(--[a-z-]+)", row.split("|")[1])}
    assert named | {"--help", "--jobs"} == options("serve")


@pytest.mark.parametrize(
    "command", [("serve",), ("worker",), ("notifications", "list"), ("notifications", "replay")]
)
def test_the_commands_take_the_options_they_are_shown_with(command: tuple[str, ...]) -> None:
    typed = re.findall(rf"vkpay {' '.join(command)}\b(.*)", GUIDE)
    assert typed
    shown = {name for line in typed for name in re.findall(r"--[a-z-]+", line.partition("`")[0])}
    assert shown <= options(*command)


def test_the_table_names_every_action_and_which_are_shut() -> None:
    table = GUIDE.partition("| action |")[2].partition("\n\n")[0]
    rows = [row.strip("|").split("|") for row in table.splitlines() if "`pay/" in row]
    named = {
        allow.strip(): {
            name for first, _, other in rows if other == allow for name in re.findall(r"`(pay/[^`]+)`", first)
        }
        for _, _, allow in rows
    }
    assert named == {"no": set(OPEN), "yes": set(GUARDED)}


class Stock:
    async def user(self, token: str | None) -> Any:
        return SimpleNamespace(id="u1", openid="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")

    async def chapter(self, number: str) -> Any:
        return SimpleNamespace(id=number, coins=30)


async def test_the_example_lets_a_user_spend_their_own_coins() -> None:
    code = next(
        code for code in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL) if "currencyPay" in code
    )
    names: dict[str, Any] = {"shop": Stock(), "pay": None, "FrontDoor": FrontDoor, "VKPayError": VKPayError}
    exec(code, names)  # noqa: S102 - the page is ours
    asked = {"openid": "another", "amount": 0, "chapter": "7"}
    spent = await names["authorize"]("pay/wxpayVirtual/currencyPay", asked, {})
    assert spent == {
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "amount": 30,
        "out_trade_no": "chapter_7_u1",
    }
    with pytest.raises(VKPayError, match="not for clients"):
        await names["authorize"]("pay/wxpayVirtual/presentCurrency", asked, {})


def test_every_state_and_job_is_explained() -> None:
    assert re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE) == list(STATES)
    assert re.findall(r"^(\w+) +0 ", GUIDE, re.MULTILINE) == [job.name for job in JOBS]
