"""A merchant's huawei nodes, in the spelling of vk-uni-pay's configuration."""

from __future__ import annotations

from typing import Any

from vkpay_simulator.providers.huawei.accounts import NODES, Account, PlatformKey


def config_row(account: Account, platform: PlatformKey) -> dict[str, dict[str, Any]]:
    """Node name → settings, keys as text."""
    certificate = account.certificate
    shared: dict[str, Any] = {
        "mchId": account.merc_no,
        "mchAuthId": certificate.auth_id,
        "mchPrivateKey": certificate.private_pem,
        "platformPublicKey": platform.key.public.point.hex(),
        **_subs(account),
    }
    return {
        node: {"appId": account.app_ids[product], "clientType": node, **shared}
        for product, node in NODES.items()
    }


def _subs(account: Account) -> dict[str, Any]:
    subs = [
        {"subMchid": sub.merc_no, "name": sub.name} | ({"subAppid": sub.app_id} if sub.app_id else {})
        for sub in account.subs.values()
    ]
    return {"subMerchants": subs} if subs else {}
