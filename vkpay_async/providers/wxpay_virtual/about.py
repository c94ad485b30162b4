"""WeChat's virtual payment as the rest of the SDK knows it: its settings, and its one way of paying."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

import msgspec

from vkpay_async.config.nodes import Node
from vkpay_async.config.secret import Secret
from vkpay_async.pay_type import ClientContext
from vkpay_async.registry import About

PAY_TYPE = "wxpay-virtual_mp-weixin"
NUMBER = re.compile(r"(?!_)[0-9A-Za-z_\-|*@]{8,32}", re.ASCII)


class WxpayVirtualNode(Node, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mini program with virtual payment. Host: https://api.weixin.qq.com, or ``base_url``.

    ``rate`` is how many coins a yuan buys, as the console has it; ``token`` and ``encoding_aes_key`` are those of message
    push. ``sandbox`` chooses the environment of new orders, and with it the key: ``sandbox_app_key`` or ``app_key``.
    """

    default_base_url: ClassVar[str] = "https://api.weixin.qq.com"

    secret: Secret | None = None
    mch_id: str | None = None
    offer_id: str
    app_key: Secret | None = None
    sandbox_app_key: Secret | None = None
    rate: Annotated[int, msgspec.Meta(ge=1)] | None = None
    token: Secret | None = None
    encoding_aes_key: Secret | None = None
    sandbox: bool = False


def _part(platform: str, _context: ClientContext, need_qrcode: bool, _: bool) -> str | None:
    return "mp-weixin" if platform == "mp-weixin" and not need_qrcode else None


ABOUT = About(
    name="wxpay-virtual",
    title="WeChat virtual payment",
    provider="vkpay_async.providers.wxpay_virtual.provider:WxpayVirtualProvider",
    node=WxpayVirtualNode,
    platforms=("mp-weixin",),
    pay_types=frozenset({PAY_TYPE}),
    openid_pay_types=frozenset({PAY_TYPE}),
    part=_part,
    number=(NUMBER, "8–32 letters, digits or _ - | * @, not beginning with _"),
    answers_get=True,
    priced=True,
    one_payer=True,
)
