"""Finds a route by the path as it stands on the wire, where that is plain enough to need no router."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

CONTROL = "/_sim/"  # which has routes of the application's own beside those of providers
_NAME = re.compile(r"\{(\w+)\}")


class Pattern(NamedTuple, Generic[T]):
    """A path with parameters, and what it leads to."""

    path: re.Pattern[str]
    leads_to: T


class Shortcuts(Generic[T]):
    """Routes as ``(method, path, what it leads to)``, in the order in which they were given to the application.

    An application's router takes as long as a notification's whole signature check. What this finds is what the router
    would have found; what it does not find is the router's business: escaped characters, other methods, no route at all.
    """

    def __init__(self, routes: Iterable[tuple[str, str, T]]) -> None:
        self._plain: dict[tuple[str, str], T] = {}
        self._patterns: dict[tuple[str, str], list[Pattern[T]]] = {}
        for method, path, leads_to in routes:
            if not path.startswith(CONTROL):
                self._add(method, path, leads_to)

    def _add(self, method: str, path: str, leads_to: T) -> None:
        head, braces, _ = path.partition("/{")
        if not braces:
            self._plain.setdefault((method, path), leads_to)
        else:
            self._patterns.setdefault((method, head), []).append(Pattern(_compiled(path), leads_to))

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]] | None:
        """What the path leads to, and its parameters."""
        plain = self._plain.get((method, path))
        if plain is not None:
            return plain, {}
        for head in _heads(path):
            for pattern in self._patterns.get((method, head), ()):
                if found := pattern.path.fullmatch(path):
                    return pattern.leads_to, found.groupdict()
        return None


def _compiled(path: str) -> re.Pattern[str]:
    """Parameters of another form than ``{name}`` stay as they are and match nothing."""
    return re.compile("/".join(_part(text) for text in path.split("/")))


def _part(text: str) -> str:
    name = _NAME.fullmatch(text)
    return rf"(?P<{name[1]}>[0-9A-Za-z_-]+)" if name else re.escape(text)


def _heads(path: str) -> Iterator[str]:
    """What stands before the last part, before the last two …, as the router looks for it."""
    while path := path.rpartition("/")[0]:
        yield path
