"""Addresses: the one that providers call, and the ones we call."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from vkpay_async.cli.doctor.check import Check, misconfigured
from vkpay_async.config import Config, Merchant, Node
from vkpay_async.errors import ConfigError

KIND = "notify_url"
_LOCAL_ENDINGS = (".local", ".localhost", ".internal", ".lan")


def check_notify_url(config: Config, merchant: Merchant) -> Check:
    """A merchant whose providers are all on this machine may be called on this machine."""
    subject = f"merchants.{merchant.pid}"
    try:
        url = config.notify_base(merchant.pid)
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ConfigError as error:
        return misconfigured(error, kind=KIND, subject=subject, where=config.source)
    except ValueError as error:
        return Check(
            kind=KIND,
            subject=subject,
            state="problem",
            detail=str(error),
            advice="write it as https://host/path",
        )
    if not host or parts.query or parts.fragment or "?" in url:
        return Check(
            kind=KIND,
            subject=subject,
            state="problem",
            detail=f"{url} has a query, a fragment or no host",
            advice="providers take a bare https://host/path only; the SDK adds its own path",
        )
    if all(on_this_machine(node.address) for node in merchant.nodes.values()):
        return Check(kind=KIND, subject=subject, detail=f"{url}, called by a simulator")
    return _reachable(Check(kind=KIND, subject=subject, detail=url), parts.scheme, host)


def check_base_url(node: Node, subject: str) -> Check:
    url = node.address
    if on_this_machine(url):
        return Check(kind="address", subject=subject, detail=f"{url}, a simulator")
    if not url.startswith("https://"):
        return Check(
            kind="address",
            subject=subject,
            state="warning",
            detail=f"{url} is not encrypted",
            advice="set base_url to an https:// address, or leave it out for the provider's own",
        )
    return Check(kind="address", subject=subject, detail=url)


def on_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _reachable(check: Check, scheme: str, host: str) -> Check:
    if _private(host):
        return Check(
            kind=check.kind,
            subject=check.subject,
            state="warning",
            detail=f"{check.detail} is an address of this machine or a private network",
            advice="providers call from the internet: use a public name, or a tunnel while developing",
        )
    if scheme == "http":
        return Check(
            kind=check.kind,
            subject=check.subject,
            state="warning",
            detail=f"{check.detail} is not encrypted",
            advice="use https:// with a certificate of a public authority; WeChat Pay asks for it",
        )
    return check


def _private(host: str) -> bool:
    if _is_address(host):
        return not ip_address(host).is_global
    return "." not in host or host.endswith(_LOCAL_ENDINGS)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
