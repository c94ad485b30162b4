"""The merchants' apps: identifiers, the in-app purchase key, and the config rows made from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from vkpay_simulator.ids import Ids
from vkpay_simulator.keys import derived_key, private_pem
from vkpay_simulator.providers.appleiap.models import ENVIRONMENTS, PRODUCTION, SANDBOX, Store
from vkpay_simulator.providers.appleiap.pki import Authority
from vkpay_simulator.providers.base import Merchant, SimulatorError

PAY_TYPE = "appleiap_app-plus"
LONGEST_PID = 40


def bundle_of(pid: str) -> str:
    """A bundle id that tells whose it is; only letters, digits, hyphens and dots are allowed in one."""
    clean = "".join(c if c.isascii() and c.isalnum() else "-" for c in pid)
    return f"com.example.{clean[:LONGEST_PID] or 'app'}"


@dataclass(slots=True, kw_only=True)
class App:
    """One merchant's app. ``notify_urls`` holds what App Store Connect was told, by environment; without an entry the
    address is made from the merchant's. An app that is not ``released`` has nothing in production."""

    merchant: Merchant = field(repr=False)
    bundle_id: str
    app_apple_id: int
    issuer_id: str
    key_id: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    shared_secret: str = field(repr=False)
    released: bool = True
    notify_urls: dict[str, str] = field(default_factory=dict)
    stores: dict[str, Store] = field(init=False)
    public_key: ec.EllipticCurvePublicKey = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.public_key = self.key.public_key()
        self.stores = {name: Store(environment=name) for name in ENVIRONMENTS}

    @property
    def pid(self) -> str:
        return self.merchant.pid

    def notify_url(self, environment: str) -> str:
        """Where notifications go; empty when there is no such address."""
        base = self.merchant.notify_url.rstrip("/")
        return self.notify_urls.get(environment, f"{base}/vk-pay-notify/{PAY_TYPE}/-/{self.pid}")

    def restore(self) -> None:
        self.released = True
        self.notify_urls.clear()
        for store in self.stores.values():
            store.clear()


class Apps:
    """Every app, by merchant and by what a request tells of it."""

    def __init__(self, ids: Ids, authority: Authority) -> None:
        self._ids = ids
        self._authority = authority
        self.by_pid: dict[str, App] = {}

    def open(self, merchant: Merchant) -> App:
        app = App(
            merchant=merchant,
            bundle_id=bundle_of(merchant.pid),
            app_apple_id=int("1" + self._ids.digits(9)),
            issuer_id=self._ids.uuid(),
            key_id=self._ids.alnum(10).upper(),
            key=derived_key(self._ids, ec.SECP256R1()),
            shared_secret=self._ids.hex(32),
        )
        self.by_pid[merchant.pid] = app
        return app

    def of(self, pid: str) -> App:
        if pid not in self.by_pid:
            raise SimulatorError(f"There is no merchant {pid!r}: there are {', '.join(self.by_pid)}.", 404)
        return self.by_pid[pid]

    def by_key(self, key_id: str) -> App | None:
        return next((app for app in self.by_pid.values() if app.key_id == key_id), None)

    def config_row(self, merchant: Merchant) -> dict[str, Any]:
        """The ``appleiap`` part of a vk-pay-config row; contents, never paths."""
        app = self.by_pid[merchant.pid]
        node = {
            "bundleId": app.bundle_id,
            "appAppleId": app.app_apple_id,
            "issuerId": app.issuer_id,
            "keyId": app.key_id,
            "privateKey": private_pem(app.key),
            "password": app.shared_secret,
            "rootCert": self._authority.root_pem,
            "sandbox": True,
        }
        return {"appleiap": {"app-plus": node}}


def addresses(origin: str) -> dict[str, str]:
    """Where Apple's four hosts are found here."""
    sandbox = origin + PREFIXES[SANDBOX]
    return {
        "sandboxBaseUrl": sandbox,
        "receiptUrl": f"{origin}{PREFIXES[PRODUCTION]}/verifyReceipt",
        "sandboxReceiptUrl": f"{sandbox}/verifyReceipt",
    }


PREFIXES = {PRODUCTION: "", SANDBOX: "/sandbox"}
"""Before the real paths: one address stands for Apple's production and sandbox hosts."""
