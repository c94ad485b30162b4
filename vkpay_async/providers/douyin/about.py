"""Douyin as the rest of the SDK knows it: its settings, and its one way of paying."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from vkpay_async.config.nodes import Node
from vkpay_async.config.secret import Material, Secret
from vkpay_async.registry import About


class DouyinNode(Node, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mini program of Douyin.

    ``generation`` says by which system new orders are made: ``ecpay`` (guaranteed payment, 担保支付, which Douyin is
    giving up; needs ``salt`` and ``token``) or ``trade`` (the general trade system, 通用交易系统; needs ``secret``,
    ``app_private_key``, ``douyin_public_key``, and what every order says of its goods). A node of the second that keeps
    ``salt`` and ``token`` goes on serving orders that were made by the first.

    Hosts: https://developer.toutiao.com and https://open.douyin.com, the sandbox's with ``sandbox``, or ``base_url`` for
    both.
    """

    default_base_url: ClassVar[str] = "https://developer.toutiao.com"
    open_base_url: ClassVar[str] = "https://open.douyin.com"
    sandbox_base_url: ClassVar[str] = "https://open-sandbox.douyin.com"
    materials: ClassVar[frozenset[str]] = frozenset({"app_private_key", "douyin_public_key"})

    mch_id: str | None = None
    secret: Secret | None = None
    salt: Secret | None = None
    token: Secret | None = None
    former_tokens: list[Secret] = []
    """Tokens that were set in the console before: Douyin signs with the one that an order was paid under."""
    thirdparty_id: str | None = None
    """The service provider's own id, where one acts for the mini program."""
    sandbox: bool = False
    generation: Literal["ecpay", "trade"] = "ecpay"
    refund_after_settlement: bool = False
    """Ask before each refund of ``ecpay`` what the order has left, and take the rest from the balance."""
    wrap_order_info: bool = False
    """Give the client ``{"service": 5, "orderInfo": {…}}`` instead of the bare ``orderInfo``."""
    app_private_key: Material | None = None
    douyin_public_key: Material | None = None
    key_version: int | str = 1
    tag_group_id: str | None = None
    sku_type: Annotated[int, msgspec.Meta(ge=1)] | None = None
    sku_image: str | None = None
    order_entry_path: str | None = None
    """The page of the mini program that shows an order."""

    @property
    def address(self) -> str:
        host = self.default_base_url if self.generation == "ecpay" else self.open_base_url
        return self.base_url or (self.sandbox_base_url if self.sandbox else host)


def _part(platform: str, _context: Any, need_qrcode: bool, _app_to_h5: bool) -> str | None:
    return "mp-toutiao" if platform == "mp-toutiao" and not need_qrcode else None


ABOUT = About(
    name="douyin",
    title="Douyin",
    provider="vkpay_async.providers.douyin.provider:DouyinProvider",
    node=DouyinNode,
    platforms=("mp-toutiao",),
    pay_types=frozenset({"douyin_mp-toutiao"}),
    part=_part,
    number=(re.compile(r"[0-9A-Za-z_\-*]{1,64}"), "1–64 letters, digits or _ - *"),
    # What is asked for below five minutes becomes five minutes there.
    earliest_expiry_ms={"": 300_000},
    answers_get=True,
)
