"""Faults on demand: what goes wrong, for which requests or notifications, and how many times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from vkpay_simulator.providers.base import NamesErrorCodes, SimulatorError

Count = Annotated[int, Meta(ge=1)]


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a fault is for; what is left out matches everything.

    ``operation`` (``wxpay.refund``, or short ``refund``) and ``path`` may hold ``*``. A notification's operation
    is ``<provider>.notify`` and its path that of the notify address.
    """

    provider: str | None = None
    operation: str | None = None
    path: str | None = None
    out_trade_no: str | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    """``times`` is how often it happens: once unless told otherwise, ``null`` until it is removed."""

    match: Match = Match()
    times: Count | None = 1


class Latency(Fault, frozen=True, tag="latency"):
    """The request waits for ``seconds`` of real time before it is handled."""

    seconds: Annotated[float, Meta(ge=0, le=600)]


class Status(Fault, frozen=True, tag="status"):
    """An answer from some gateway before the provider: unsigned, and the request is not carried out."""

    status: Annotated[int, Meta(ge=200, le=599)]
    body: str = ""
    headers: dict[str, str] = {}


class BusinessCode(Fault, frozen=True, tag="business_code"):
    """The provider's own error ``code``, signed as it would be; the request is not carried out."""

    code: str


class Drop(Fault, frozen=True, tag="drop"):
    """The connection closes without an answer; with ``after``, the request has been carried out all the same."""

    after: bool = False


class BadSignature(Fault, frozen=True, tag="bad_signature"):
    """The next signed answer or notification carries a signature that does not hold."""


class Truncate(Fault, frozen=True, tag="truncate"):
    """The connection closes in the middle of the body."""


class DuplicateNotify(Fault, frozen=True, tag="duplicate_notify"):
    """A notification arrives ``copies`` times at once."""

    copies: Annotated[int, Meta(ge=2, le=100)] = 2


class LoseNotify(Fault, frozen=True, tag="lose_notify"):
    """A notification does not arrive; the schedule of re-sends goes on."""


AnyFault = Latency | Status | BusinessCode | Drop | BadSignature | Truncate | DuplicateNotify | LoseNotify
KINDS = {kind.__struct_config__.tag: kind for kind in AnyFault.__args__}
F = TypeVar("F", bound=Fault)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a fault may hit: one request, or one attempt at a notification. ``operation`` is without the provider."""

    provider: str | None
    operation: str | None
    path: str
    out_trade_no: str | None

    @property
    def full_operation(self) -> str | None:
        """``wxpay.refund``; an operation that begins with the provider's name already is left alone."""
        return _full(self.provider, self.operation)


@lru_cache(maxsize=1024)  # there are as many as a provider has endpoints
def _full(provider: str | None, operation: str | None) -> str | None:
    if operation is None or operation.startswith(f"{provider}."):
        return operation
    return f"{provider}.{operation}"


@dataclass(slots=True, kw_only=True)
class Active:
    """A fault in force. ``left`` is ``None`` when it has no end."""

    id: str
    fault: AnyFault
    left: int | None
    used: int = 0


class Faults:
    """The faults in force, oldest first. ``providers`` may grow after this was made."""

    def __init__(self, providers: Mapping[str, object] = MappingProxyType({})) -> None:
        self._providers = providers
        self._active: list[Active] = []
        self._added = 0

    def __bool__(self) -> bool:
        """Whether there are any: what nothing can go wrong with need not be described."""
        return bool(self._active)

    def add(self, fault: AnyFault) -> Active:
        """Raises :class:`SimulatorError` for an error code that no provider it is for has."""
        if isinstance(fault, BusinessCode):
            self._check_code(fault)
        self._added += 1
        active = Active(id=f"fault-{self._added}", fault=fault, left=fault.times)
        self._active.append(active)
        return active

    def take(self, kind: type[F], target: Target) -> F | None:
        """The oldest fault of this kind that hits, one of its times used up."""
        for active in self._active:
            if isinstance(active.fault, kind) and self._hits(active.fault, target):
                self._use(active)
                return active.fault
        return None

    def list(self) -> list[Active]:
        return list(self._active)

    def clear(self) -> None:
        self._active.clear()

    def reset(self) -> None:
        self.clear()
        self._added = 0

    def _check_code(self, fault: BusinessCode) -> None:
        names = [name for name in self._providers if _may_hit(fault.match, name)] or list(self._providers)
        if names and not any(self._knows(name, fault.code) for name in names):
            codes = {name: sorted(_codes(self._providers[name]) or ()) for name in names}
            near = get_close_matches(fault.code, [code for known in codes.values() for code in known], n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            listed = " ".join(f"Codes of {name}: {', '.join(known)}." for name, known in codes.items())
            raise SimulatorError(f"There is no code {fault.code!r}.{meant} {listed}")

    def _knows(self, provider: str | None, code: str) -> bool:
        codes = _codes(self._providers.get(provider or ""))
        return codes is None or code in codes

    def _hits(self, fault: Fault, target: Target) -> bool:
        """A code hits requests to providers that have it, and no others."""
        if isinstance(fault, BusinessCode) and not self._knows(target.provider, fault.code):
            return False
        return _hits(fault.match, target)

    def _use(self, active: Active) -> None:
        active.used += 1
        if active.left is not None:
            active.left -= 1
            if active.left == 0:
                self._active.remove(active)


def parse_fault(body: bytes) -> AnyFault:
    """Reads a fault from JSON. Raises :class:`SimulatorError` that names the known faults or fields."""
    try:
        fault: AnyFault = msgspec.json.decode(body, type=AnyFault)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SimulatorError(f"{error}. {_known(body)}") from error
    return fault


def _known(body: bytes) -> str:
    kind = KINDS.get(_named(body))
    if kind is None:
        return f'Known faults: {", ".join(sorted(KINDS))}. Name one as "fault": "…".'
    fields = ", ".join(field for field in kind.__struct_fields__)
    return (
        f"Fields of {kind.__struct_config__.tag}: {fields}; of match: {', '.join(Match.__struct_fields__)}."
    )


def _named(body: bytes) -> str:
    try:
        named = msgspec.json.decode(body, type=dict[str, object]).get("fault")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return named if isinstance(named, str) else ""


def _codes(provider: object) -> frozenset[str] | None:
    """A provider's error codes, if it names them."""
    return provider.error_codes() if isinstance(provider, NamesErrorCodes) else None


def _may_hit(match: Match, provider: str) -> bool:
    if match.provider is not None:
        return match.provider == provider
    operation = match.operation or ""
    return "." not in operation or operation.startswith(f"{provider}.")


def _hits(match: Match, target: Target) -> bool:
    return (
        match.provider in (None, target.provider)
        and match.out_trade_no in (None, target.out_trade_no)
        and (_like(match.operation, target.full_operation) or _like(match.operation, target.operation))
        and _like(match.path, target.path)
    )


def _like(pattern: str | None, text: str | None) -> bool:
    return pattern is None or (text is not None and fnmatchcase(text, pattern))
