"""Merchants as configuration: a vk-pay-config row for one, a whole ``vkpay.toml`` for all."""

from __future__ import annotations

from typing import Any

from vkpay_simulator.providers.base import HasAddresses, Merchant
from vkpay_simulator.world import World


def config_row(world: World, pid: str, origin: str) -> dict[str, Any]:
    """The merchant's row with ``notifyUrl``, and in every node a ``baseUrl`` that leads here."""
    merchant = world.merchant(pid)
    return {"notifyUrl": merchant.notify_url, **_nodes(world, merchant, origin)}


def config(world: World, origin: str) -> dict[str, Any]:
    """Every merchant, in the layout of ``vkpay.toml``: ``notify_url``, and ``merchants`` by pid.

    A merchant's own ``notifyUrl`` is there only where it is not the common one.
    """
    common = world.settings.notify_url
    merchants = {}
    for pid, merchant in world.merchants.items():
        own = {} if merchant.notify_url == common else {"notifyUrl": merchant.notify_url}
        merchants[pid] = {**own, **_nodes(world, merchant, origin)}
    return {"notify_url": common, "merchants": merchants}


def _nodes(world: World, merchant: Merchant, origin: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for provider in world.providers.values():
        addresses = {"baseUrl": origin}
        if isinstance(provider, HasAddresses):
            addresses |= provider.addresses(origin)
        for table, nodes in provider.config_row(merchant).items():
            row[table] = _located(nodes, addresses)
    return row


def _located(nodes: dict[str, Any], addresses: dict[str, str]) -> dict[str, Any]:
    """VksPay's table is a node itself, and has none for each platform."""
    if not any(isinstance(node, dict) for node in nodes.values()):
        return {**nodes, **addresses}
    return {name: {**node, **addresses} if isinstance(node, dict) else node for name, node in nodes.items()}
