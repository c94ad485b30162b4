"""The pages of the simulated Alipay cashier: plain HTML, every value escaped."""

from __future__ import annotations

import html

STYLE = (
    "body{font-family:system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem}"
    "button{font-size:1rem;padding:.6rem 1.4rem;margin-right:.6rem}"
    ".amount{font-size:2rem}"
)


def _page(title: str, content: str) -> str:
    return (
        "<!DOCTYPE html>"
        f'<html lang="zh-CN"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{html.escape(title)}</h1>{content}</body></html>"
    )


def cashier_page(*, action: str, seller: str, subject: str, amount: str, out_trade_no: str) -> str:
    """The cashier with its two buttons; ``action`` is where they post ``choice`` = ``pay`` or ``close`` to."""
    texts = "".join(
        f"<p{kind}>{html.escape(text)}</p>"
        for kind, text in (
            ("", seller),
            ("", subject),
            (' class="amount"', f"¥{amount}"),
            ("", out_trade_no),
        )
    )
    buttons = (
        f'<form method="post" action="{html.escape(action)}">'
        '<button name="choice" value="pay">确认付款 Pay</button>'
        '<button name="choice" value="close">关闭 Close</button></form>'
    )
    return _page("支付宝收银台（模拟）", texts + buttons)


def message_page(title: str, text: str) -> str:
    return _page(title, f"<p>{html.escape(text)}</p>")


def error_page(sub_code: str, sub_msg: str) -> str:
    """What a browser sees instead of a cashier. ``sub_msg`` may be escaped already, as the gateway's is."""
    text = f"<p>错误代码 <code>{html.escape(sub_code)}</code></p><p>错误原因: {_escaped_once(sub_msg)}</p>"
    return _page("调试错误，请回到请求来源地，重新发起请求。", text)


def _escaped_once(text: str) -> str:
    return html.escape(html.unescape(text))
