"""The pages of the simulated Alipay cashier: plain HTML, every value escaped, no script."""

from __future__ import annotations

import html

STYLE = (
    ":root{color-scheme:light dark}*{box-sizing:border-box}"
    "body{margin:0;font:16px/1.5 system-ui,sans-serif;background:light-dark(#f2f4f7,#17181a)}"
    "header{background:#1677ff;color:#fff;padding:.8rem 1rem;text-align:center}"
    "h1{font-size:1.05rem;font-weight:600;margin:0}"
    "main{max-width:26rem;margin:1.5rem auto;padding:1.5rem;border-radius:.75rem;"
    "background:light-dark(#fff,#232528);overflow-wrap:anywhere}"
    ".amount{font-size:2.4rem;font-weight:600;text-align:center;margin:0 0 1rem}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.4rem 1rem;margin:0 0 1.5rem}"
    "dt{opacity:.6}dd{margin:0;text-align:right}"
    "button{width:100%;font:inherit;padding:.7rem;margin-top:.6rem;border-radius:.5rem;"
    "border:1px solid #1677ff;background:none;color:#1677ff;cursor:pointer}"
    "button.pay{background:#1677ff;color:#fff}a{color:#1677ff}"
    "footer{text-align:center;font-size:.8rem;opacity:.6;padding:0 1rem}"
)


def _page(title: str, content: str) -> str:
    return (
        "<!DOCTYPE html>"
        f'<html lang="zh-CN"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><header><h1>{html.escape(title)}</h1></header><main>{content}</main>"
        "<footer>模拟环境，不会扣款 · Simulated: no money moves</footer></body></html>"
    )


def cashier_page(*, action: str, seller: str, subject: str, amount: str, out_trade_no: str) -> str:
    """The cashier with its two buttons; ``action`` is where they post ``choice`` = ``pay`` or ``close`` to."""
    rows = "".join(
        f"<dt>{name}</dt><dd>{html.escape(text)}</dd>"
        for name, text in (("收款方", seller), ("商品", subject), ("订单号", out_trade_no))
    )
    form = (
        f'<form method="post" action="{html.escape(action)}">'
        '<button class="pay" name="choice" value="pay">确认付款 Pay</button>'
        '<button name="choice" value="close">关闭 Close</button></form>'
    )
    return _page("支付宝收银台（模拟）", f'<p class="amount">¥{html.escape(amount)}</p><dl>{rows}</dl>{form}')


def message_page(title: str, text: str, back: str = "") -> str:
    """``back`` is the merchant's own page; what is no web address is left out."""
    link = ""
    if back.lower().startswith(("http://", "https://")):
        link = f'<p><a href="{html.escape(back)}">返回商家 Back to the shop</a></p>'
    return _page(title, f"<p>{html.escape(text)}</p>{link}")


def error_page(sub_code: str, sub_msg: str) -> str:
    """What a browser sees instead of a cashier. ``sub_msg`` may be escaped already, as the gateway's is."""
    text = f"<p>错误代码 <code>{html.escape(sub_code)}</code></p><p>错误原因: {_escaped_once(sub_msg)}</p>"
    return _page("调试错误，请回到请求来源地，重新发起请求。", text)


def _escaped_once(text: str) -> str:
    return html.escape(html.unescape(text))
