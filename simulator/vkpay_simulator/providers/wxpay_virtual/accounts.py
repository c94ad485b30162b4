"""Mini programs as WeChat knows them: numbers, keys, message push, coins and goods."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from vkpay_simulator.providers.base import Merchant, SimulatorError
from vkpay_simulator.providers.weixin.apps import WeixinApp

if TYPE_CHECKING:
    from vkpay_simulator.world import World

Mode: TypeAlias = Literal["plain", "compatible", "secure"]
Format: TypeAlias = Literal["json", "xml"]
PAY_TYPE = "wxpay-virtual_mp-weixin"
OPENING_BALANCE = 100_000_000
RATE = 100
ENVS = (0, 1)


@dataclass(slots=True, kw_only=True)
class Push:
    """Message push as the console has it. ``url`` is the merchant's notify address unless it is set.

    ``wrong_appid`` and ``without_pay_info`` make pushes that are not as they should be.
    """

    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    mode: Mode = "secure"
    format: Format = "json"
    url: str | None = None
    enabled: bool = True
    wrong_appid: bool = False
    without_pay_info: bool = False


@dataclass(slots=True, kw_only=True)
class Goods:
    """An item (道具). ``effective_ms`` holds, by environment, from when its publication counts."""

    id: str
    name: str
    price: int
    remark: str
    item_url: str
    effective_ms: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class App:
    """One mini program with virtual payment. ``balances`` are the merchant's in fen, by environment."""

    pid: str
    merchant: Merchant
    appid: str
    secret: str = field(repr=False)
    original_id: str
    mch_id: str
    offer_id: str
    app_keys: dict[int, str] = field(repr=False)
    push: Push
    rate: int = RATE
    released: bool = False
    coin_published: bool = True
    goods: dict[str, Goods] = field(default_factory=dict)
    balances: dict[int, int] = field(default_factory=dict)

    @property
    def weixin_apps(self) -> list[WeixinApp]:
        """The mini program, whose users log in as anybody's do."""
        return [WeixinApp(appid=self.appid, secret=self.secret, kind="mini")]

    @property
    def push_url(self) -> str:
        """Where pushes go: set once in the console, and not named by any order."""
        return self.push.url or f"{self.merchant.notify_url}/vk-pay-notify/{PAY_TYPE}/-/{self.pid}"


class Accounts:
    """Opens mini programs and finds them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._apps: dict[str, App] = {}

    def of(self, pid: str) -> App:
        for app in self._apps.values():
            if app.pid == pid:
                return app
        raise SimulatorError(f"There is no merchant {pid!r}: make it with POST /_sim/merchants.", 404)

    def find(self, appid: str) -> App | None:
        return self._apps.get(appid)

    def by_offer(self, offer_id: str) -> App | None:
        return next((app for app in self._apps.values() if app.offer_id == offer_id), None)

    def open(self, merchant: Merchant) -> App:
        ids = self._world.ids
        app = App(
            pid=merchant.pid,
            merchant=merchant,
            appid="wx" + ids.hex(16),
            secret=ids.hex(32),
            original_id="gh_" + ids.hex(12),
            mch_id="16" + ids.digits(8),
            offer_id="145" + ids.digits(7),
            app_keys={env: ids.alnum(32) for env in ENVS},
            push=Push(token=ids.alnum(32), aes_key=ids.alnum(43)),
        )
        _fit_out(app)
        self._apps[app.appid] = app
        return app

    def restore(self) -> None:
        """What the console and tests change goes back to the beginning; numbers and keys stay."""
        for app in self._apps.values():
            app.push = Push(token=app.push.token, aes_key=app.push.aes_key)
            app.rate, app.released, app.coin_published = RATE, False, True
            _fit_out(app)


def _fit_out(app: App) -> None:
    """Two items that have long been published, and money to pay out."""
    effective = dict.fromkeys(ENVS, 0)
    image = "https://shop.example.com/item.png"
    app.goods = {
        id_: Goods(id=id_, name=name, price=price, remark=name, item_url=image, effective_ms=dict(effective))
        for id_, name, price in (("vip30", "会员30天", 990), ("chapter", "单章解锁", 100))
    }
    app.balances = dict.fromkeys(ENVS, OPENING_BALANCE)


def config_row(app: App) -> dict[str, dict[str, object]]:
    """The node in the spelling of vk-uni-pay's configuration."""
    node: dict[str, object] = {
        "appId": app.appid,
        "secret": app.secret,
        "mchId": app.mch_id,
        "offerId": app.offer_id,
        "appKey": app.app_keys[0],
        "sandboxAppKey": app.app_keys[1],
        "rate": app.rate,
        "token": app.push.token,
        "encodingAESKey": app.push.aes_key,
        "sandbox": False,
    }
    return {"mp-weixin": node}
