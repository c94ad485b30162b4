"""What the journal does not show in full: signatures and codes that open something."""

from __future__ import annotations

import re
from collections.abc import Mapping

SHOWN = 8
HIDDEN = frozenset({"access-token", "cookie", "proxy-authorization"})
_NAMES = (
    "sign|bodySign|headerSign|sessionKey|session_key|app_auth_token|auth_token|auth_code|refresh_token|access_token"
    "|access-token|secret|app_secret|client_secret|code_verifier|password|js_code"
)
_QUOTE = r"(?:\\{0,7}\"|%5C%22|%22|&quot;)"
_COLON = r"(?:\s*:\s*|(?:\+|%20)*%3A(?:\+|%20)*)"
_PATTERNS = (
    # Authorization: WECHATPAY2-SHA256-RSA2048 …,signature="…"
    re.compile(r'(?P<head>\bsignature=")(?P<secret>[^"]+)'),
    # a form or a query: sign=…& (also one quoted in a text, where it may be escaped for HTML: &amp;sign=…)
    # and a login's code=…, which in JSON is what an answer came to
    re.compile(rf"(?P<head>(?<!\w)(?:{_NAMES}|code)=)(?P<secret>[^&\s\"]+)"),
    # JSON, plain or inside a form value: "auth_code":"…", %22auth_code%22%3A%22…%22
    re.compile(
        rf"(?P<head>{_QUOTE}(?:{_NAMES}){_QUOTE}{_COLON}{_QUOTE})(?P<secret>(?:(?!{_QUOTE}).)+)",
        re.IGNORECASE,
    ),
)


def redact(text: str) -> str:
    """The text with such values cut to their first characters, and without what is no text."""
    text = text.encode(errors="replace").decode()
    for pattern in _PATTERNS:
        text = pattern.sub(_cut, text)
    return text


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers for showing. A credential we do not know the form of is hidden whole."""
    return {name: _header(name.lower(), value) for name, value in headers.items()}


def _header(name: str, value: str) -> str:
    if name in HIDDEN or (name == "authorization" and "signature=" not in value):
        return "***"
    return redact(value)


def _cut(found: re.Match[str]) -> str:
    secret = found["secret"]
    return found["head"] + secret[: min(SHOWN, len(secret) // 3)] + "…"
