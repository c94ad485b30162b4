"""The simulator's own page: plain HTML, every value escaped, no script."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from vkpay_simulator.actions import ClockView, DeliveryView
from vkpay_simulator.journal import Entry
from vkpay_simulator.providers.base import OrderView
from vkpay_simulator.ui.phones import PHONES, WALLETS, Field, Phone

CHINA = timezone(timedelta(hours=8))
ROWS = 100
LONGEST_RESULT = 20_000
STYLE = (
    ":root{color-scheme:light dark}*{box-sizing:border-box}"
    "body{margin:0;font:14px/1.45 system-ui,sans-serif;background:light-dark(#f2f4f7,#17181a)}"
    "header{display:flex;flex-wrap:wrap;gap:.6rem 1.2rem;align-items:center;padding:.7rem 1rem;"
    "background:#24292f;color:#fff}nav{display:flex;flex-wrap:wrap;gap:.2rem .8rem}header a{color:#fff}"
    "h1{font-size:1.05rem;margin:0}h2{font-size:1rem;margin:0 0 .6rem}h3{font-size:.9rem;margin:0 0 .4rem}"
    "main{display:grid;gap:1rem;padding:1rem}"
    "section{padding:1rem;border-radius:.6rem;background:light-dark(#fff,#232528);overflow-x:auto}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.3rem .6rem .3rem 0;vertical-align:top;white-space:nowrap;"
    "border-bottom:1px solid light-dark(#e4e7eb,#33363b)}td.text{white-space:normal;overflow-wrap:anywhere}"
    "td.sum{text-align:right}form{display:inline-flex;gap:.3rem;align-items:center;margin:0 .3rem 0 0}"
    "button,input,select,textarea{font:inherit;padding:.15rem .5rem}"
    ".phones{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:1rem;align-items:start}"
    ".phones form{display:grid;gap:.4rem;align-content:start;margin:0;padding:.7rem;"
    "border:1px solid light-dark(#e4e7eb,#33363b);border-radius:.5rem}"
    ".phones label{display:grid;gap:.1rem}"
    "pre{margin:0;max-height:18rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}"
    ".failed{border-left:4px solid #d1242f}.done{border-left:4px solid #1a7f37}.empty{opacity:.6}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of the last thing that was done."""

    title: str
    text: str
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """All that the page tells, newest first. ``provider`` is the one it is narrowed to."""

    clock: ClockView
    providers: Sequence[str]
    provider: str | None
    orders: Sequence[OrderView]
    deliveries: Sequence[DeliveryView]
    journal: Sequence[Entry]
    said: Said | None


def page(shown: Shown) -> str:
    content = "".join(
        (
            _said(shown.said),
            _orders(shown),
            _phones(shown),
            _refunds(shown),
            _deliveries(shown),
            _journal(shown),
        )
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>vkpay-sim</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body>{_header(shown)}<main>{content}</main></body></html>"
    )


def _header(shown: Shown) -> str:
    ahead = timedelta(seconds=round(shown.clock.offset_seconds))
    links = "".join(
        f'<a href="/?provider={_text(name)}">{_bold(name, name == shown.provider)}</a>'
        for name in shown.providers
    )
    return (
        "<header><h1>vkpay-sim</h1>"
        f"<span>{_text(shown.clock.now)}, {ahead} ahead; no money moves</span>"
        f"{_act(shown, 'clock', {}, 'Let time pass', _input('advance_seconds', '15m', 6))}"
        f"{_act(shown, 'reset', {}, 'Forget everything')}"
        f'<nav><a href="/">{_bold("all", shown.provider is None)}</a> {links}</nav></header>'
    )


def _said(said: Said | None) -> str:
    if said is None:
        return ""
    cut = said.text if len(said.text) <= LONGEST_RESULT else f"{said.text[:LONGEST_RESULT]}…"
    mark = "failed" if said.failed else "done"
    return f'<section class="{mark}"><h2>{_text(said.title)}</h2><pre>{_text(cut)}</pre></section>'


def _orders(shown: Shown) -> str:
    rows = (
        _row(
            _cell(one.provider),
            _cell(one.pid),
            _cell(one.out_trade_no if one.alias is None else f"{one.out_trade_no} ({one.alias})"),
            _cell(one.product),
            _cell(one.state),
            _sum(one.total_fee),
            _sum(one.refunded_fee),
            _cell(_time(one.created_ms)),
            f"<td>{_buyer(shown, one)}</td>",
        )
        for one in shown.orders[:ROWS]
    )
    names = ("provider", "merchant", "order", "product", "state", "yuan", "given back", "made", "the buyer")
    return _table("Orders", names, rows, len(shown.orders))


def _buyer(shown: Shown, one: OrderView) -> str:
    if one.paid_ms is not None:
        return ""
    named = {"out_trade_no": one.out_trade_no, "provider": one.provider, "pid": one.pid}
    wallets = _select("channel", WALLETS[one.provider]) if one.provider in WALLETS else ""
    return (
        _act(shown, "pay", named, "Pay", wallets)
        + _act(shown, "scan", named, "Open")
        + _act(shown, "cancel", named, "Give up")
    )


def _refunds(shown: Shown) -> str:
    found = [(order, refund) for order in shown.orders for refund in order.refunds]
    rows = (
        _row(
            _cell(order.provider),
            _cell(order.pid),
            _cell(refund.out_refund_no),
            _cell(order.out_trade_no),
            _cell(refund.state),
            _sum(refund.amount),
            _cell(_time(refund.created_ms)),
            "<td>"
            + "".join(
                _act(
                    shown,
                    "refund",
                    {
                        "out_refund_no": refund.out_refund_no,
                        "status": end,
                        "provider": order.provider,
                        "pid": order.pid,
                    },
                    end,
                )
                for end in refund.ends
            )
            + "</td>",
        )
        for order, refund in found[:ROWS]
    )
    names = ("provider", "merchant", "refund", "order", "state", "yuan", "made", "ends as")
    return _table("Refunds", names, rows, len(found))


def _deliveries(shown: Shown) -> str:
    rows = (
        _row(
            _cell(one.provider),
            _cell(one.subject),
            _cell(one.event),
            _cell(one.state),
            _cell(str(len(one.attempts))),
            _cell(one.note or _last(one), "text"),
            _cell(_time(one.next_ms)),
            _cell(one.url, "text"),
            f"<td>{_act(shown, 'resend', {'id': one.id}, 'Send again')}</td>",
        )
        for one in shown.deliveries[:ROWS]
    )
    names = ("provider", "about", "event", "state", "sent", "last answer", "next", "address", "")
    return _table("Notifications", names, rows, len(shown.deliveries))


def _journal(shown: Shown) -> str:
    rows = (
        _row(
            _cell(_time(one.at_ms)),
            _cell(one.operation or f"{one.method} {one.target}", "text"),
            _cell(one.subject or ""),
            _cell(str(one.status or "–")),
            _cell(one.explain, "text"),
        )
        for one in shown.journal
    )
    return _table("Journal", ("time", "operation", "about", "status", "why"), rows, len(shown.journal))


def _phones(shown: Shown) -> str:
    forms = "".join(_phone(shown, one) for one in PHONES if shown.provider in (None, one.provider))
    common = "" if shown.provider else _common(shown)
    if not forms + common:
        return ""
    return f'<section><h2>Phones and consoles</h2><div class="phones">{forms}{common}</div></section>'


def _phone(shown: Shown, phone: Phone) -> str:
    fields = "".join(_labelled(field) for field in phone.fields)
    return (
        f'<form method="post" action="/_sim/page/phone"><h3>{_text(phone.title)}</h3>'
        f"{_hidden(shown, {'call': phone.call})}{fields}<button>Do it</button></form>"
    )


def _common(shown: Shown) -> str:
    outcomes = ("confirm", "fail", "expire", "confirm_only")
    calls = (
        ("login", "A user opens an app", (("appid", "appId"), ("openid", "openid, or a new user")), ()),
        ("transfer", "A transfer ends", (("out_bill_no", "Transfer"),), outcomes),
        (
            "authorization",
            "An authorisation ends",
            (("out_authorization_no", "Authorisation"),),
            ("confirm", "close", "expire"),
        ),
    )
    return "".join(
        f'<form method="post" action="/_sim/page/{name}"><h3>{title}</h3>{_hidden(shown, {})}'
        + "".join(_labelled(Field(name=key, label=label)) for key, label in inputs)
        + (_select("outcome", ends) if ends else "")
        + "<button>Do it</button></form>"
        for name, title, inputs, ends in calls
    )


def _labelled(field: Field) -> str:
    if field.choices:
        control = _select(field.name, field.choices)
    elif field.kind == "object":
        control = f'<textarea name="{_text(field.name)}" rows="3"></textarea>'
    else:
        control = _input(field.name, field.value)
    return f"<label>{_text(field.label)}{control}</label>"


def _act(shown: Shown, name: str, values: dict[str, str], label: str, inputs: str = "") -> str:
    return (
        f'<form method="post" action="/_sim/page/{name}">{_hidden(shown, values)}{inputs}'
        f"<button>{_text(label)}</button></form>"
    )


def _hidden(shown: Shown, values: dict[str, str]) -> str:
    every = values | ({"narrowed": shown.provider} if shown.provider else {})
    return "".join(
        f'<input type="hidden" name="{_text(name)}" value="{_text(value)}">' for name, value in every.items()
    )


def _input(name: str, value: str = "", size: int = 20) -> str:
    return f'<input name="{_text(name)}" value="{_text(value)}" size="{size}">'


def _select(name: str, choices: Sequence[str]) -> str:
    options = "".join(f"<option>{_text(choice)}</option>" for choice in choices)
    return f'<select name="{_text(name)}">{options}</select>'


def _table(title: str, names: Sequence[str], rows: Iterable[str], count: int) -> str:
    heads = "".join(f"<th>{_text(name)}</th>" for name in names)
    left_out = f" <small>the newest {ROWS} of {count}</small>" if count > ROWS else ""
    body = (
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        if count
        else '<p class="empty">None yet.</p>'
    )
    return f"<section><h2>{_text(title)}{left_out}</h2>{body}</section>"


def _row(*cells: str) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _cell(text: str, kind: str = "") -> str:
    return f'<td class="{kind}">{_text(text)}</td>' if kind else f"<td>{_text(text)}</td>"


def _sum(fen: int) -> str:
    return f'<td class="sum">{fen // 100}.{fen % 100:02d}</td>'


def _bold(text: str, bold: bool) -> str:
    return f"<b>{_text(text)}</b>" if bold else _text(text)


def _last(one: DeliveryView) -> str:
    if not one.attempts:
        return ""
    last = one.attempts[-1]
    return last.error if last.status is None else f"{last.status} {last.reply[:80]}"


def _time(ms: int | None) -> str:
    return "" if ms is None else datetime.fromtimestamp(ms / 1000, CHINA).strftime("%m-%d %H:%M:%S")


def _text(text: str) -> str:
    return html.escape(text)
