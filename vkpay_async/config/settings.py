"""All settings of an application: what is common, and its merchants."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from vkpay_async.config.nodes import Node
from vkpay_async.config.secret import Secret
from vkpay_async.errors import ConfigError, NotifyUrlMissing
from vkpay_async.registry import REGISTRY, about, every_about

Seconds: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=2**31)]


_INSTEAD = {"page": "h5", "wap": "h5", "app-plus": "app-harmony", "app-harmony": "app-plus"}


class HttpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How calls to the providers are made. Times are in seconds, sizes in bytes."""

    connect_timeout: Seconds = 3.0
    read_timeout: Seconds = 10.0
    total_timeout: Seconds = 15.0
    connections_per_host: Count = 64
    dns_cache: Annotated[int, msgspec.Meta(ge=0)] = 300
    max_response: Count = 2 * 1024 * 1024
    attempts: Count = 3


class Merchant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One merchant: its nodes by (provider, platform)."""

    pid: str
    nodes: dict[tuple[str, str], Node] = {}
    notify_url: Any = None
    notify_key: Secret | None = None
    alipay_app_pay_to_h5_pay: bool | None = None

    def find_node(self, provider: str, platform: str) -> Node | None:
        """The node behind a pay_type; Alipay's page and wap payments may share the node of h5, and Huawei's app has two names.

        A provider with one node for everything has it under the platform ``""``.
        """
        names = (platform, _INSTEAD.get(platform, ""), "")
        return next((node for name in names if (node := self.nodes.get((provider, name)))), None)


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything an application needs to be told.

    ``notify_url`` is the public base address that providers call, or vk-uni-pay's map from space id to address
    (``space_id`` then selects). ``database`` is a SQLAlchemy URL, which may hold a password. ``max_notification`` is
    in bytes, ``handler_timeout`` in seconds. ``reply_policy`` says when a provider gets its success: ``durable``, once what
    happened is stored, or ``handled``, once the handler has succeeded. A handler that failed is run again with growing
    pauses, ``handler_attempts`` times in all; up to ``handlers_at_once`` run in one process.

    ``auto_delete_expired_orders`` is in days: the jobs delete orders that were not paid by then, 0 keeps them for ever.

    ``notify_key`` is what ``pay.aes`` encrypts under unless it is told another key; a merchant may have its own.
    """

    source: str = "config"
    merchants: dict[str, Merchant] = {}
    notify_url: Any = None
    space_id: str | None = None
    notify_key: Secret | None = None
    auto_delete_expired_orders: Annotated[int, msgspec.Meta(ge=0)] = 0
    alipay_app_pay_to_h5_pay: bool = False
    user_whitelist: list[str] | None = None
    database: Secret | None = None
    max_notification: Count = 1024 * 1024
    handler_timeout: Seconds = 60.0
    handler_attempts: Count = 12
    handlers_at_once: Count = 64
    reply_policy: Literal["durable", "handled"] = "durable"
    http: HttpSettings = HttpSettings()

    def merchant(self, pid: str | None) -> Merchant:
        """Raises :class:`ConfigError` listing the merchants there are."""
        found = self.merchants.get(pid or "default")
        if found is None:
            raise ConfigError(
                f"{self.source}: no merchant {pid or 'default'!r}; there are: {', '.join(self.merchants) or 'none'}"
            )
        return found

    def node(self, pid: str | None, provider: str, platform: str) -> Node:
        """The settings behind a pay_type. Raises :class:`ConfigError` naming the table to add."""
        merchant = self.merchant(pid)
        found = merchant.find_node(provider, platform)
        if found is None:
            raise ConfigError(self._missing(merchant, provider, platform))
        return found

    def notify_base(self, pid: str | None = None) -> str:
        """The address providers call, without a trailing slash. Raises :class:`NotifyUrlMissing` (101)."""
        value = self._own_notify_url(pid) or self.notify_url
        if isinstance(value, dict):
            value = self._from_map(value)
        if not isinstance(value, str) or not value.startswith(("http://", "https://")):
            raise NotifyUrlMissing(
                f"{self.source}: notify_url is not set or does not start with http; set it to the public base "
                "address of this service, e.g. https://pay.example.com/pay"
            )
        return value.rstrip("/")

    def _own_notify_url(self, pid: str | None) -> Any:
        merchant = self.merchants.get(pid or "default")
        return merchant.notify_url if merchant else None

    def _from_map(self, addresses: dict[str, Any]) -> Any:
        space = self.space_id or ""
        for key in (space, space.removeprefix("mp-"), f"mp-{space}", "default"):
            if key in addresses:
                return addresses[key]
        return next(iter(addresses.values())) if len(addresses) == 1 and not space else None

    def _missing(self, merchant: Merchant, provider: str, platform: str) -> str:
        if provider not in REGISTRY or platform not in about(provider).platforms:
            known = ", ".join(f"{one.name}_{part}" for one in every_about() for part in one.platforms)
            return f"{self.source}: {provider}_{platform} is no pay_type of this version; there are {known}"
        prefix = "" if merchant.pid == "default" else f"merchants.{merchant.pid}."
        table = provider if about(provider).one_node else f"{provider}.{platform}"
        return f"{self.source}: merchant {merchant.pid!r} has no {table} node; add [{prefix}{table}]"
