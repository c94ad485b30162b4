"""Apps at WeChat: mini programs, official accounts, apps of phones. They stand in the accounts of several providers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from vkpay_simulator.providers.weixin.errors import WeixinError

if TYPE_CHECKING:
    from vkpay_simulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class WeixinApp:
    """One appid. The users of a mini program log in by ``wx.login``, all others on a page of WeChat's."""

    appid: str
    secret: str = field(repr=False)
    kind: Literal["mini", "web"]


@runtime_checkable
class HasWeixinApps(Protocol):
    """A merchant's account at a provider whose customers are users of WeChat."""

    @property
    def weixin_apps(self) -> Sequence[WeixinApp]: ...


class Apps:
    """Every app of every merchant, whichever provider's account it stands in."""

    def __init__(self, world: World) -> None:
        self._world = world

    def find(self, appid: str) -> WeixinApp | None:
        return next((app for app in self._all() if app.appid == appid), None)

    def proven(self, query: Mapping[str, str]) -> WeixinApp:
        """The app that appid and secret open. Raises :class:`WeixinError`."""
        for name, code in (("appid", 41002), ("secret", 41004)):
            if not query.get(name):
                raise WeixinError(code, f"Send {name} in the query.")
        app = self.find(query["appid"])
        if app is None:
            raise WeixinError(
                40013, f"No app {query['appid']} is here: take appId of GET /_sim/merchants/{{pid}}."
            )
        if app.secret != query["secret"]:
            raise WeixinError(40125, "Take secret of the same node of GET /_sim/merchants/{pid}.")
        return app

    def _all(self) -> list[WeixinApp]:
        accounts = (
            account for merchant in self._world.merchants.values() for account in merchant.accounts.values()
        )
        return [app for one in accounts if isinstance(one, HasWeixinApps) for app in one.weixin_apps]
