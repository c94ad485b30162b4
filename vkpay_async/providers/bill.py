"""What every provider's bill is: a large file with a table in it, one line for each thing that happened to money."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from vkpay_async.models import BillRow

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of a bill as it is downloaded: packed, some million lines."""

LARGEST_TABLE = 512 * 1024 * 1024
"""Bytes of a bill unpacked. More than that is no bill but an attempt to fill the memory."""

DOWNLOAD_MS = 120_000
"""What a download may take, where a node's ``timeout`` does not allow more."""

ADVICE = "ask for the bill again; if it stays, the provider has changed its layout: report this text"

Split: TypeAlias = Callable[[str], list[str]]


class BillLine(Mapping[str, str]):
    """One line by the names of its columns, taken apart when it is looked into: a bill may have a million of them."""

    __slots__ = ("_names", "_split", "_text")

    def __init__(self, names: Sequence[str], text: str, split: Split) -> None:
        self._names = names
        self._text = text
        self._split = split

    def cells(self) -> dict[str, str]:
        """Every value by its column. Raises ``ValueError`` where the line has more or fewer of them than the table."""
        values = self._split(self._text)
        if len(values) != len(self._names):
            raise ValueError(f"{len(values)} values, and the table has {len(self._names)} columns")
        return dict(zip(self._names, values, strict=True))

    def __getitem__(self, name: str) -> str:
        return self.cells()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"BillLine({len(self._names)} columns)"


def bill_rows(
    names: Sequence[str],
    lines: Iterable[tuple[int, str]],
    split: Split,
    typed: Callable[[dict[str, str], BillLine], BillRow],
) -> Iterator[BillRow]:
    """The rows of ``lines``, numbered as in the file. Raises ``ValueError`` that names the line."""
    for number, text in lines:
        line = BillLine(names, text, split)
        try:
            yield typed(line.cells(), line)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error


def check_columns(names: Sequence[str], needed: Iterable[str]) -> None:
    """More columns than are read are fine, fewer are not. Raises ``ValueError``."""
    missing = [name for name in needed if name not in names]
    if missing:
        raise ValueError(f"the table has no {', '.join(missing)}")
