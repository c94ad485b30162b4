"""The pay page of the simulated VksPay: plain HTML, every value escaped, no script."""

from __future__ import annotations

import html
from collections.abc import Sequence

STYLE = (
    ":root{color-scheme:light dark}*{box-sizing:border-box}"
    "body{margin:0;font:16px/1.5 system-ui,sans-serif;background:light-dark(#f2f4f7,#17181a)}"
    "header{background:#2f54eb;color:#fff;padding:.8rem 1rem;text-align:center}"
    "h1{font-size:1.05rem;font-weight:600;margin:0}"
    "main{max-width:26rem;margin:1.5rem auto;padding:1.5rem;border-radius:.75rem;"
    "background:light-dark(#fff,#232528);overflow-wrap:anywhere}"
    ".amount{font-size:2.4rem;font-weight:600;text-align:center;margin:0 0 1rem}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.4rem 1rem;margin:0 0 1.5rem}"
    "dt{opacity:.6}dd{margin:0;text-align:right}"
    "button{width:100%;font:inherit;padding:.7rem;margin-top:.6rem;border-radius:.5rem;"
    "border:1px solid currentcolor;background:none;cursor:pointer}"
    "button.wxpay{background:#07a556;color:#fff}button.alipay{background:#1677ff;color:#fff}"
    "footer{text-align:center;font-size:.8rem;opacity:.6;padding:0 1rem}"
)
_BUTTONS = {"wxpay": "微信支付 Pay with WeChat", "alipay": "支付宝支付 Pay with Alipay"}


def pay_page(
    *, action: str, seller: str, subject: str, amount: str, out_trade_no: str, wallets: Sequence[str]
) -> str:
    """The page with a button for each wallet; ``action`` is where they post ``choice`` to."""
    rows = "".join(
        f"<dt>{name}</dt><dd>{html.escape(text)}</dd>"
        for name, text in (("收款方", seller), ("商品", subject), ("订单号", out_trade_no))
        if text
    )
    buttons = "".join(
        f'<button class="{wallet}" name="choice" value="{wallet}">{_BUTTONS[wallet]}</button>'
        for wallet in wallets
    )
    form = (
        f'<form method="post" action="{html.escape(action)}">{buttons}'
        '<button name="choice" value="leave">暂不支付 Leave</button></form>'
    )
    return _page("收银台（模拟）", f'<p class="amount">¥{html.escape(amount)}</p><dl>{rows}</dl>{form}')


def message_page(title: str, text: str) -> str:
    return _page(title, f"<p>{html.escape(text)}</p>")


def _page(title: str, content: str) -> str:
    return (
        "<!DOCTYPE html>"
        f'<html lang="zh-CN"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><header><h1>{html.escape(title)}</h1></header><main>{content}</main>"
        "<footer>模拟环境，不会扣款 · Simulated: no money moves</footer></body></html>"
    )
