"""The single values of request bodies: lengths, ranges, patterns."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta

Str15: TypeAlias = Annotated[str, Meta(min_length=1, max_length=15)]
Str16: TypeAlias = Annotated[str, Meta(min_length=1, max_length=16)]
Str32: TypeAlias = Annotated[str, Meta(min_length=1, max_length=32)]
Str36: TypeAlias = Annotated[str, Meta(min_length=1, max_length=36)]
Str64: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Str80: TypeAlias = Annotated[str, Meta(min_length=1, max_length=80)]
Str127: TypeAlias = Annotated[str, Meta(min_length=1, max_length=127)]
Str128: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128)]
Str256: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256)]
Str512: TypeAlias = Annotated[str, Meta(min_length=1, max_length=512)]
Str1024: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1024)]
Attach: TypeAlias = Annotated[str, Meta(max_length=128)]
Ip: TypeAlias = Annotated[str, Meta(min_length=1, max_length=45, pattern=r"\A[0-9A-Fa-f.:]+\Z")]
Fen: TypeAlias = Annotated[int, Meta(ge=1, le=2**53)]
Figure: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Currency: TypeAlias = Annotated[str, Meta(max_length=16, pattern=r"\ACNY\Z")]
OutTradeNo: TypeAlias = Annotated[str, Meta(min_length=6, max_length=32, pattern=r"\A[0-9A-Za-z_\-|*]+\Z")]
OutRefundNo: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"\A[0-9A-Za-z_\-|*@]+\Z")]
OutBillNo: TypeAlias = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"\A[0-9A-Za-z]+\Z")]
# Only the lengths are known of these two: the API names them when it refuses an empty text.
OutAuthorizationNo: TypeAlias = Annotated[
    str, Meta(min_length=5, max_length=32, pattern=r"\A[0-9A-Za-z_\-|*@]+\Z")
]
AuthorizationId: TypeAlias = Annotated[str, Meta(min_length=9, max_length=64)]
GoodsId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"\A[0-9A-Za-z_\-]+\Z")]
_URL = r"\Ahttps?://[^/?#\s]+/[^?#\s]*\Z"
NotifyUrl: TypeAlias = Annotated[str, Meta(max_length=255, pattern=_URL)]
NotifyUrl256: TypeAlias = Annotated[str, Meta(max_length=256, pattern=_URL)]
Time: TypeAlias = Annotated[datetime, Meta(tz=True)]
