"""A merchant's wxpay nodes, in the spelling of vk-uni-pay's configuration."""

from __future__ import annotations

from typing import Any

from vkpay_simulator.keys import certificate_pem, private_pem, public_pem
from vkpay_simulator.providers.wxpay.accounts import Account, PlatformKey

APPS = {
    "mp-weixin": "mini",
    "app-plus": "app",
    "h5": "official",
    "h5-weixin": "official",
    "mweb": "official",
    "transfer": "mini",
    "codepay": "official",
}


def config_row(account: Account) -> dict[str, dict[str, Any]]:
    """Node name → settings, keys and certificates as text."""
    shared = _shared(account)
    nodes = {node: _app(account, account.appids[app]) | shared for node, app in APPS.items()}
    nodes["mweb"]["sceneInfo"] = {
        "h5_info": {"type": "Wap", "app_name": account.name, "app_url": "https://shop.example.com"}
    }
    return nodes


def _app(account: Account, appid: str) -> dict[str, Any]:
    return {"appId": appid, "secret": account.secrets[appid]}


def _shared(account: Account) -> dict[str, Any]:
    certificate = account.certificate
    shared: dict[str, Any] = {
        "mchId": account.mchid,
        "key": account.v2_key,
        "v3Key": account.v3_key,
        "appCertContent": certificate.pem,
        "appPrivateKeyContent": private_pem(certificate.key),
        "serialNo": certificate.serial,
        "version": 3,
    }
    if account.public_key:
        shared["wxpayPublicKeyContent"] = public_pem(account.public_key.key.public_key())
        shared["wxpayPublicKeyId"] = account.public_key.id
    return shared | _platform(account.platform) | _subs(account)


def _platform(platform: list[PlatformKey]) -> dict[str, str]:
    newest = platform[-1] if platform else None
    pem = certificate_pem(newest.certificate) if newest and newest.certificate else ""
    return {"platformCertContent": pem, "platformSerialNo": newest.id if newest else ""}


def _subs(account: Account) -> dict[str, Any]:
    subs = [
        {"subMchid": sub.mchid, "name": sub.name} | ({"subAppid": sub.appid} if sub.appid else {})
        for sub in account.subs.values()
    ]
    return {"subMerchants": subs} if subs else {}
