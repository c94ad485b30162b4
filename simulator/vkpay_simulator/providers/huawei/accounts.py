"""Merchants as Huawei Pay knows them: numbers, apps, certificates, products, money."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, cast

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from vkpay_simulator.keys import private_pem
from vkpay_simulator.providers.base import Merchant, SimulatorError
from vkpay_simulator.providers.huawei import sm2
from vkpay_simulator.providers.huawei.signing import MerchantKey

if TYPE_CHECKING:
    from vkpay_simulator.world import World

PRODUCTS = ("app", "fa", "refund", "bill")
NODES = {"fa": "mp-harmony", "app": "app-harmony"}
OPENING_BALANCE = 100_000_000
ALGORITHMS = ("RSA", "SM2")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformKey:
    """What Huawei Pay signs with, and the number of its certificate."""

    cert_no: str
    key: sm2.PrivateKey


@dataclass(slots=True, kw_only=True)
class Certificate:
    """A merchant certificate; its algorithm is that of the key that was uploaded. ``state`` is ``valid`` or ``revoked``."""

    auth_id: str
    algorithm: str
    private_pem: str = field(repr=False)
    public: MerchantKey
    state: str = "valid"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubMerchant:
    """A merchant under a service provider; not each has an app of its own."""

    merc_no: str
    name: str
    app_id: str | None


@dataclass(slots=True, kw_only=True)
class Account:
    """One signing merchant. ``balances`` are in fen, by the number of the merchant who owns the money.

    ``settle_bill`` is the switch of the merchant portal without which there are no settlement bills.
    """

    pid: str
    merc_no: str
    name: str
    app_ids: dict[str, str]
    certificates: dict[str, Certificate] = field(default_factory=dict)
    products: set[str] = field(default_factory=lambda: set(PRODUCTS))
    subs: dict[str, SubMerchant] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    settle_bill: bool = True

    @property
    def certificate(self) -> Certificate:
        """The newest one."""
        return list(self.certificates.values())[-1]


@cache
def _shipped() -> tuple[bytes, ...]:
    text = files("vkpay_simulator.providers.huawei").joinpath("testkeys.pem").read_bytes()
    end = b"-----END PRIVATE KEY-----\n"
    return tuple(block[block.index(b"-----BEGIN") :] + end for block in text.split(end)[:-1])


@cache
def _load(pem: bytes) -> rsa.RSAPrivateKey:
    return cast("rsa.RSAPrivateKey", load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True))


class Accounts:
    """Opens accounts and finds them by merchant number."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_merc_no: dict[str, Account] = {}
        self._drawn = 0
        with world.ids.stream("huawei platform"):
            self.platform = self._new_platform()

    def find(self, merc_no: str) -> Account | None:
        return self._by_merc_no.get(merc_no)

    def owner_of(self, auth_id: str) -> Account | None:
        """Whose certificate it is."""
        return next((one for one in self._by_merc_no.values() if auth_id in one.certificates), None)

    def of(self, pid: str) -> Account:
        for account in self._by_merc_no.values():
            if account.pid == pid:
                return account
        raise SimulatorError(f"no merchant {pid!r}: make it with POST /_sim/merchants", 404)

    def open(self, merchant: Merchant) -> Account:
        ids = self._world.ids
        account = Account(
            pid=merchant.pid,
            merc_no="101" + ids.digits(8),
            name=merchant.name,
            app_ids={product: "57658802" + ids.digits(11) for product in NODES},
        )
        account.balances[account.merc_no] = OPENING_BALANCE
        self.renew_certificate(account, "SM2" if merchant.kind == "certs" else "RSA")
        if merchant.kind == "partner":
            self._add_subs(account)
        self._by_merc_no[account.merc_no] = account
        return account

    def restore(self) -> None:
        """Money, products and switches as at the start; keys and certificates stay."""
        for account in self._by_merc_no.values():
            account.balances = dict.fromkeys(account.balances, OPENING_BALANCE)
            account.products, account.settle_bill = set(PRODUCTS), True

    def renew_certificate(self, account: Account, algorithm: str) -> Certificate:
        """A new certificate of the algorithm. Those before stay good, as they do until somebody revokes them."""
        auth_id = "120" + self._world.ids.digits(15)
        pem, public = self._draw_sm2() if algorithm == "SM2" else self._draw_rsa()
        account.certificates[auth_id] = Certificate(
            auth_id=auth_id, algorithm=algorithm, private_pem=pem, public=public
        )
        return account.certificates[auth_id]

    def renew_platform(self) -> PlatformKey:
        """Another key signs for Huawei Pay from now on."""
        self.platform = self._new_platform()
        return self.platform

    def _new_platform(self) -> PlatformKey:
        ids = self._world.ids
        return PlatformKey(cert_no="120" + ids.digits(15), key=sm2.private_key(ids.hex(64)))

    def _draw_sm2(self) -> tuple[str, MerchantKey]:
        key = sm2.private_key(self._world.ids.hex(64))
        return key.pem, key.public

    def _draw_rsa(self) -> tuple[str, MerchantKey]:
        pool, at = _shipped(), self._drawn
        self._drawn += 1
        key = _load(pool[at]) if at < len(pool) else rsa.generate_private_key(65537, 3072)
        return private_pem(key), key.public_key()

    def _add_subs(self, account: Account) -> None:
        ids = self._world.ids
        for app_id in ("57658802" + ids.digits(11), None):
            sub = SubMerchant(merc_no="102" + ids.digits(8), name=ids.faker.company(), app_id=app_id)
            account.subs[sub.merc_no] = sub
            account.balances[sub.merc_no] = OPENING_BALANCE
