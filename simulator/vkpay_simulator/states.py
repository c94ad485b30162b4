"""Explicit transition tables for orders, refunds and transfers."""

from __future__ import annotations

from collections.abc import Mapping


class IllegalTransitionError(Exception):
    """The table has no such step. A provider checks first and answers with its own error."""


class States:
    """A closed table of states: ``States({"NOTPAY": {"SUCCESS", "CLOSED"}, …})``."""

    def __init__(self, steps: Mapping[str, frozenset[str] | set[str]]) -> None:
        self.steps = {state: frozenset(targets) for state, targets in steps.items()}
        unknown = {t for targets in self.steps.values() for t in targets} - self.steps.keys()
        if unknown:
            raise ValueError(f"states without a row: {sorted(unknown)}")

    def allows(self, source: str, target: str) -> bool:
        return target in self.steps[source]

    def check(self, source: str, target: str) -> str:
        """Gives ``target`` back, or raises :class:`IllegalTransitionError`."""
        if not self.allows(source, target):
            raise IllegalTransitionError(f"{source} → {target}")
        return target

    def final(self, state: str) -> bool:
        return not self.steps[state]
