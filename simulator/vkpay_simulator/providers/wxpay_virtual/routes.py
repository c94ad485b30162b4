"""Every endpoint under its real path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vkpay_simulator.exchange import Route
from vkpay_simulator.providers.wxpay_virtual import models
from vkpay_simulator.providers.wxpay_virtual.bills import FILE, Bills
from vkpay_simulator.providers.wxpay_virtual.complaints import Complaints, nothing_here
from vkpay_simulator.providers.wxpay_virtual.gate import Gate, M, Work

if TYPE_CHECKING:
    from vkpay_simulator.providers.wxpay_virtual.coins import Coins
    from vkpay_simulator.providers.wxpay_virtual.goods import Shelf
    from vkpay_simulator.providers.wxpay_virtual.refunds import Refunds
    from vkpay_simulator.providers.wxpay_virtual.tokens import Tokens
    from vkpay_simulator.providers.wxpay_virtual.withdrawals import Withdrawals

EMPTY = (
    "query_transfer_account",
    "query_adver_funds",
    "create_funds_bill",
    "bind_transfer_accout",
    "query_funds_bill",
    "query_recover_bill",
    "download_adverfunds_order",
    "query_subscribe_contract",
    "send_subscribe_pre_payment",
    "submit_subscribe_pay_order",
    "cancel_subscribe_contract",
)


def credential_routes(gate: Gate, tokens: Tokens) -> list[Route]:
    table = [
        ("GET", "/cgi-bin/token", "token", tokens.plain),
        ("POST", "/cgi-bin/stable_token", "stable_token", tokens.stable),
    ]
    return [
        Route(method=method, path=path, operation=name, handler=gate.framed(work, xpay=False))
        for method, path, name, work in table
    ]


def coin_routes(gate: Gate, coins: Coins) -> list[Route]:
    return [
        route(gate, "query_user_balance", models.BalanceQuery, coins.balance, signed=True),
        route(gate, "currency_pay", models.CurrencyPay, coins.pay, signed=True),
        route(gate, "cancel_currency_pay", models.CancelCurrencyPay, coins.cancel, signed=True),
        route(gate, "present_currency", models.PresentCurrency, coins.present),
    ]


def order_routes(gate: Gate, refunds: Refunds, bills: Bills) -> list[Route]:
    return [
        route(gate, "query_order", models.OrderQuery, refunds.query),
        route(gate, "notify_provide_goods", models.ProvideGoods, refunds.provide),
        route(gate, "refund_order", models.RefundOrder, refunds.create),
        route(gate, "download_bill", models.BillDays, bills.download),
        route(gate, "start_download_order", models.StartDownload, bills.start),
        route(gate, "query_download_order", models.Download, bills.query),
        Route(method="GET", path=FILE, operation="bill", handler=bills.file),
    ]


def merchant_routes(
    gate: Gate, withdrawals: Withdrawals, shelf: Shelf, complaints: Complaints
) -> list[Route]:
    return [
        route(gate, "query_biz_balance", models.Model, withdrawals.balance),
        route(gate, "create_withdraw_order", models.WithdrawOrder, withdrawals.create),
        route(gate, "query_withdraw_order", models.WithdrawQuery, withdrawals.query),
        route(gate, "start_upload_goods", models.UploadGoods, shelf.upload),
        route(gate, "query_upload_goods", models.Model, shelf.uploading),
        route(gate, "start_publish_goods", models.PublishGoods, shelf.publish),
        route(gate, "query_publish_goods", models.Model, shelf.publishing),
        route(gate, "get_complaint_list", models.Model, complaints.list),
        route(gate, "get_complaint_detail", models.ComplaintQuery, complaints.detail),
        route(gate, "get_negotiation_history", models.ComplaintQuery, complaints.history),
        route(gate, "response_complaint", models.ComplaintQuery, complaints.respond),
        route(gate, "complete_complaint", models.ComplaintQuery, complaints.complete),
        *(route(gate, name, models.Model, nothing_here) for name in EMPTY),
    ]


def route(gate: Gate, name: str, model: type[M], work: Work[M], *, signed: bool = False) -> Route:
    handler = gate.guard(model, work, signed=signed)
    return Route(method="POST", path=f"/xpay/{name}", operation=name, handler=handler)
