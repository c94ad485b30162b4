"""App receipts as the device holds them.

https://developer.apple.com/library/archive/releasenotes/General/ValidateAppStoreReceipt/
"""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from vkpay_simulator.keys import issue, name
from vkpay_simulator.providers.appleiap.accounts import App
from vkpay_simulator.providers.appleiap.der import attributes, ia5, integer, utf8
from vkpay_simulator.providers.appleiap.models import CONSUMABLE, Customer, Store, Transaction

if TYPE_CHECKING:
    from vkpay_simulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A receipt that was given out. ``only`` is set for the old kind, which is about one transaction."""

    app: App = field(repr=False)
    store: Store = field(repr=False)
    customer: Customer = field(repr=False)
    transactions: list[Transaction]
    created_ms: int
    only: Transaction | None = None


class Receipts:
    """Makes receipts, and knows those it has made."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._issued: dict[bytes, Issued] = {}

    def clear(self) -> None:
        self._issued.clear()

    def find(self, content: bytes) -> Issued | None:
        return self._issued.get(sha256(content).digest())

    def app_receipt(self, app: App, store: Store, customer: Customer) -> str:
        """What the app finds at ``appStoreReceiptURL``, in base64. A consumable stands in it until it is finished."""
        now = self._world.clock.now()
        shown = [
            one for one in customer.transactions if not (one.product.type == CONSUMABLE and one.finished)
        ]
        content = self._sealed(_receipt_content(app, store, customer, shown, now))
        issued = Issued(app=app, store=store, customer=customer, transactions=shown, created_ms=now)
        return self._remembered(content, issued)

    def transaction_receipt(self, app: App, store: Store, one: Transaction) -> str:
        """The kind of iOS 6: about one transaction, and no ASN.1."""
        issued = Issued(
            app=app,
            store=store,
            customer=one.customer,
            transactions=[one],
            created_ms=self._world.clock.now(),
            only=one,
        )
        return self._remembered(_transaction_text(app, store, one), issued)

    def _remembered(self, content: bytes, issued: Issued) -> str:
        self._issued[sha256(content).digest()] = issued
        return base64.b64encode(content).decode()

    def _sealed(self, content: bytes) -> bytes:
        key, certificate = self._seal
        return (
            pkcs7.PKCS7SignatureBuilder()
            .set_data(content)
            .add_signer(certificate, key, hashes.SHA256())
            .sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoAttributes])
        )

    @cached_property
    def _seal(self) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
        key = self._world.keys.draw()
        subject = name(
            country="US", organisation="Simulated Apple", unit="App Store", common_name="Receipt Signing"
        )
        certificate = issue(
            subject=subject, public_key=key.public_key(), issuer=subject, issuer_key=key, serial=1, ca=False
        )
        return key, certificate


def transaction_fields(app: App, one: Transaction) -> dict[str, str]:
    """What a receipt of iOS 6 says."""
    return {
        "bid": app.bundle_id,
        "bvrs": "1",
        "product-id": one.product.product_id,
        "quantity": str(one.quantity),
        "transaction-id": one.transaction_id,
        "original-transaction-id": one.original_transaction_id,
        "purchase-date-ms": str(one.purchase_ms),
        "original-purchase-date-ms": str(one.original_purchase_ms),
    }


def _transaction_text(app: App, store: Store, one: Transaction) -> bytes:
    info = _property_list(transaction_fields(app, one))
    return _property_list(
        {
            "signature": base64.b64encode(sha256(info).digest()).decode(),
            "purchase-info": base64.b64encode(info).decode(),
            "environment": store.environment,
            "pod": "100",
            "signing-status": "0",
        }
    )


def _property_list(fields: dict[str, str]) -> bytes:
    lines = "".join(f'\t"{key}" = "{value}";\n' for key, value in fields.items())
    return f"{{\n{lines}}}".encode()


def _rfc3339(ms: int) -> bytes:
    return ia5(dt.datetime.fromtimestamp(ms // 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def _receipt_content(
    app: App, store: Store, customer: Customer, transactions: list[Transaction], now: int
) -> bytes:
    fields = [
        (0, utf8("ProductionSandbox" if store.sandbox else "Production")),
        (2, utf8(app.bundle_id)),
        (3, utf8("1")),
        (4, sha256(customer.app_transaction_id.encode()).digest()[:16]),
        (12, _rfc3339(now)),
        (18, _rfc3339(customer.since_ms)),
        (19, utf8("1.0")),
        (21, ia5("")),
    ]
    return attributes(fields + [(17, _purchase_content(one)) for one in transactions])


def _purchase_content(one: Transaction) -> bytes:
    fields = [
        (1701, integer(one.quantity)),
        (1702, utf8(one.product.product_id)),
        (1703, utf8(one.transaction_id)),
        (1704, _rfc3339(one.purchase_ms)),
        (1705, utf8(one.original_transaction_id)),
        (1706, _rfc3339(one.original_purchase_ms)),
    ]
    if one.expires_ms is not None:
        fields += [(1708, _rfc3339(one.expires_ms)), (1711, integer(int(one.web_order_line_item_id or 0)))]
    if one.revocation is not None:
        fields.append((1712, _rfc3339(one.revocation.at_ms)))
    return attributes(fields)
