"""The people who pay: their user ids, their open ids under each app, their masked logon ids."""

from __future__ import annotations

import re
from typing import Any

from vkpay_simulator.ids import Ids
from vkpay_simulator.providers.alipay import hints
from vkpay_simulator.providers.alipay.accounts import App
from vkpay_simulator.providers.alipay.errors import Refusal
from vkpay_simulator.providers.alipay.models import Buyer

USER_ID = re.compile(r"2088\d{12}", re.ASCII)
OPEN_ID = re.compile(r"[A-Za-z0-9_-]{20,128}", re.ASCII)


def masked(logon_id: str) -> str:
    """``zhangsan@example.com`` → ``zha***@example.com``."""
    name, _, domain = logon_id.partition("@")
    return f"{name[:3]}***@{domain}"


class Buyers:
    """Everybody seen so far. A user id or open id not seen before is a new person."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._known: dict[str, Buyer] = {}

    def clear(self) -> None:
        self._known.clear()

    def user(self, user_id: str) -> Buyer:
        if user_id not in self._known:
            logon_id = masked(self._ids.faker.ascii_safe_email())
            self._known[user_id] = Buyer(user_id=user_id, logon_id=logon_id)
        return self._known[user_id]

    def somebody(self) -> Buyer:
        return self.user("2088" + self._ids.digits(12))

    def holder(self, app: App, open_id: str) -> Buyer:
        """Whose open id this is under the app."""
        key = f"{app.app_id}/{open_id}"
        if key not in self._known:
            self._known[key] = self.somebody()
            self._known[key].open_ids[app.app_id] = open_id
        return self._known[key]

    def payer(self, app: App, payer: str | None) -> Buyer:
        """The payer somebody named by user id or open id, or anybody."""
        if payer is None:
            return self.somebody()
        return self.user(payer) if USER_ID.fullmatch(payer) else self.holder(app, payer)

    def open_id(self, app: App, buyer: Buyer) -> str:
        if app.app_id not in buyer.open_ids:
            open_id = buyer.open_ids[app.app_id] = "0" + self._ids.alnum(46)
            self._known[f"{app.app_id}/{open_id}"] = buyer
        return buyer.open_ids[app.app_id]

    def named_in(self, app: App, biz: dict[str, Any]) -> Buyer | None:
        """The buyer a create or pay call names. An app of the open id kind has no business with user ids.

        Raises :class:`Refusal` ``ACQ.BUYER_NOT_EXIST``.
        """
        open_id = str(biz.get("buyer_open_id") or biz.get("op_buyer_open_id") or "")
        user_id = str(biz.get("buyer_id") or "")
        if open_id:
            return self._checked(app, open_id, OPEN_ID.fullmatch(open_id) and not USER_ID.fullmatch(open_id))
        if user_id:
            if app.id_mode == "open_id":
                raise Refusal("ACQ.BUYER_NOT_EXIST", why=hints.open_ids_only(app.app_id))
            return self._checked(app, user_id, USER_ID.fullmatch(user_id))
        return self._by_logon_id(biz)

    def _checked(self, app: App, payer: str, fits: object) -> Buyer:
        if not fits:
            raise Refusal("ACQ.BUYER_NOT_EXIST")
        return self.payer(app, payer)

    def _by_logon_id(self, biz: dict[str, Any]) -> Buyer | None:
        logon_id = str(biz.get("buyer_logon_id") or "")
        if not logon_id:
            return None
        key = f"logon/{logon_id}"
        if key not in self._known:
            self._known[key] = self.somebody()
            self._known[key].logon_id = masked(logon_id)
        return self._known[key]

    def identity(self, app: App, buyer: Buyer, field: str = "buyer_user_id") -> dict[str, str]:
        """``buyer_user_id`` (or ``field``), or ``buyer_open_id`` for an app of the open id kind."""
        if app.id_mode == "open_id":
            return {"buyer_open_id": self.open_id(app, buyer)}
        return {field: buyer.user_id}
