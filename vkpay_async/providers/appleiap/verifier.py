"""From a signed text to what it says: chain, signature, and whether it is about this app.

Offline, certificates are measured by the day of signing, so that what was signed while they were valid stays believed. With
``online`` they must be valid now, and nobody may have revoked them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

import msgspec
from cryptography import x509

from vkpay_async.crypto.jws import Jws, split, verify_es256
from vkpay_async.errors import NotificationInvalid, NotificationMismatch, SignatureInvalid
from vkpay_async.providers.appleiap import ocsp
from vkpay_async.providers.appleiap.chain import Chain, Chains
from vkpay_async.providers.appleiap.models import (
    UNREADABLE,
    AppTransaction,
    RealtimeRequest,
    RenewalInfo,
    ServerNotification,
    Transaction,
)
from vkpay_async.providers.base import Env, Flow

S = TypeVar("S", Transaction, RenewalInfo, AppTransaction, ServerNotification, RealtimeRequest)

PRODUCTION, SANDBOX = "Production", "Sandbox"
UNSIGNED = frozenset({"Xcode", "LocalTesting"})
"""Environments on a developer's machine, where the App Store signs nothing."""

ASKING_MS = 30_000


class App(msgspec.Struct, frozen=True, kw_only=True):
    """Whose data is taken. ``bundle_ids`` by environment; ``app_apple_id`` is compared in production where it is known."""

    bundle_ids: dict[str, frozenset[str]]
    app_apple_id: int | None = None


_TRANSACTION = msgspec.json.Decoder(Transaction)
_RENEWAL_INFO = msgspec.json.Decoder(RenewalInfo)
_APP_TRANSACTION = msgspec.json.Decoder(AppTransaction)
_NOTIFICATION = msgspec.json.Decoder(ServerNotification)
_REALTIME = msgspec.json.Decoder(RealtimeRequest)


class Verifier:
    """One app's. ``local`` takes what Xcode and its tests make, which is not signed by Apple: never where money counts.

    Every method raises :class:`SignatureInvalid` for what Apple did not sign, :class:`NotificationInvalid` for what cannot be
    read, :class:`NotificationMismatch` for another app or environment. With ``online`` :class:`ProviderUnavailable` and
    :class:`TransportError` say that a responder did not answer: try again.
    """

    def __init__(
        self,
        *,
        roots: Collection[x509.Certificate],
        app: App,
        env: Env,
        online: bool = False,
        local: bool = False,
        timeout_ms: int | None = None,
    ) -> None:
        self._app = app
        self._bundle_ids = frozenset[str]().union(*app.bundle_ids.values())
        self._env = env
        self._online = online
        self._local = local
        self._timeout_ms = timeout_ms
        self._chains = Chains(tuple(roots))
        self._asking: dict[bytes, int] = {}

    def transaction(self, signed: str) -> Flow[Transaction]:
        """A ``signedTransactionInfo``, or a ``jwsRepresentation`` from a device."""
        found = yield from self._verified(signed, _TRANSACTION)
        self._check_app(found.bundle_id, found.environment)
        return found

    def renewal_info(self, signed: str) -> Flow[RenewalInfo]:
        """A ``signedRenewalInfo``. It names no app: what it comes with has to."""
        found = yield from self._verified(signed, _RENEWAL_INFO)
        self._check_environment(found.environment)
        return found

    def app_transaction(self, signed: str) -> Flow[AppTransaction]:
        """A ``signedAppTransactionInfo``, or an ``AppTransaction`` from a device."""
        found = yield from self._verified(signed, _APP_TRANSACTION)
        self._check_app(found.bundle_id, found.receipt_type)
        self._check_app_apple_id(found.app_apple_id, found.receipt_type)
        return found

    def notification(self, signed: str) -> Flow[ServerNotification]:
        """A ``signedPayload``. What is signed inside it is not verified by that."""
        found = yield from self._verified(signed, _NOTIFICATION)
        content = found.content
        if content is None:
            raise NotificationMismatch("a notification that names no app; nothing was changed")
        self._check_app(content.bundle_id, content.environment)
        self._check_app_apple_id(content.app_apple_id, content.environment)
        return found

    def realtime_request(self, signed: str) -> Flow[RealtimeRequest]:
        """A ``signedPayload`` of retention messaging."""
        found = yield from self._verified(signed, _REALTIME)
        self._check_environment(found.environment)
        self._check_app_apple_id(found.app_apple_id, found.environment)
        return found

    def _verified(self, signed: str, decoder: msgspec.json.Decoder[S]) -> Flow[S]:
        """Read first, for the day of signing decides which certificates are good; believed only when that has held."""
        jws = split(signed)
        found = _read(jws, decoder)
        if self._local and _environment(found) in UNSIGNED:
            return found
        at_ms = self._effective_ms(found)
        chain = self._known(jws.header, at_ms)
        if chain is None:
            chain = yield from self._chain(jws.header, at_ms)
        verify_es256(chain.key, jws)
        return found

    def _known(self, header: bytes, at_ms: int) -> Chain | None:
        """The chain of certificates that were seen before, where it is good for this text as well."""
        chain = self._chains.known(header)
        if chain is None or not chain.holds(at_ms) or (self._online and at_ms > chain.checked_until):
            return None
        return chain

    def _chain(self, header: bytes, at_ms: int) -> Flow[Chain]:
        chain = self._chains.verify(header, at_ms)
        if not self._online:
            self._chains.keep(header, chain)
            return chain
        return (yield from self._asked(header, chain, at_ms))

    def _asked(self, header: bytes, chain: Chain, now: int) -> Flow[Chain]:
        """One asks the responders; those who come meanwhile and have their last word get by with that."""
        before = self._chains.known(header)
        if before is not None and now < self._asking.get(header, 0):
            return before
        self._asking = {header: now + ASKING_MS}
        try:
            until = yield from ocsp.check(chain, now, self._timeout_ms)
        finally:
            self._asking.pop(header, None)
        chain = msgspec.structs.replace(chain, checked_until=until)
        self._chains.keep(header, chain)
        return chain

    def _effective_ms(self, found: Any) -> int:
        """Online, certificates must be good now; offline, on the day of signing."""
        if self._online:
            return self._env.now_ms()
        signed = found.receipt_creation_date if isinstance(found, AppTransaction) else found.signed_date
        return self._env.now_ms() if signed is None else int(signed)

    def _check_app(self, bundle_id: str | None, environment: str | None) -> None:
        """Apple's own order: whose it is comes before where it is from."""
        if bundle_id not in self._bundle_ids:
            ours = " or ".join(sorted(self._bundle_ids))
            raise NotificationMismatch(
                f"signed for the app {_shown(bundle_id)}, ours is {ours}; nothing was changed",
                code="INVALID_APP_IDENTIFIER",
            )
        self._check_environment(environment)
        if environment in self._app.bundle_ids and bundle_id not in self._app.bundle_ids[environment]:
            raise NotificationMismatch(
                f"the app {_shown(bundle_id)} is not that of {environment}; nothing was changed",
                code="INVALID_APP_IDENTIFIER",
            )

    def _check_environment(self, environment: str | None) -> None:
        if environment in self._app.bundle_ids or (self._local and environment in UNSIGNED):
            return
        hint = (
            ": TestFlight and App Review buy there; accept_sandbox = true takes it, and delivers for play money"
            if environment == SANDBOX
            else ""
        )
        raise NotificationMismatch(
            f"signed in the environment {_shown(environment)}, taken is {' or '.join(self._app.bundle_ids)}{hint}",
            code="INVALID_ENVIRONMENT",
        )

    def _check_app_apple_id(self, app_apple_id: int | None, environment: str | None) -> None:
        ours = self._app.app_apple_id
        if environment == PRODUCTION and ours is not None and app_apple_id != ours:
            raise NotificationMismatch(
                f"signed for the Apple id {app_apple_id}, ours is {ours}; nothing was changed",
                code="INVALID_APP_IDENTIFIER",
            )


def _read(jws: Jws, decoder: msgspec.json.Decoder[S]) -> S:
    try:
        return decoder.decode(jws.payload)
    except msgspec.ValidationError as error:
        raise NotificationInvalid(f"the signed text is not what Apple documents: {error}") from error
    except UNREADABLE as error:
        raise SignatureInvalid(
            f"the signed text holds no JSON: {error}", code="VERIFICATION_FAILURE"
        ) from error


def _environment(found: Any) -> str | None:
    if isinstance(found, AppTransaction):
        return found.receipt_type
    if isinstance(found, ServerNotification):
        return found.content.environment if found.content else None
    environment: str | None = found.environment
    return environment


def _shown(text: str | None) -> str:
    return repr(text[:80]) if text else "(none)"
