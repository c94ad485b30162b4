"""Mini programs, their secrets and keys, their merchant's money, and the config rows made from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from vkpay_simulator.ids import Ids
from vkpay_simulator.keys import KeyRing, private_pem, public_pem
from vkpay_simulator.providers.base import Merchant, SimulatorError

OPENING_BALANCE = 1_000_000_00
CHANNELS = {1: "wx", 2: "alipay", 10: "hz"}
"""The ways of paying, and the accounts that their money is kept in."""


@dataclass(slots=True, kw_only=True)
class Purse:
    """What a merchant has with one channel, in fen. ``online`` waits for its settlement (在途)."""

    online: int = 0
    withdrawable: int = OPENING_BALANCE
    frozen: int = 0


def new_purses() -> dict[str, Purse]:
    return {channel: Purse() for channel in CHANNELS.values()}


@dataclass(slots=True, kw_only=True)
class Keys:
    """Of the general trade system. ``versions`` are the public keys that were uploaded, from 1 on."""

    own: rsa.RSAPrivateKey = field(repr=False)
    platform: rsa.RSAPrivateKey = field(repr=False)
    versions: dict[str, rsa.RSAPublicKey]

    @property
    def version(self) -> str:
        return str(len(self.versions))


@dataclass(slots=True, kw_only=True)
class App:
    """One mini program and its merchant. ``generation`` is the system that it makes new orders in.

    ``authorised``: the service provider may act for it. ``console_url`` is where notifications go that name no address.
    """

    pid: str
    app_id: str
    secret: str = field(repr=False)
    mch_id: str
    merchant: Merchant
    salt: str = field(repr=False)
    token: str = field(repr=False)
    generation: str = "ecpay"
    thirdparty_id: str | None = None
    authorised: bool = True
    sandbox: bool = False
    auto_settle: bool = False
    keys: Keys | None = None
    purses: dict[str, Purse] = field(default_factory=new_purses)

    @property
    def console_url(self) -> str:
        address = f"{self.merchant.notify_url}/vk-pay-notify/"
        return address if self.pid == "default" else f"{address}douyin_mp-toutiao/-/{self.pid}"

    def purse(self, way: int) -> Purse:
        return self.purses[CHANNELS.get(way, "hz")]

    def restore(self) -> None:
        """The settings of the opening; secrets and keys stay."""
        self.authorised, self.sandbox, self.auto_settle = True, False, False
        self.purses = new_purses()


class Accounts:
    """Every app, by merchant and by app id. Numbers come from the world's chance, keys from its key ring."""

    def __init__(self, keys: KeyRing, ids: Ids) -> None:
        self._keys = keys
        self._ids = ids
        self._by_pid: dict[str, App] = {}
        self._by_app_id: dict[str, App] = {}

    def open(self, merchant: Merchant) -> App:
        app = App(
            pid=merchant.pid,
            app_id="tt" + self._ids.hex(16),
            secret=self._ids.hex(40),
            mch_id="7" + self._ids.digits(18),
            merchant=merchant,
            salt=self._ids.alnum(40),
            token=self._ids.alnum(32),
        )
        if merchant.kind == "certs":
            self._draw_keys(app)
        if merchant.kind == "partner":
            app.thirdparty_id = "tt" + self._ids.hex(16)
        self._by_pid[merchant.pid] = self._by_app_id[app.app_id] = app
        return app

    def find(self, app_id: object) -> App | None:
        return self._by_app_id.get(app_id) if isinstance(app_id, str) else None

    def of_partner(self, thirdparty_id: object) -> App | None:
        """The app that a service provider's own calls are about."""
        return next((app for app in self._by_pid.values() if app.thirdparty_id == thirdparty_id), None)

    def of(self, pid: str) -> App:
        """Raises :class:`SimulatorError` (404) that names those there are."""
        if pid not in self._by_pid:
            raise SimulatorError(f"There is no merchant {pid!r}: there are {', '.join(self._by_pid)}.", 404)
        return self._by_pid[pid]

    def all(self) -> list[App]:
        return list(self._by_pid.values())

    def restore(self) -> None:
        for app in self._by_pid.values():
            app.restore()

    def renew_token(self, app: App) -> None:
        """What was paid before is told with the old one."""
        app.token = self._ids.alnum(32)

    def renew_salt(self, app: App) -> None:
        app.salt = self._ids.alnum(40)

    def renew_keys(self, app: App) -> None:
        """Uploads another public key: signatures name its version. Raises :class:`SimulatorError` without keys."""
        if app.keys is None:
            raise SimulatorError(
                f"Merchant {app.pid} is not in the general trade system: take one of the kind certs."
            )
        app.keys.own = self._keys.draw()
        app.keys.versions[str(len(app.keys.versions) + 1)] = app.keys.own.public_key()

    def _draw_keys(self, app: App) -> None:
        own = self._keys.draw()
        app.keys = Keys(own=own, platform=self._keys.draw(), versions={"1": own.public_key()})
        app.generation = "trade"


def config_row(app: App) -> dict[str, Any]:
    """The ``douyin`` part of a vk-pay-config row; contents, never paths."""
    node: dict[str, Any] = {
        "appId": app.app_id,
        "secret": app.secret,
        "mchId": app.mch_id,
        "salt": app.salt,
        "token": app.token,
        "sandbox": app.sandbox,
    }
    if app.thirdparty_id:
        node["thirdpartyId"] = app.thirdparty_id
    if app.keys:
        node |= {
            "generation": app.generation,
            "keyVersion": app.keys.version,
            "appPrivateKeyContent": private_pem(app.keys.own),
            "douyinPublicKeyContent": public_pem(app.keys.platform.public_key()),
            "tagGroupId": "tag_group_7272625659888058380",
            "skuType": 301,
            "skuImage": "https://dummyimage.com/234x60",
            "orderEntryPath": "pages/order/detail",
        }
    return {"douyin": {"mp-toutiao": node}}
