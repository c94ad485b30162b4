"""Sellers, their apps and keys, and the config rows made from them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from vkpay_simulator.ids import Ids
from vkpay_simulator.keys import KeyRing, bare, private_pem, public_pem
from vkpay_simulator.providers.alipay.pki import Authority, Chain
from vkpay_simulator.providers.base import Merchant, SimulatorError

NODES = ("mp-alipay", "app-plus", "h5", "transfer", "codepay")
PRODUCTS = frozenset(
    {
        "FACE_TO_FACE_PAYMENT",
        "FAST_INSTANT_TRADE_PAY",
        "JSAPI_PAY",
        "QUICK_MSECURITY_PAY",
        "QUICK_WAP_WAY",
        "STD_RED_PACKET",
        "TRANS_ACCOUNT_NO_PWD",
    }
)
OPENING_BALANCE = 100_000_000_00


@dataclass(slots=True, kw_only=True)
class Seller:
    """An Alipay account that is paid and pays. ``balance`` in fen."""

    pid: str
    email: str
    name: str
    open_id: str
    balance: int = OPENING_BALANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorisation:
    """What a merchant let a service provider's app do for it."""

    token: str = field(repr=False)
    auth_app_id: str
    seller: Seller


@dataclass(slots=True, kw_only=True)
class Certificates:
    """Certificate mode. ``issued`` keeps every Alipay certificate of the app by its SN, for downloads."""

    app: Chain
    alipay: Chain
    root_pem: str
    root_sn: str
    issued: dict[str, str]


@dataclass(slots=True, kw_only=True)
class App:
    """One open-platform application. ``sign_type`` is the one it uploaded a key for; ``id_mode`` is
    ``user_id`` or ``open_id``; ``aes_key`` has 16 bytes when content encryption is set up;
    ``gateway_url`` is where subscription messages go."""

    app_id: str
    seller: Seller
    key: rsa.RSAPrivateKey = field(repr=False)
    alipay_key: rsa.RSAPrivateKey = field(repr=False)
    certificates: Certificates | None = None
    sign_type: str = "RSA2"
    aes_key: bytes | None = field(default=None, repr=False)
    id_mode: str = "user_id"
    products: frozenset[str] = PRODUCTS
    gateway_url: str | None = None
    authorisations: dict[str, Authorisation] = field(default_factory=dict, repr=False)
    public_key: rsa.RSAPublicKey = field(init=False)

    def __post_init__(self) -> None:
        self.public_key = self.key.public_key()

    def restore(self) -> None:
        """The settings of the opening; keys, certificates and authorisations stay."""
        self.sign_type, self.aes_key = "RSA2", None
        self.id_mode, self.products, self.gateway_url = "user_id", PRODUCTS, None


@dataclass(slots=True, kw_only=True)
class Account:
    """A merchant's half here: ``apps`` by config node (several nodes may share one app)."""

    pid: str
    seller: Seller
    apps: dict[str, App]

    @property
    def distinct_apps(self) -> list[App]:
        return list({app.app_id: app for app in self.apps.values()}.values())

    @property
    def sellers(self) -> list[Seller]:
        subs = (one.seller for app in self.distinct_apps for one in app.authorisations.values())
        return list({seller.pid: seller for seller in (self.seller, *subs)}.values())

    def restore(self) -> None:
        for app in self.distinct_apps:
            app.restore()
        for seller in self.sellers:
            seller.balance = OPENING_BALANCE


class Registrar:
    """Opens accounts: numbers from the world's chance, keys from its key ring."""

    def __init__(self, keys: KeyRing, ids: Ids) -> None:
        self._keys = keys
        self._ids = ids
        with ids.stream("alipay authority"):
            self.authority = Authority(keys, ids)

    def open(self, merchant: Merchant) -> Account:
        make: Callable[[Seller], dict[str, App]] = {
            "certs": self._certificate_apps,
            "partner": self._partner_apps,
        }.get(merchant.kind, self._default_apps)
        seller = self.seller(merchant.name)
        return Account(pid=merchant.pid, seller=seller, apps=make(seller))

    def seller(self, name: str) -> Seller:
        return Seller(
            pid="2088" + self._ids.digits(12),
            email=self._ids.faker.ascii_safe_email(),
            name=name,
            open_id="0" + self._ids.alnum(46),
        )

    def renew(self, app: App) -> None:
        """Alipay gets a new key and certificate for the app; the old one stays downloadable.

        Raises :class:`SimulatorError` for an app in key mode.
        """
        if app.certificates is None:
            raise SimulatorError(
                f"App {app.app_id} is in key mode and has no Alipay certificate: name the node transfer, "
                "or take a merchant of the kind certs."
            )
        app.alipay_key = self._keys.draw()
        app.certificates.alipay = self._alipay_chain(app.app_id, app.alipay_key)
        app.certificates.issued[app.certificates.alipay.sn] = app.certificates.alipay.pem

    def new_aes_key(self) -> bytes:
        return bytes.fromhex(self._ids.hex(32))

    def _default_apps(self, seller: Seller) -> dict[str, App]:
        plain, certified = self._app(seller), self._certified(self._app(seller))
        return {node: certified if node == "transfer" else plain for node in NODES}

    def _certificate_apps(self, seller: Seller) -> dict[str, App]:
        return dict.fromkeys(NODES, self._certified(self._app(seller)))

    def _partner_apps(self, seller: Seller) -> dict[str, App]:
        apps = self._default_apps(seller)
        grants = [self._authorisation(f"{seller.name}{number}") for number in ("一店", "二店")]
        apps["h5"].authorisations = {grant.token: grant for grant in grants}
        return apps

    def _authorisation(self, name: str) -> Authorisation:
        token = "202501BB" + self._ids.hex(24) + "X" + self._ids.digits(2)
        return Authorisation(token=token, auth_app_id=self._app_id(), seller=self.seller(name))

    def _app(self, seller: Seller) -> App:
        return App(app_id=self._app_id(), seller=seller, key=self._keys.draw(), alipay_key=self._keys.draw())

    def _app_id(self) -> str:
        return "2021" + self._ids.digits(12)

    def _certified(self, app: App) -> App:
        common_name = f"{app.seller.pid}-{app.app_id}"
        alipay = self._alipay_chain(app.app_id, app.alipay_key)
        app.certificates = Certificates(
            app=self.authority.leaf(
                organisation=app.seller.name, common_name=common_name, public_key=app.public_key
            ),
            alipay=alipay,
            root_pem=self.authority.root_pem,
            root_sn=self.authority.root_sn,
            issued={alipay.sn: alipay.pem},
        )
        return app

    def _alipay_chain(self, app_id: str, key: rsa.RSAPrivateKey) -> Chain:
        return self.authority.leaf(
            organisation="Simulated Alipay", common_name=f"Alipay-{app_id}", public_key=key.public_key()
        )


def _certificate_settings(certificates: Certificates) -> dict[str, Any]:
    return {
        "alipayPublicCertContent": certificates.alipay.pem,
        "alipayRootCertContent": certificates.root_pem,
        "appCertContent": certificates.app.pem,
    }


def _node(app: App) -> dict[str, Any]:
    node: dict[str, Any] = {
        "appId": app.app_id,
        "privateKey": bare(private_pem(app.key)),
        "alipayPublicKey": bare(public_pem(app.alipay_key.public_key())),
        "sandbox": False,
        "mchId": app.seller.pid,
    }
    if app.certificates:
        node |= _certificate_settings(app.certificates)
    if app.aes_key:
        node["encryptKey"] = base64.b64encode(app.aes_key).decode()
    if app.authorisations:
        node["appAuthTokens"] = [
            {"appAuthToken": one.token, "authAppId": one.auth_app_id, "mchId": one.seller.pid}
            for one in app.authorisations.values()
        ]
    return node


def config_row(account: Account) -> dict[str, Any]:
    """The ``alipay`` part of a vk-pay-config row; contents, never paths."""
    return {"alipay": {node: _node(app) for node, app in account.apps.items()}}
