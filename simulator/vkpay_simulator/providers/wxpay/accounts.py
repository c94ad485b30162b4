"""Merchants as WeChat Pay knows them: numbers, keys, certificates, permissions, money."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from vkpay_simulator import keys
from vkpay_simulator.clock import CHINA
from vkpay_simulator.providers.base import Merchant, SimulatorError
from vkpay_simulator.providers.weixin.apps import WeixinApp

if TYPE_CHECKING:
    from vkpay_simulator.world import World

PERMISSIONS = ("jsapi", "app", "native", "h5", "codepay", "refund", "transfer")
OPENING_BALANCE = 100_000_000
PLATFORM_CERTIFICATE_DAYS = 5 * 365


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformKey:
    """What WeChat Pay signs with. ``id`` is a certificate's serial or a ``PUB_KEY_ID_…``."""

    id: str
    key: RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate | None = None


@dataclass(slots=True, kw_only=True)
class ApiCertificate:
    """A merchant API certificate. ``state`` is ``valid``, ``expired``, ``revoked`` or ``superseded``."""

    serial: str
    key: RSAPrivateKey = field(repr=False)
    public: RSAPublicKey
    pem: str
    state: str = "valid"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubMerchant:
    """A merchant under a service provider; not each has an appid of its own."""

    mchid: str
    name: str
    appid: str | None


@dataclass(slots=True, kw_only=True)
class Account:
    """One signing merchant. ``balances`` are in fen, by the number of the merchant who owns the money.

    ``transfer_limits`` (fen, least and most) and ``check_perception`` are off until set: the real figures
    are a matter of each merchant's console. ``notify_share`` is the part of the notifications that the
    public key signs while a merchant with platform certificates switches over.
    """

    pid: str
    mchid: str
    name: str
    appids: dict[str, str]
    secrets: dict[str, str] = field(repr=False)
    v2_key: str = field(repr=False)
    v3_key: str | None = field(repr=False)
    certificates: dict[str, ApiCertificate]
    platform: list[PlatformKey] = field(default_factory=list)
    public_key: PlatformKey | None = None
    notify_share: float = 0.0
    permissions: set[str] = field(default_factory=lambda: set(PERMISSIONS))
    subs: dict[str, SubMerchant] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    transfer_limits: tuple[int, int] | None = None
    check_perception: bool = False

    @property
    def weixin_apps(self) -> list[WeixinApp]:
        """The apps whose users may log in."""
        return [
            WeixinApp(appid=appid, secret=self.secrets[appid], kind="mini" if name == "mini" else "web")
            for name, appid in self.appids.items()
        ]

    @property
    def certificate(self) -> ApiCertificate:
        """The newest API certificate."""
        return list(self.certificates.values())[-1]

    def answering_key(self, wanted: str) -> PlatformKey:
        """What signs an answer to a request whose ``Wechatpay-Serial`` is ``wanted``."""
        if self.public_key and (wanted == self.public_key.id or not self.platform):
            return self.public_key
        return self.platform[-1]

    def notifying_key(self, chance: float) -> PlatformKey:
        if self.public_key and (chance < self.notify_share or not self.platform):
            return self.public_key
        return self.platform[-1]

    @property
    def platform_keys(self) -> list[PlatformKey]:
        """Everything WeChat Pay signs with for this merchant, and that it can encrypt for."""
        return [*self.platform, *([self.public_key] if self.public_key else [])]

    def decrypting_key(self, named: str) -> RSAPrivateKey | None:
        """The key of that serial or public key ID, which the client has encrypted for."""
        return next((platform.key for platform in self.platform_keys if platform.id == named), None)


class Accounts:
    """Opens accounts and finds them by mchid."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_mchid: dict[str, Account] = {}
        self._ca_name = keys.name(
            organisation="Tenpay.com", unit="Tenpay.com CA Center", common_name="Tenpay.com Root CA"
        )
        self._ca_key = world.keys.draw()

    @property
    def stranger_key(self) -> PlatformKey:
        """Signs the answers to callers who are not known at all."""
        return PlatformKey(id="7" * 40, key=self._ca_key)

    def find(self, mchid: str) -> Account | None:
        return self._by_mchid.get(mchid)

    def of(self, pid: str) -> Account:
        for account in self._by_mchid.values():
            if account.pid == pid:
                return account
        raise SimulatorError(f"no merchant {pid!r}: make it with POST /_sim/merchants", 404)

    def restore(self) -> None:
        """Money, permissions and rules as at the start; keys and certificates stay."""
        for account in self._by_mchid.values():
            account.balances = dict.fromkeys(account.balances, OPENING_BALANCE)
            account.permissions = set(PERMISSIONS)
            account.transfer_limits, account.check_perception = None, False

    def open(self, merchant: Merchant) -> Account:
        ids = self._world.ids
        mchid = "19" + ids.digits(8)
        appids = {kind: "wx" + ids.hex(16) for kind in ("mini", "official", "app")}
        account = Account(
            pid=merchant.pid,
            mchid=mchid,
            name=merchant.name,
            appids=appids,
            secrets={appid: ids.hex(32) for appid in appids.values()},
            v2_key=ids.alnum(32),
            v3_key=ids.alnum(32),
            certificates={},
            balances={mchid: OPENING_BALANCE},
        )
        self._fit_out(account, merchant.kind)
        self._by_mchid[mchid] = account
        return account

    def _fit_out(self, account: Account, kind: str) -> None:
        self.renew_certificate(account)
        if kind == "certs":
            self.rotate(account)
        else:
            self.enable_public_key(account)
        if kind == "partner":
            self._add_subs(account)

    def _add_subs(self, account: Account) -> None:
        ids = self._world.ids
        for appid in ("wx" + ids.hex(16), None):
            sub = SubMerchant(mchid="16" + ids.digits(8), name=ids.faker.company(), appid=appid)
            account.subs[sub.mchid] = sub
            account.balances[sub.mchid] = OPENING_BALANCE

    def renew_certificate(self, account: Account) -> ApiCertificate:
        """A new merchant API certificate; the one before is superseded."""
        for old in account.certificates.values():
            old.state = "superseded"
        key = self._world.keys.draw()
        issued = self._issue(key, account.name, account.mchid)
        serial = f"{issued.serial_number:040X}"
        account.certificates[serial] = ApiCertificate(
            serial=serial, key=key, public=key.public_key(), pem=keys.certificate_pem(issued)
        )
        return account.certificates[serial]

    def rotate(self, account: Account) -> PlatformKey:
        """A new platform certificate that signs from now on; the old ones stay in the list."""
        key = self._world.keys.draw()
        start = self._today() if account.platform else keys.VALID_FROM
        issued = self._issue(key, "Tenpay.com", "Tenpay.com sign", start)
        account.platform.append(PlatformKey(id=f"{issued.serial_number:040X}", key=key, certificate=issued))
        return account.platform[-1]

    def enable_public_key(self, account: Account, notify_share: float = 1.0) -> PlatformKey:
        """Gives a merchant the WeChat Pay public key, at once or beside its platform certificates."""
        public = PlatformKey(id="PUB_KEY_ID_0" + self._world.ids.digits(27), key=self._world.keys.draw())
        account.public_key, account.notify_share = public, notify_share
        return public

    def switch_over(self, account: Account, notify_share: float) -> PlatformKey:
        """The public key signs this part of the notifications; a merchant that has none gets it now."""
        if account.public_key is None:
            return self.enable_public_key(account, notify_share)
        account.notify_share = notify_share
        return account.public_key

    def _issue(
        self, key: RSAPrivateKey, unit: str, common_name: str, start: dt.datetime = keys.VALID_FROM
    ) -> x509.Certificate:
        life = dt.timedelta(days=PLATFORM_CERTIFICATE_DAYS)
        return keys.issue(
            subject=keys.name(organisation="Tenpay.com", unit=unit, common_name=common_name),
            public_key=key.public_key(),
            issuer=self._ca_name,
            issuer_key=self._ca_key,
            serial=int("4" + self._world.ids.hex(39), 16),
            ca=False,
            valid_from=start,
            valid_until=keys.VALID_UNTIL if start == keys.VALID_FROM else start + life,
        )

    def _today(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._world.signing_ms() // 1000, CHINA)
