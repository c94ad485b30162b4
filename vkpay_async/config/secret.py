"""Values that must not be seen, and key material that may stand in a file."""

from __future__ import annotations

from pathlib import Path

_FILE_ENDINGS = (".pem", ".crt", ".cer", ".key", ".txt", ".p12")


class Secret:
    """A text whose ``repr`` and ``str`` are ``***``; ``reveal()`` gives it out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))


class Material(Secret):
    """A key or certificate: given as text, or as a path that is read when it is first needed."""

    __slots__ = ("path",)

    def __init__(self, value: str = "", *, path: Path | None = None) -> None:
        super().__init__(value)
        self.path = path

    def reveal(self) -> str:
        """The text. Raises ``OSError`` when the file cannot be read."""
        return self._value if self.path is None else self.path.read_text(encoding="ascii", errors="replace")

    @property
    def names_a_file(self) -> bool:
        """Whether the text looks like a path that was given in the text's place."""
        return self.path is None and self._value.lower().endswith(_FILE_ENDINGS)

    def __bool__(self) -> bool:
        return self.path is not None or bool(self._value)

    def __repr__(self) -> str:
        return f"Material({str(self.path)!r})" if self.path else "Material('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Material) and (other.path, other._value) == (self.path, self._value)

    def __hash__(self) -> int:
        return hash((Material, self.path, self._value))
