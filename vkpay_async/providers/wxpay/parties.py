"""Who an order is for: a merchant, or a sub-merchant of a service provider."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """The config's app and merchant, which are the service provider's when ``sub_mchid`` is set.

    ``sub_appid`` is given when the payer's openid belongs to the sub-merchant's own app.
    """

    appid: str
    mch_id: str
    sub_appid: str | None = None
    sub_mchid: str | None = None

    @property
    def path(self) -> str:
        return "/v3/pay/partner/transactions" if self.sub_mchid else "/v3/pay/transactions"

    @property
    def names(self) -> dict[str, Any]:
        """The fields that name app and merchant in a body."""
        if not self.sub_mchid:
            return {"appid": self.appid, "mchid": self.mch_id}
        return {
            "sp_appid": self.appid,
            "sp_mchid": self.mch_id,
            "sub_appid": self.sub_appid,
            "sub_mchid": self.sub_mchid,
        }

    @property
    def merchants(self) -> dict[str, str]:
        """The fields that name the merchant alone."""
        if not self.sub_mchid:
            return {"mchid": self.mch_id}
        return {"sp_mchid": self.mch_id, "sub_mchid": self.sub_mchid}

    @property
    def query(self) -> str:
        return urlencode(self.merchants)

    def payer(self, openid: str) -> dict[str, str]:
        if not self.sub_mchid:
            return {"openid": openid}
        return {"sub_openid" if self.sub_appid else "sp_openid": openid}

    @property
    def client_appid(self) -> str:
        """The app whose front end pays."""
        return (self.sub_mchid and self.sub_appid) or self.appid

    @property
    def client_partnerid(self) -> str:
        """The merchant that the OpenSDK names. No page says which one it is for a service provider."""
        return self.sub_mchid if self.sub_mchid and self.sub_appid else self.mch_id
