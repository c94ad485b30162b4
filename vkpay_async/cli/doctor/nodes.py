"""What can be said about a node without asking anybody: its keys, its certificates, its mode."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from cryptography.x509.oid import NameOID

from vkpay_async.cli.doctor.address import check_base_url, on_this_machine
from vkpay_async.cli.doctor.check import Check, State, misconfigured
from vkpay_async.config import Node
from vkpay_async.crypto.pem import (
    load_certificate,
    load_certificates,
    load_ec_private_key,
    load_private_key,
    load_public_key,
)
from vkpay_async.crypto.sm2 import load_sm2_public_keys
from vkpay_async.errors import ConfigError
from vkpay_async.providers.alipay.about import AlipayNode
from vkpay_async.providers.appleiap.about import AppleNode
from vkpay_async.providers.huaweiiap.about import HuaweiIapNode
from vkpay_async.providers.registry import Providers
from vkpay_async.providers.wxpay.about import WxpayNode
from vkpay_async.providers.wxpay_virtual.about import WxpayVirtualNode
from vkpay_async.registry import every_about

SOON = timedelta(days=30)
_HUAWEI_ROOT = "Huawei CBG Root CA G2"
_ISSUER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_KEY_ID = re.compile(r"[0-9A-Z]{10}")

LOADERS: dict[str, Callable[[str], Any]] = {
    "app_private_key": load_private_key,
    "private_key": load_private_key,
    "wxpay_public_key": load_public_key,
    "alipay_public_key": load_public_key,
    "platform_public_key": load_sm2_public_keys,
    "douyin_public_key": load_public_key,
    "app_cert": load_certificate,
    "platform_cert": load_certificate,
    "wxpay_public_cert": load_certificate,
    "alipay_public_cert": load_certificate,
    "alipay_root_cert": load_certificates,
}
SHOP_LOADERS: dict[str, Callable[[str], Any]] = {
    "private_key": load_ec_private_key,
    "app_cert": load_ec_private_key,
    "root_cert": load_certificate,
}
"""uni-pay's ``app_cert`` of Apple's is a key."""
RENEWAL = {
    "app_cert": "apply for a new one in the provider's console, and replace it together with its private key",
    "alipay_public_cert": "download the current one from the app's page in Alipay's console",
    "platform_cert": "leave it out, it is downloaded when needed; or set wxpay_public_key",
    "wxpay_public_cert": "leave it out, it is downloaded when needed; or set wxpay_public_key",
    "root_cert": "download the provider's current root certificate",
}
"""The certificates that run out, and what to do then. Those of WeChat Pay replace themselves."""
REPLACED_BY_ITSELF = frozenset({"platform_cert", "wxpay_public_cert"})


def subject_of(node: Node) -> str:
    prefix = "" if node.pid == "default" else f"merchants.{node.pid}."
    return f"{prefix}{provider_of(node)}{'.' if node.platform else ''}{node.platform}"


def provider_of(node: Node) -> str:
    return next(one.name for one in every_about() if type(node) is one.node)


def check_node(node: Node, providers: Providers, now: datetime) -> list[Check]:
    """``providers`` has the node built afterwards, if it can be."""
    mistakes = list(_mistakes(node, providers))
    subject = subject_of(node)
    checks = [misconfigured(error, kind="keys", subject=subject, where=node.where) for error in mistakes]
    if not mistakes:
        checks = [Check(kind="keys", subject=subject, detail=_keys_detail(node))]
    return [*checks, *_certificates(node, subject, now), _mode(node, subject), check_base_url(node, subject)]


def _mistakes(node: Node, providers: Providers) -> Iterator[ConfigError]:
    """The first one that stops the provider, then what else cannot be read."""
    try:
        providers.get(node.pid, f"{provider_of(node)}_{node.platform}")
    except ConfigError as error:
        yield error
        yield from (other for other in _unreadable(node) if other.msg != error.msg)


def _unreadable(node: Node) -> Iterator[ConfigError]:
    for key, loader in _loaders(node).items():
        if getattr(node, key, None):
            try:
                node.load(key, loader, "")
            except ConfigError as error:
                yield error


def _loaders(node: Node) -> dict[str, Callable[[str], Any]]:
    return SHOP_LOADERS if isinstance(node, AppleNode | HuaweiIapNode) else LOADERS


def _keys_detail(node: Node) -> str:
    if isinstance(node, AppleNode):
        return "everything that is there is readable"
    if isinstance(node, WxpayVirtualNode):
        return "the keys are readable; only a call can prove them"
    if getattr(node, "app_cert", None):
        return "the private key belongs to its certificate"
    if isinstance(node, WxpayNode):
        return "the keys are readable; app_cert in place of serial_no would let the two be compared"
    if isinstance(node, AlipayNode):
        return "the keys are readable, and Alipay's is not the app's own"
    return "everything that it needs is there, and readable"


def _certificates(node: Node, subject: str, now: datetime) -> Iterator[Check]:
    """Nothing is said here of one that cannot be read: that stands under the keys."""
    for key in RENEWAL:
        if getattr(node, key, None) and _loaders(node).get(key) is load_certificate:
            try:
                certificate = node.load(key, load_certificate, "")
            except ConfigError:
                continue
            yield _lifetime(
                key, subject, now, certificate.not_valid_before_utc, certificate.not_valid_after_utc
            )


def _lifetime(key: str, subject: str, now: datetime, begins: datetime, ends: datetime) -> Check:
    kind = f"{key} validity"
    if now < begins:
        return Check(
            kind=kind,
            subject=subject,
            state="problem",
            detail=f"not valid before {begins:%Y-%m-%d}",
            advice="set this machine's clock by NTP, or use the certificate that is valid now",
        )
    if ends - now >= SOON:
        return Check(kind=kind, subject=subject, detail=f"valid until {ends:%Y-%m-%d}")
    expired = now > ends
    return Check(
        kind=kind,
        subject=subject,
        state="problem" if expired and key not in REPLACED_BY_ITSELF else "warning",
        detail=f"{'expired' if expired else 'expires'} on {ends:%Y-%m-%d}",
        advice=RENEWAL[key],
    )


def _mode(node: Node, subject: str) -> Check:
    state, detail, advice = _MODES.get(provider_of(node), _plain_mode)(node)
    return Check(kind="mode", subject=subject, state=state, detail=detail, advice=advice)


def _wxpay_mode(node: WxpayNode) -> tuple[State, str, str]:
    if node.wxpay_public_key:
        return "ok", f"WeChat Pay's public key {node.wxpay_public_key_id}", ""
    if node.wxpay_public_key_id:
        advice = "download the key beside it (account center → API security) and set wxpay_public_key_path"
        return "warning", "wxpay_public_key_id is set without wxpay_public_key", advice
    if node.platform_cert or node.wxpay_public_cert:
        return "ok", "platform certificates, from the config and downloaded", ""
    return "ok", "platform certificates, downloaded when needed", ""


def _wxpay_virtual_mode(node: WxpayVirtualNode) -> tuple[State, str, str]:
    if node.sandbox:
        return "warning", "the sandbox: no real money", "remove sandbox to take payments"
    if node.token is None:
        advice = "set token and encoding_aes_key to those of the mini program's message push"
        return "warning", "production, without message push: payments are found out by queries alone", advice
    if node.encoding_aes_key is None:
        advice = "set encoding_aes_key, and choose 安全模式 for message push in the console"
        return "warning", "production, message push in plain: each payment is confirmed by a query", advice
    return "ok", "production, encrypted message push", ""


def _alipay_mode(node: Any) -> tuple[State, str, str]:
    if node.sandbox and not node.base_url:
        return "warning", "Alipay's sandbox: no real money", "remove sandbox to take payments"
    if node.certificate_mode:
        return "ok", "certificate mode", ""
    if node.platform == "transfer" and not node.app_cert_sn:
        advice = "create certificates for the app in the console; set app_cert, alipay_public_cert, alipay_root_cert"
        return "problem", "key mode: Alipay transfers in certificate mode only", advice
    if node.sign_type == "RSA":
        return "warning", "key mode with sign_type RSA (SHA-1)", "switch the app to RSA2 in Alipay's console"
    return "ok", "key mode", ""


def _huawei_mode(node: Any) -> tuple[State, str, str]:
    if node.sandbox and not node.base_url:
        return "warning", "Huawei Pay's sandbox: no real money", "remove sandbox to take payments"
    if node.client_type not in (None, node.platform):
        advice = f"set client_type to {node.platform}, or move the node to {node.client_type}"
        return "problem", f"client_type is {node.client_type}", advice
    return "ok", f"merchant certificate {node.mch_auth_id}", ""


def _vkspay_mode(node: Any) -> tuple[State, str, str]:
    if node.observed_only:
        return "ok", f"store {node.mch_id}, only what was seen of the real gateway", ""
    return "ok", f"store {node.mch_id}", ""


def _douyin_mode(node: Any) -> tuple[State, str, str]:
    if node.sandbox and not node.base_url:
        return "warning", "Douyin's sandbox: no real money", "remove sandbox to take payments"
    if node.generation == "trade":
        older = ", and guaranteed payment for older orders" if node.salt else ""
        return "ok", f"general trade system{older}", ""
    if not node.token:
        advice = "set token, which the console shows beside the SALT (支付设置): no notification can be verified without"
        return "problem", "guaranteed payment without token", advice
    return "ok", "guaranteed payment", ""


def _appleiap_mode(node: AppleNode) -> tuple[State, str, str]:
    if node.local_testing:
        advice = "remove local_testing where customers buy: what Xcode makes carries no signature"
        return "problem", "local_testing: purchases that nobody signed pay orders", advice
    if node.bundle_id is None:
        advice = "set bundle_id and app_apple_id to take notifications and signed transactions"
        return "warning", "old receipts alone", advice
    if node.sandbox and not node.sandbox_base_url:
        return "warning", "Apple's sandbox: no real money", "remove sandbox to take payments"
    if node.root_cert and not on_this_machine(node.address):
        advice = "remove root_cert: only a simulator needs it"
        return (
            "problem",
            "root_cert replaces Apple's: what it signs pays orders, and what Apple signs does not",
            advice,
        )
    if not node.issuer_id or not (node.private_key or node.app_cert):
        advice = "set private_key, key_id and issuer_id of an In-App Purchase key from App Store Connect"
        return (
            "warning",
            "no key, so that Apple cannot be asked: a late notification of a purchase delivers it even where the money was "
            "given back since, and a late undoing of a refund pays no order",
            advice,
        )
    if not _ISSUER.fullmatch(node.issuer_id):
        advice = "copy the UUID above the keys: App Store Connect → Users and Access → Integrations → In-App Purchase"
        return "problem", f"issuer_id is {node.issuer_id!r}, which is no UUID", advice
    if not _KEY_ID.fullmatch(node.key_id or node.app_id):
        advice = "copy it from App Store Connect, where it stands beside the key; it is in the name of the .p8 file too"
        return "warning", f"key_id is {node.key_id or node.app_id!r}, not ten letters and digits", advice
    testers = ", and testers' in the sandbox" if node.accept_sandbox else ""
    return "ok", f"purchases of {node.bundle_id}{testers}", ""


def _huaweiiap_mode(node: HuaweiIapNode) -> tuple[State, str, str]:
    name = _subject(node, "root_cert")
    if name and name != _HUAWEI_ROOT and not on_this_machine(node.address):
        advice = "download it: https://pki.consumer.huawei.com/ca/cer/RootCaG2Ecdsa.cer"
        return "problem", f"root_cert is {name}, and Huawei signs purchases under {_HUAWEI_ROOT}", advice
    testers = ", and testers' in the sandbox" if node.accept_sandbox else ""
    return "ok", f"purchases of the app {node.app_id}{testers}", ""


def _subject(node: Node, key: str) -> str:
    """The common name of a certificate; empty for one that cannot be read, which stands under the keys."""
    try:
        found = node.load(key, load_certificate, "").subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (ConfigError, ValueError):
        return ""
    return str(found[0].value) if found else "nameless"


def _plain_mode(_: Any) -> tuple[State, str, str]:
    return "ok", "there is one way only", ""


_MODES: dict[str, Callable[[Any], tuple[State, str, str]]] = {
    "wxpay": _wxpay_mode,
    "alipay": _alipay_mode,
    "douyin": _douyin_mode,
    "wxpay-virtual": _wxpay_virtual_mode,
    "huawei": _huawei_mode,
    "vkspay": _vkspay_mode,
    "appleiap": _appleiap_mode,
    "huaweiiap": _huaweiiap_mode,
}
