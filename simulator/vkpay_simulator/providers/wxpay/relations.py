"""Who may do what with whose number: appids, sub-merchants, permissions, openids."""

from __future__ import annotations

import re

from vkpay_simulator.exchange import Request
from vkpay_simulator.providers.wxpay import signing
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error
from vkpay_simulator.providers.wxpay.fields import read_query
from vkpay_simulator.providers.wxpay.orders import Party

_OPENID = re.compile(r"o[A-Za-z0-9_-]{20,40}")


def is_partner(request: Request) -> bool:
    """Whether the path is one of those for service providers."""
    return request.path.startswith("/v3/pay/partner/")


def is_openid(text: str) -> bool:
    """Whether it looks like an openid; which appid made it cannot be seen."""
    return _OPENID.fullmatch(text) is not None


def check_mchid(account: Account, mchid: str) -> None:
    """The number in body or query has to be the one that signs."""
    if mchid != account.mchid:
        message = "http header中的mchid与post payload中的mchid不匹配"
        raise WxpayError("INVALID_REQUEST", message, number=268447843)


def check_mode(account: Account, partner: bool) -> None:
    """Service providers use the partner paths, and nobody else does."""
    if partner != bool(account.subs):
        raise WxpayError("NO_AUTH")


def check_party(account: Account, party: Party) -> None:
    """Numbers and relations, before any product is looked at."""
    check_mchid(account, party.mchid)
    check_mode(account, party.sub_mchid is not None)
    if party.sub_mchid is not None:
        check_sub(account, party.sub_mchid, party.sub_appid)


def check_sub(account: Account, sub_mchid: str, sub_appid: str | None = None) -> None:
    if sub_mchid == account.mchid:
        raise WxpayError("INVALID_REQUEST", "子商户号不能与服务商商户号相同", number=268443705)
    sub = account.subs.get(sub_mchid)
    if sub is None:
        raise WxpayError("NO_AUTH", "受理关系不存在", number=268443701)
    if sub_appid and sub_appid != sub.appid:
        raise WxpayError("APPID_MCHID_NOT_MATCH", "sub_appid和sub_mchid不匹配，请检查后再试")


def check_product(account: Account, appid: str, product: str) -> None:
    """The appid belongs to the merchant and to the product, and the product is opened."""
    bound = {account.appids["app"]} if product == "app" else account.appids.values()
    if appid not in bound:
        raise WxpayError("APPID_MCHID_NOT_MATCH")
    check_permission(account, product)


def check_permission(account: Account, product: str) -> None:
    if product not in account.permissions:
        raise WxpayError("NO_AUTH")


def sub_mchid_of(account: Account, request: Request) -> str | None:
    """The ``sub_mchid`` of a query string, which a partner has to give."""
    return read_query(request, "sub_mchid") if account.subs else None


def reveal(account: Account, request: Request, field: str, text: str) -> str:
    """An encrypted field's plain text; ``field`` is its JSON pointer."""
    key = account.decrypting_key(request.headers.get("Wechatpay-Serial", ""))
    if key is None:
        raise param_error(
            "Wechatpay-Serial",
            "serial is missing or not known",
            location="header",
            message="平台证书序列号Wechatpay-Serial错误",
        )
    try:
        return signing.decrypt(key, text)
    except ValueError as error:
        message = "请确认待处理的消息是否为加密后的密文"
        raise param_error(field, "cannot be decrypted", value=text, message=message) from error
