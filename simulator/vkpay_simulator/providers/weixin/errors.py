"""The return codes of logins, with their texts."""

from __future__ import annotations

from collections.abc import Mapping

CATALOGUE: Mapping[int, str] = {
    -1: "system error",
    40001: "invalid credential",
    40002: "invalid grant_type",
    40013: "invalid appid",
    40029: "invalid code",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip, not in whitelist",
    40226: "code blocked",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    45011: "api minute-quota reach limit",
}


class WeixinError(Exception):
    """A refusal. ``advice`` is for the journal: what is wrong with this request, and what to do."""

    def __init__(self, code: int, advice: str = "") -> None:
        super().__init__(CATALOGUE[code])
        self.code = code
        self.advice = advice
