"""What the commands share at a terminal: standard output, marks, times, and errors said once."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from typing import Annotated, Any, NamedTuple

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from vkpay_async.errors import VKPayError
from vkpay_async.providers.alipay.times import beijing_text

WIDTH_OF_A_FILE = 120

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


class Marks(NamedTuple):
    good: str
    bad: str
    doubtful: str
    so: str


CHECKS = Marks("✓", "✗", "!", "→")
WORDS = Marks("ok", "FAILED", "warning", "->")


def open_console() -> Console:
    """Standard output; where that is no terminal, wide enough for the tables."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every terminal has blocks and check marks
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH_OF_A_FILE)


def has_unicode(console: Console) -> bool:
    return console.encoding.startswith("utf")


def marks_for(console: Console) -> Marks:
    return CHECKS if has_unicode(console) else WORDS


def plain_table(*columns: str) -> Table:
    """A table without lines; what does not fit is folded, so that nothing is lost on a narrow terminal."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def printable(text: str) -> str:
    """Without control characters: what a buyer has written must not steer the terminal."""
    return "".join(
        char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def time_text(ms: int | None) -> str:
    """Milliseconds since the epoch as a time in UTC+8; empty for none."""
    return beijing_text(ms) if ms else ""


def print_json(value: Any) -> None:
    typer.echo(msgspec.json.encode(value))


@contextlib.contextmanager
def errors_said(as_json: bool) -> Iterator[None]:
    """An error of ours, or the database's, goes to standard error, with ``--json`` to standard output too; exit 1."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except VKPayError as error:
        _fail(error, as_json)
    except SQLAlchemyError as error:
        _fail(database_error(error), as_json)


def database_error(error: Exception) -> VKPayError:
    """The driver's own words, without the statement."""
    return VKPayError(f"the database refused: {getattr(error, 'orig', None) or type(error).__name__}")


def _fail(error: VKPayError, as_json: bool) -> None:
    if as_json:
        print_json(error.to_client())
    typer.echo(error.msg, err=True)
    raise typer.Exit(1) from None
