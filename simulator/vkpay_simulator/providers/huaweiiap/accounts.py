"""The merchants' apps: numbers, the API key of AppGallery Connect, and the config rows made from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from vkpay_simulator.ids import Ids
from vkpay_simulator.keys import derived_key, private_pem
from vkpay_simulator.providers.base import Merchant, SimulatorError
from vkpay_simulator.providers.huaweiiap.models import Store
from vkpay_simulator.providers.huaweiiap.pki import Authority

PAY_TYPE = "huaweiiap_app-harmony"


@dataclass(slots=True, kw_only=True)
class App:
    """One merchant's app. ``activated``: in-app purchases are switched on. ``own_url`` is the address of notifications, where
    it is not made from the merchant's."""

    merchant: Merchant = field(repr=False)
    app_id: str
    issuer_id: str
    key_id: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    activated: bool = True
    own_url: str | None = None
    store: Store = field(default_factory=Store, repr=False)
    public_key: ec.EllipticCurvePublicKey = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.public_key = self.key.public_key()

    @property
    def pid(self) -> str:
        return self.merchant.pid

    @property
    def notify_url(self) -> str:
        base = self.merchant.notify_url.rstrip("/")
        return self.own_url or f"{base}/vk-pay-notify/{PAY_TYPE}/-/{self.pid}"

    def restore(self) -> None:
        self.activated, self.own_url = True, None
        self.store.clear()


class Apps:
    """Every app, by its merchant and by its key."""

    def __init__(self, ids: Ids, authority: Authority) -> None:
        self._ids = ids
        self._authority = authority
        self.by_pid: dict[str, App] = {}

    def open(self, merchant: Merchant) -> App:
        app = App(
            merchant=merchant,
            app_id="57658" + self._ids.digits(14),
            issuer_id=self._ids.uuid(),
            key_id=self._ids.hex(32),
            key=derived_key(self._ids, ec.SECP256R1()),
        )
        self.by_pid[merchant.pid] = app
        return app

    def of(self, pid: str) -> App:
        if pid not in self.by_pid:
            raise SimulatorError(f"There is no merchant {pid!r}: there are {', '.join(self.by_pid)}.", 404)
        return self.by_pid[pid]

    def by_key(self, key_id: str) -> App | None:
        return next((app for app in self.by_pid.values() if app.key_id == key_id), None)

    def config_row(self, app: App) -> dict[str, Any]:
        """Contents, never paths."""
        return {
            "app-harmony": {
                "appId": app.app_id,
                "issuerId": app.issuer_id,
                "keyId": app.key_id,
                "privateKey": private_pem(app.key),
                "rootCert": self._authority.root_pem,
            }
        }
