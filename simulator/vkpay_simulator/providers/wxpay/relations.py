"""Who may do what with whose number: appids, sub-merchants, permissions, openids."""

from __future__ import annotations

import re

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.wxpay import signing
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error, printable
from vkpay_simulator.providers.wxpay.fields import foreign_signer, read_query
from vkpay_simulator.providers.wxpay.orders import Party

_OPENID = re.compile(r"o[A-Za-z0-9_-]{20,40}")


def is_partner(request: Request) -> bool:
    """Whether the path is one of those for service providers."""
    return request.path.startswith("/v3/pay/partner/")


def is_openid(text: str) -> bool:
    """Whether it looks like an openid; which appid made it cannot be seen."""
    return _OPENID.fullmatch(text) is not None


def check_mchid(account: Account, mchid: str) -> None:
    """The number in the query has to be the one that signs."""
    if mchid != account.mchid:
        raise foreign_signer(account.mchid, mchid)


def check_mode(account: Account, partner: bool) -> None:
    """Service providers use the partner paths, and nobody else does."""
    if partner == bool(account.subs):
        return
    if partner:
        advice = f"{account.mchid} is a direct merchant: call the path without /partner/."
    else:
        advice = f"{account.mchid} is a service provider: this path is for direct merchants only."
    raise WxpayError("NO_AUTH", advice=advice)


def check_party(account: Account, party: Party) -> None:
    """Numbers and relations, before any product is looked at."""
    check_mode(account, party.sub_mchid is not None)
    if party.sub_mchid is not None:
        check_sub(account, party.sub_mchid, party.sub_appid)


def check_sub(account: Account, sub_mchid: str, sub_appid: str | None = None) -> None:
    known = f"Its sub-merchants are {', '.join(account.subs)} (subMerchants of GET /_sim/merchants/{account.pid})."
    if sub_mchid == account.mchid:
        message = "子商户号不能与服务商商户号相同"
        advice = f"sub_mchid is the service provider's own number. {known}"
        raise WxpayError("INVALID_REQUEST", message, number=268443705, advice=advice)
    sub = account.subs.get(sub_mchid)
    if sub is None:
        advice = f"{sub_mchid} is no sub-merchant of {account.mchid}. {known}"
        raise WxpayError("NO_AUTH", "受理关系不存在", number=268443701, advice=advice)
    if sub_appid and sub_appid != sub.appid:
        message = "sub_appid和sub_mchid不匹配，请检查后再试"
        bound = f"it is {sub.appid}" if sub.appid else "it has none, so leave sub_appid out"
        advice = f"{sub_appid} is not the appid of sub-merchant {sub_mchid}: {bound}."
        raise WxpayError("APPID_MCHID_NOT_MATCH", message, advice=advice)


def check_product(account: Account, party: Party, product: str) -> None:
    """The appid belongs to the merchant and to the product, and the product is opened."""
    own_app = product == "app" and party.sub_appid is None  # else the app is the sub-merchant's
    bound = [account.appids["app"]] if own_app else list(account.appids.values())
    if party.appid not in bound:
        advice = f"{party.appid} cannot be used with {account.mchid} for {product}: use {' or '.join(bound)}."
        raise WxpayError("APPID_MCHID_NOT_MATCH", advice=advice)
    check_permission(account, product)


def check_permission(account: Account, product: str) -> None:
    if product not in account.permissions:
        advice = f"{account.mchid} has not opened {product}; it has {', '.join(sorted(account.permissions))}."
        raise WxpayError("NO_AUTH", advice=advice)


def sub_mchid_of(account: Account, request: Request) -> str | None:
    """The ``sub_mchid`` of a query string, which a partner has to give."""
    return read_query(request, "sub_mchid") if account.subs else None


def reveal(account: Account, request: Request, field: str, text: str) -> str:
    """An encrypted field's plain text; ``field`` is its JSON pointer."""
    named = request.headers.get("Wechatpay-Serial", "")
    key = account.decrypting_key(named)
    if key is None:
        known = " or ".join(key.id for key in account.platform_keys)
        given = f"{named} is not" if named else "Without it nobody can tell"
        raise param_error(
            "Wechatpay-Serial",
            "serial is missing or not known",
            location="header",
            message="平台证书序列号Wechatpay-Serial错误",
            advice=f"{printable(given)} the key that {field} is encrypted with: send the header Wechatpay-Serial: {known}.",
        )
    try:
        return signing.decrypt(key, text)
    except ValueError as error:
        message = "请确认待处理的消息是否为加密后的密文"
        advice = (
            f"{field} is not encrypted for {named}: RSA-OAEP with SHA-1, with the public key that the header "
            "Wechatpay-Serial names, then base64."
        )
        raise param_error(field, "cannot be decrypted", value=text, message=message, advice=advice) from error
