"""The self-submitting HTML form of page and wap payments."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

_NAME = "punchout_form"


def form_html(url: str, params: Mapping[str, str]) -> str:
    """A form that posts ``biz_content``; the other parameters stand in its action, as Alipay's own SDKs do it."""
    head = {name: value for name, value in params.items() if name != "biz_content"}
    return (
        f'<form name="{_NAME}" method="post" accept-charset="utf-8" action="{escape(f"{url}?{urlencode(head)}")}">'
        f'<input type="hidden" name="biz_content" value="{escape(params["biz_content"])}">'
        '<input type="submit" value="立即支付" style="display:none">'
        f'</form><script>document.forms["{_NAME}"].submit();</script>'
    )
