"""The providers that are built, one for each merchant's node."""

from __future__ import annotations

from typing import Any

import msgspec

from vkpay_async import registry
from vkpay_async.config import Config, Merchant, Node
from vkpay_async.errors import InvalidArgument
from vkpay_async.models import NotifyReply
from vkpay_async.pay_type import split_pay_type
from vkpay_async.providers.base import Env, Provider
from vkpay_async.registry import REGISTRY


class Providers:
    """Builds each merchant's node once, with its keys loaded, and keeps it.

    Nodes of one merchant share what they learn of the provider's keys: certificates are downloaded once. The code of
    the config's providers is loaded at once: the first payment, in a running loop, is no time for it.
    """

    def __init__(self, config: Config, env: Env, *, more_merchants: bool = False) -> None:
        """``more_merchants``: there may be some that the config does not name (see :meth:`adopt`)."""
        self.config = config
        self._more = more_merchants
        self._env = env
        self._built: dict[tuple[str, str], Provider] = {}
        self._trust: dict[tuple[str, str, str], Any] = {}
        self._sole: dict[str, str | None] = {}
        for name in {name for one in config.merchants.values() for name, _ in one.nodes}:
            registry.provider_class(name)

    def refusal(self, pay_type: str) -> NotifyReply | None:
        """What the provider of a pay_type takes as a "no", for notifications that belong to no merchant of ours."""
        name = split_pay_type(pay_type)[0]
        reply: NotifyReply | None = registry.provider_class(name).refuse() if name in REGISTRY else None
        return reply

    def acceptance(self, pay_type: str) -> NotifyReply | None:
        """What the provider of a pay_type takes as a "got it"."""
        name = split_pay_type(pay_type)[0]
        reply: NotifyReply | None = registry.provider_class(name).accept() if name in REGISTRY else None
        return reply

    def sole_pid(self, pay_type: str) -> str | None:
        """The merchant that a pay_type's notifications must be for, where the config has just one with such a node.

        Where there may be merchants elsewhere it cannot be told.
        """
        if self._more:
            return None
        if pay_type not in self._sole:
            name, platform = split_pay_type(pay_type)
            having = [
                pid for pid, merchant in self.config.merchants.items() if merchant.find_node(name, platform)
            ]
            self._sole[pay_type] = having[0] if len(having) == 1 else None
        return self._sole[pay_type]

    def knows(self, pid: str) -> bool:
        """Whether there is such a merchant, of the config or adopted."""
        return pid in self.config.merchants

    def expect_more(self) -> None:
        """There are merchants that the config does not name."""
        self._more = True

    def adopt(self, merchant: Merchant) -> None:
        """Takes in a merchant from elsewhere, new or changed."""
        self.expect_more()
        self._set_merchants({**self.config.merchants, merchant.pid: merchant})
        self._take_apart(merchant.pid)

    def forget(self, pid: str) -> None:
        """Gives an adopted merchant up."""
        self._set_merchants({name: one for name, one in self.config.merchants.items() if name != pid})
        self._take_apart(pid)

    def get(self, pid: str | None, pay_type: str) -> Provider:
        """The provider behind a pay_type. Raises :class:`ConfigError`, :class:`InvalidArgument`."""
        key = (pid or "default", pay_type)
        built = self._built.get(key)
        if built is None:
            name, platform = split_pay_type(pay_type)
            if name not in REGISTRY:
                raise InvalidArgument(f"no provider {name!r}; there are {', '.join(REGISTRY)}", code=1005)
            built = self._built[key] = self._build(name, self.config.node(pid, name, platform))
        return built

    def _set_merchants(self, merchants: dict[str, Merchant]) -> None:
        """The config that the application was given is its own."""
        self.config = msgspec.structs.replace(self.config, merchants=merchants)

    def _take_apart(self, pid: str) -> None:
        """What was built of a merchant's earlier settings. Calls that are running end as they began."""
        self._built = {key: provider for key, provider in self._built.items() if key[0] != pid}
        self._trust = {key: trust for key, trust in self._trust.items() if key[0] != pid}

    def _build(self, name: str, node: Node) -> Provider:
        group = (node.pid, name, node.trust_group)
        provider: Provider = registry.provider_class(name).from_node(node, self._env, self._trust.get(group))
        self._trust[group] = provider.trust
        return provider
