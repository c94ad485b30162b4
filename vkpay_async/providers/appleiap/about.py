"""Apple in-app purchase as the rest of the SDK knows it: its settings, and where it is paid."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

import msgspec

from vkpay_async.config.nodes import Node
from vkpay_async.config.secret import Material, Secret
from vkpay_async.pay_type import APPS, ClientContext
from vkpay_async.registry import About

Fen = Annotated[int, msgspec.Meta(ge=1)]


class AppleNode(Node, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Apple. Hosts: https://api.storekit.apple.com and, for the sandbox, https://api.storekit-sandbox.apple.com.

    ``sandbox`` takes purchases of the sandbox alone, ``accept_sandbox`` those beside production's: TestFlight and App Review
    buy there. ``products`` says what a product costs, in fen. ``currency`` is that of ``total_fee`` where a product is
    not known. ``online_checks`` asks Apple whether its certificates were revoked. ``local_testing`` takes what Xcode makes
    without a signature.
    """

    default_base_url: ClassVar[str] = "https://api.storekit.apple.com"
    default_sandbox_base_url: ClassVar[str] = "https://api.storekit-sandbox.apple.com"
    default_receipt_url: ClassVar[str] = "https://buy.itunes.apple.com/verifyReceipt"
    default_sandbox_receipt_url: ClassVar[str] = "https://sandbox.itunes.apple.com/verifyReceipt"
    materials: ClassVar[frozenset[str]] = frozenset({"private_key", "app_cert", "root_cert"})

    app_id: str = ""
    """uni-pay's name of the key id."""
    key_id: str = ""
    issuer_id: str | None = None
    bundle_id: str | None = None
    dev_bundle_id: str | None = None
    """The bundle id of the development build, taken in the sandbox as well."""
    app_apple_id: int | None = None
    private_key: Material | None = None
    app_cert: Material | None = None
    """uni-pay's name of the key, a ``.p8`` file."""
    root_cert: Material | None = None
    """What a simulator signs under, in place of Apple Root CA - G3."""
    password: Secret | None = None
    """The app's shared secret, for old receipts with subscriptions."""
    receipt_expires_in: Annotated[int, msgspec.Meta(ge=1)] = 86400
    """How old an old receipt may be, in seconds."""
    sandbox_base_url: str | None = None
    receipt_url: str | None = None
    sandbox_receipt_url: str | None = None
    sandbox: bool = False
    accept_sandbox: bool = False
    online_checks: bool = False
    local_testing: bool = False
    allow_family_shared: bool = False
    link_without_token: bool = False
    """Takes a purchase that carries no app account token for the order that its caller names."""
    products: dict[str, Fen] = {}
    currency: str = "CNY"

    @property
    def address(self) -> str:
        if self.sandbox:
            return self.sandbox_base_url or self.default_sandbox_base_url
        return self.base_url or self.default_base_url


def _part(platform: str, context: ClientContext, need_qrcode: bool, app_to_h5: bool) -> str | None:
    return "app-plus" if platform in APPS and not need_qrcode else None


ABOUT = About(
    name="appleiap",
    title="Apple in-app purchase",
    provider="vkpay_async.providers.appleiap.provider:AppleProvider",
    node=AppleNode,
    platforms=("app-plus",),
    pay_types=frozenset({"appleiap_app-plus"}),
    part=_part,
    number=(re.compile(r"[0-9A-Za-z_\-]{1,64}"), "1–64 letters, digits or _ -"),
    priced=True,
)
