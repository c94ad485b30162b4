"""Request bodies in the provider's own spelling. Unknown fields are left alone, null is as good as nothing."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

Str12: TypeAlias = Annotated[str, Meta(min_length=1, max_length=12)]
Str32: TypeAlias = Annotated[str, Meta(min_length=1, max_length=32)]
Str46: TypeAlias = Annotated[str, Meta(min_length=1, max_length=46)]
Str64: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Str128: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128)]
Payload: TypeAlias = Annotated[str, Meta(max_length=255)]
Reason: TypeAlias = Annotated[str, Meta(max_length=256)]
Url: TypeAlias = Annotated[str, Meta(min_length=1, max_length=512)]
Fen: TypeAlias = Annotated[int, Meta(ge=1, le=2**53)]
Count: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
CredentialType: TypeAlias = Literal[
    "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "15", "16", "99"
]


class Model(Struct, frozen=True, kw_only=True):
    """Base of what is read from a body."""


class GoodsDetail(Model, frozen=True, kw_only=True):
    quantity: Count
    unitPrice: Fen  # noqa: N815 - the provider's spelling, here and below
    goodsName: Str128  # noqa: N815
    goodsId: Str32 | None = None  # noqa: N815


class Payer(Model, frozen=True, kw_only=True):
    userClientIp: Annotated[str, Meta(max_length=64)] | None = None  # noqa: N815
    credentialType: CredentialType | None = None  # noqa: N815
    credentialIdNo: str | None = None  # noqa: N815
    realName: str | None = None  # noqa: N815
    textType: Literal["01", "02"] | None = None  # noqa: N815


class Prepay(Model, frozen=True, kw_only=True):
    """What direct and partner orders share."""

    mercOrderNo: Str46  # noqa: N815
    tradeSummary: Str128  # noqa: N815
    totalAmount: Fen  # noqa: N815
    currency: Literal["CNY"] | None = None
    goodsDetail: list[GoodsDetail] | None = None  # noqa: N815
    allocationType: Literal["NO_ALLOCATION", "DELAY_ORDER_ALLOCATION"] | None = None  # noqa: N815
    callbackUrl: Url  # noqa: N815
    payload: Payload | None = None
    expireTime: Str32 | None = None  # noqa: N815
    payer: Payer | None = None


class DirectPrepay(Prepay, frozen=True, kw_only=True):
    appId: Str32  # noqa: N815
    mercNo: Str12  # noqa: N815


class PartnerPrepay(Prepay, frozen=True, kw_only=True):
    spAppId: Str32  # noqa: N815
    spMercNo: Str12  # noqa: N815
    subMercNo: Str12  # noqa: N815
    subAppId: Str32 | None = None  # noqa: N815


class Close(Model, frozen=True, kw_only=True):
    mercOrderNo: Str46  # noqa: N815


class PartnerClose(Close, frozen=True, kw_only=True):
    subMercNo: Str12 | None = None  # noqa: N815


class Refund(Model, frozen=True, kw_only=True):
    mercOrderNo: Str46 | None = None  # noqa: N815
    sysTransOrderNo: Str64 | None = None  # noqa: N815
    mercRefundOrderNo: Str64  # noqa: N815
    reason: Reason | None = None
    callbackUrl: Url  # noqa: N815
    refundAmount: Fen | None = None  # noqa: N815
    payload: Payload | None = None


class PartnerRefund(Refund, frozen=True, kw_only=True):
    subMercNo: Str12 | None = None  # noqa: N815
