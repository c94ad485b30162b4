"""What was looked at, and what was found."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from vkpay_async.errors import ConfigError

State: TypeAlias = Literal["ok", "warning", "problem"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. ``subject`` is the table it is about, empty for the whole; ``advice`` is empty when all is well."""

    kind: str
    subject: str = ""
    state: State = "ok"
    detail: str
    advice: str = ""

    @property
    def name(self) -> str:
        return f"{self.subject} {self.kind}".strip()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    checks: list[Check]

    @property
    def ok(self) -> bool:
        """Warnings are no reason to stop."""
        return all(check.state != "problem" for check in self.checks)

    def count(self, state: State) -> int:
        return sum(check.state == state for check in self.checks)

    def to_builtins(self) -> dict[str, Any]:
        rows = [
            {"check": one.name, "state": one.state, "detail": one.detail, "advice": one.advice}
            for one in self.checks
        ]
        return {"ok": self.ok, "checks": rows}


def misconfigured(error: ConfigError, *, kind: str, subject: str = "", where: str = "") -> Check:
    """An error text says what is wrong and, mostly after a semicolon, what to do."""
    detail, _, advice = error.msg.removeprefix(f"{where}: ").partition("; ")
    return Check(
        kind=kind,
        subject=subject,
        state="problem",
        detail=detail,
        advice=advice or "correct this key in the configuration",
    )
