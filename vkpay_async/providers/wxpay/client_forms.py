"""What the front end pays with, made from the answer of a create call.

Signed with the merchant's key as requests are. https://pay.weixin.qq.com/doc/v3/merchant/4012791857
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from vkpay_async.order_info import AppParams, CodeUrl, H5Url, JsapiParams, OrderInfo
from vkpay_async.providers.base import Env
from vkpay_async.providers.wxpay.models import MobileUrl, NativeUrl, PrepayId
from vkpay_async.providers.wxpay.parties import Party
from vkpay_async.providers.wxpay.signing import MerchantKey, client_message, seconds


class Form(NamedTuple):
    """How an answer is read, and what becomes of it."""

    decoder: msgspec.json.Decoder[Any]
    build: Callable[[Any, Party, MerchantKey, Env], OrderInfo]


def _jsapi(answer: PrepayId, party: Party, key: MerchantKey, env: Env) -> JsapiParams:
    appid, timestamp, nonce = party.client_appid, seconds(env), env.nonce()
    package = f"prepay_id={answer.prepay_id}"
    return JsapiParams(
        appId=appid,
        timeStamp=timestamp,
        nonceStr=nonce,
        package=package,
        signType="RSA",
        paySign=key.sign(client_message(appid, timestamp, nonce, package)),
    )


def _app(answer: PrepayId, party: Party, key: MerchantKey, env: Env) -> AppParams:
    """The bare ``prepay_id`` is signed here, not the package."""
    appid, timestamp, nonce = party.client_appid, seconds(env), env.nonce()
    return AppParams(
        appid=appid,
        partnerid=party.client_partnerid,
        prepayid=answer.prepay_id,
        package="Sign=WXPay",
        noncestr=nonce,
        timestamp=timestamp,
        sign=key.sign(client_message(appid, timestamp, nonce, answer.prepay_id)),
    )


def _native(answer: NativeUrl, _party: Party, _key: MerchantKey, _env: Env) -> CodeUrl:
    return CodeUrl(code_url=answer.code_url)


def _h5(answer: MobileUrl, _party: Party, _key: MerchantKey, _env: Env) -> H5Url:
    return H5Url(h5_url=answer.h5_url)


_PREPAY_ID = msgspec.json.Decoder(PrepayId)

FORMS: Mapping[str, Form] = {
    "jsapi": Form(_PREPAY_ID, _jsapi),
    "app": Form(_PREPAY_ID, _app),
    "native": Form(msgspec.json.Decoder(NativeUrl), _native),
    "h5": Form(msgspec.json.Decoder(MobileUrl), _h5),
}
"""The last word of the create call's path → the form of its answer."""
