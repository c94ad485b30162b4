"""The pages in docs/: their Python is Python, their commands exist, their links lead somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from sqlalchemy import text

from vkpay_async import VKPay
from vkpay_async.cli.app import app as vkpay
from vkpay_async.registry import every_about
from vkpay_async.web.aiohttp import vkpay_app
from vkpay_simulator.cli.commands import app as vkpay_sim_app
from vkpay_simulator.providers import REGISTRY as SIMULATED
from vkpay_simulator.running import RunningSimulator
from vkpay_simulator.toml import dumps

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = [*PAGES, ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "simulator/README.md"]
PROGRAMS = {"vkpay": typer.main.get_command(vkpay), "vkpay-sim": typer.main.get_command(vkpay_sim_app)}

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
every_document = pytest.mark.parametrize(
    "page", DOCUMENTS, ids=lambda page: f"{page.parent.name}-{page.name}"
)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def typed(page: Path) -> list[list[str]]:
    """The commands that a page tells to type: after a prompt, or in backticks."""
    content = page.read_text(encoding="utf-8")
    prompts = re.findall(r"^\$ (?:\w+=\S+ )*(vkpay(?:-sim)?(?: .*)?)$", content, re.MULTILINE)
    inline = re.findall(r"`(vkpay(?:-sim)? [^`]+)`", content)
    return [line.partition("#")[0].split() for line in [*prompts, *inline]]


def command(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words lead to, and what is left of them."""
    found: Any = PROGRAMS[words[0]]
    rest = words[1:]
    while hasattr(found, "commands") and rest and not rest[0].startswith("-"):
        assert rest[0] in found.commands, f"{' '.join(words)}: no command {rest[0]!r}"
        found, rest = found.commands[rest[0]], rest[1:]
    return found, rest


def anchors(page: Path) -> set[str]:
    """What GitHub makes of a page's headings."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_every_python_block_compiles(page: Path) -> None:
    for code in blocks(page, "python"):
        compile(code, page.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)


@every_document
def test_every_command_and_option_exists(page: Path) -> None:
    for words in typed(page):
        found, rest = command(words)
        known = {
            name for parameter in found.params for name in (*parameter.opts, *parameter.secondary_opts)
        } | {"--help"}
        named = {word.partition("=")[0] for word in rest if re.match(r"--[a-z]", word)}
        assert named <= known, f"{' '.join(words)}: no option {', '.join(named - known)}"


@every_document
def test_every_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@every_page
def test_a_page_can_be_found_from_the_readme(page: Path) -> None:
    for readme in ("README.md", "README.zh-CN.md"):
        assert f"](docs/{page.name}" in (ROOT / readme).read_text(encoding="utf-8"), readme


def test_the_simulators_page_has_every_provider() -> None:
    page = (ROOT / "simulator/README.md").read_text(encoding="utf-8")
    started = re.search(r"^Simulator at \S+ \((.*); merchants", page, re.MULTILINE)
    table = re.search(r"<!-- providers -->\n.*\n.*\n((?:\|.*\n)+)", page)
    assert started
    assert table
    assert started.group(1).split(", ") == list(SIMULATED)
    assert set(re.findall(r"^\| `([^`]+)`", table.group(1), re.MULTILINE)) == set(SIMULATED)


def test_both_programs_help_names_who_can_be_paid_through() -> None:
    for program in PROGRAMS.values():
        said = program.help
        assert said
        for one in every_about():
            assert one.title.split()[0] in said, one.title


async def test_the_handler_with_tx_writes_once(
    vkpay_sim: RunningSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many copies arrive, the account has the money one time."""
    port = unused_port()
    vkpay_sim.notify_url = f"http://127.0.0.1:{port}/pay"
    (tmp_path / "vkpay.toml").write_text(dumps(vkpay_sim.config), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    example = [code for code in blocks(ROOT / "docs/receiving-notifications.md", "python") if "tx:" in code]
    names: dict[str, VKPay] = {}
    exec(example[0], names)  # noqa: S102 - the page is ours
    pay = names["pay"]
    async with TestServer(_application(pay), port=port):
        await pay.orders.write(lambda c: c.execute(text("CREATE TABLE accounts (id TEXT, balance INTEGER)")))
        await pay.orders.write(lambda c: c.execute(text("INSERT INTO accounts VALUES ('u1', 0)")))
        vkpay_sim.fault("duplicate_notify", copies=3)
        await pay.create_payment(
            provider="wxpay",
            platform="h5",
            is_pc=True,
            out_trade_no="20261121-0001",
            total_fee=19900,
            subject="Tea",
            type="recharge",
            user_id="u1",
        )
        await vkpay_sim.pay("20261121-0001")
        await pay.idle()
        balance = await pay.orders.read(lambda c: c.scalar(text("SELECT balance FROM accounts")))
    assert balance == 19900


def _application(pay: VKPay) -> web.Application:
    application = web.Application()
    application.add_subapp("/pay", vkpay_app(pay))
    return application
