"""Which client has to prove what. What a client does not offer is named here; anything else is required."""

from __future__ import annotations

from dataclasses import dataclass

WXPAY = {
    "native": "Native order",
    "jsapi": "JSAPI and mini-program order",
    "app": "APP order",
    "h5": "H5 order",
    "codepay": "Code pay",
    "reverse": "Reverse of a code payment",
    "query": "Query by the merchant's number",
    "query_by_id": "Query by WeChat's number",
    "notify_payment": "Payment notification verified and decrypted",
    "notify_tampered": "Tampered notification refused",
    "refund": "Refund",
    "refund_query": "Refund query",
    "notify_refund": "Refund notification",
    "refund_rest": "Second refund up to the total, and no further",
    "close": "Close",
    "transfer": "Transfer",
    "sensitive": "Encrypted field (receiver's name)",
    "transfer_query": "Transfer query",
    "notify_transfer": "Transfer notification",
    "transfer_cancel": "Transfer cancelled",
    "public_key_mode": "Public key mode",
    "certificates": "Platform certificates downloaded and decrypted",
    "certificate_mode": "Platform certificate mode",
    "partner": "Partner mode",
    "business_error": "Business error read",
    "wrong_key": "Wrong merchant key refused",
    "bad_signature": "Forged answer refused",
}
ALIPAY = {
    "precreate": "trade.precreate",
    "page": "trade.page.pay, opened and paid",
    "wap": "trade.wap.pay, opened and paid",
    "app": "trade.app.pay, order string accepted and paid",
    "return_url": "Return address of a page payment verified",
    "app_result": "Result of an order string verified",
    "create": "trade.create",
    "pay": "trade.pay (barcode)",
    "query": "trade.query by the merchant's number",
    "query_by_id": "trade.query by Alipay's number",
    "notify_payment": "Payment notification verified",
    "notify_tampered": "Tampered notification refused",
    "refund": "trade.refund",
    "refund_query": "trade.fastpay.refund.query",
    "notify_refund": "Refund notification verified",
    "refund_rest": "Second refund up to the total, and no further",
    "close": "trade.close",
    "cancel": "trade.cancel",
    "transfer": "fund.trans.uni.transfer",
    "transfer_query": "fund.trans.common.query",
    "balance": "fund.account.query",
    "login": "system.oauth.token, and a used code refused",
    "key_mode": "Key mode",
    "certificate_mode": "Certificate mode",
    "encryption": "AES content encryption",
    "partner": "Called for another merchant (app_auth_token)",
    "business_error": "Business error read",
    "wrong_key": "Wrong application key refused",
    "bad_signature": "Forged answer refused",
}
VIRTUAL = {
    "access_token": "Access token",
    "stable_token": "Stable access token",
    "session": "Login (jscode2session)",
    "page_login": "Login on a page (oauth2/access_token), and a used code refused",
    "wrong_secret": "Wrong AppSecret refused",
    "url_check": "Check of the push address verified",
    "push_plain": "Plain push verified",
    "push_json": "Encrypted push in JSON verified and decrypted",
    "push_xml": "Encrypted push in XML verified and decrypted",
    "push_refund": "Push of a refund",
    "push_tampered": "Tampered push refused",
    "push_other_app": "Push for another app refused",
    "reply": "Encrypted reply accepted",
}
VKSPAY = {
    "webpay": "Cashier order, amounts as numbers and as texts",
    "query": "Query, unpaid and paid",
    "notify_payment": "Payment notification read, and confirmed by a query",
    "notify_twice": "The notification's second copy turned away",
    "notify_forged": "Forged notification turned away",
    "refund": "Refund",
    "refund_query": "Refund query",
    "refund_rest": "Refund beyond the total refused",
    "micropay": "Code payment",
    "wrong_key": "Wrong key refused",
}

APPLE = {
    "transaction": "Get Transaction Info",
    "app_transaction": "Get App Transaction Info",
    "history": "Get Transaction History, pages and filters",
    "history_v1": "Get Transaction History V1",
    "refunds": "Get Refund History, pages",
    "statuses": "Get All Subscription Statuses, renewal info verified",
    "lookup": "Look Up Order ID",
    "consumption": "Send Consumption Information",
    "consumption_v1": "Send Consumption Information V1",
    "finish": "Finish Transaction",
    "set_token": "Set App Account Token",
    "extend": "Extend a Subscription Renewal Date, and no third time",
    "extend_all": "Extend for All Active Subscribers, and its status",
    "notify": "A subscription's life in twelve notifications, each verified",
    "notify_tampered": "Tampered notification refused, and another app's",
    "test_notification": "Request a Test Notification, and its status",
    "notification_history": "Get Notification History, pages and filters",
    "retention": "Retention messaging, all fourteen calls",
    "production": "Production, and an app that was never released",
    "verify_online": "Signed data verified with OCSP",
    "verify_revoked": "Revoked certificate and silent responder refused",
    "receipt": "Transaction id read from both kinds of receipt",
    "offers": "Offer signatures taken, and a wrong one refused",
    "business_error": "Business error read",
    "rate_limit": "Rate limit met",
    "wrong_key": "Wrong API key refused",
    "bad_signature": "Forged answer refused",
}

DOUYIN = {
    "create": "Order, and the same one again",
    "query": "Query",
    "notify_payment": "Payment notification verified",
    "notify_tampered": "Tampered notification refused",
    "refund": "Refund",
    "refund_query": "Refund query",
    "notify_refund": "Refund notification verified",
    "refund_rest": "Second refund up to the total, and no further",
    "order_sync": "Fulfilment pushed",
    "login": "Login code exchanged",
    "unsettled": "What could be settled",
    "settle": "Settlement with a share",
    "settle_query": "Settlement query",
    "notify_settle": "Settlement notification verified",
    "returns": "Share given back, and its query",
    "balance": "Balance",
    "withdraw": "Withdrawal, and its query",
    "bills": "Trade bill and fund bill",
    "business_error": "Business error read",
    "wrong_salt": "Wrong SALT refused",
    "partner": "Service provider",
    "client_token": "Client token",
    "request_order": "requestOrder: signed data accepted, others refused",
    "trade_query": "Trade system: query",
    "trade_notify_payment": "Trade system: payment notification verified",
    "trade_notify_tampered": "Trade system: tampered notification refused",
    "trade_refund": "Trade system: refund of a piece",
    "trade_refund_query": "Trade system: refund query",
    "trade_notify_refund": "Trade system: refund notification verified",
    "trade_refund_audit": "Trade system: a user's refund agreed to",
    "trade_fulfil": "Trade system: fulfilment",
    "trade_settle": "Trade system: settlement",
    "trade_settle_query": "Trade system: settlement query",
    "trade_notify_settle": "Trade system: settlement notification verified",
    "trade_funds": "Trade system: balance, withdrawal and its query",
    "trade_bills": "Trade system: trade bill and fund bill",
    "trade_error": "Trade system: business error read, unknown token refused",
    "wrong_key": "Trade system: wrong application key refused",
}


@dataclass(frozen=True, kw_only=True)
class Client:
    """A judge. ``prefix`` begins its order numbers; ``home`` is its folder and its environment's; ``note`` is what
    a reader of the table has to know. One that no registry has is ``apart``: it runs when it is asked for by name."""

    name: str
    home: str
    provider: str
    prefix: str
    title: str = ""
    lacks: frozenset[str] = frozenset()
    port_80_only: bool = False
    apart: bool = False
    note: str = ""

    @property
    def required(self) -> list[str]:
        return [operation for operation in OPERATIONS[self.provider] if operation not in self.lacks]


OPERATIONS = {
    "wxpay": WXPAY,
    "alipay": ALIPAY,
    "wxpay-virtual": VIRTUAL,
    "vkspay": VKSPAY,
    "appleiap": APPLE,
    "douyin": DOUYIN,
}
CLIENTS = [
    Client(name="wechatpayv3", home="wechatpayv3", provider="wxpay", prefix="wps"),
    Client(
        name="wechatpayv3-async",
        home="wechatpayv3",
        provider="wxpay",
        prefix="wpa",
        title="wechatpayv3 (async)",
    ),
    Client(name="wechatpay-axios-plugin", home="wechatpay-axios-plugin", provider="wxpay", prefix="wax"),
    Client(
        name="python-alipay-sdk",
        home="python-alipay-sdk",
        provider="alipay",
        prefix="pas",
        lacks=frozenset({"app_result", "encryption"}),
    ),
    Client(
        name="alipay-sdk-python",
        home="alipay-sdk-python",
        provider="alipay",
        prefix="asp",
        # Its certificate mode does not exist, transfers need one, and its AES fails on Python 3.
        lacks=frozenset({"certificate_mode", "transfer", "transfer_query", "encryption"}),
        port_80_only=True,
    ),
    Client(
        name="alipay-sdk",
        home="alipay-sdk",
        provider="alipay",
        prefix="npm",
        title="alipay-sdk (npm)",
        note="decrypts an encrypted answer, but cannot check its signature",
    ),
    Client(
        name="wechatpy",
        home="wechatpy",
        provider="wxpay-virtual",
        prefix="wpy",
        lacks=frozenset({"stable_token"}),
        note="has no calls of virtual payment: it is the judge of its tokens, logins and pushes",
    ),
    Client(
        name="node-easywechat",
        home="node-easywechat",
        provider="wxpay-virtual",
        prefix="new",
        note="has no calls of virtual payment either, and checks no signature of plain pushes by itself",
        lacks=frozenset({"url_check", "push_plain"}),
    ),
    Client(name="vkspay-example", home="vkspay-example", provider="vkspay", prefix="vks", apart=True),
    Client(
        name="app-store-server-library", home="app-store-server-library", provider="appleiap", prefix="aps"
    ),
    Client(
        name="app-store-server-library-async",
        home="app-store-server-library",
        provider="appleiap",
        prefix="apa",
        title="app-store-server-library (async)",
    ),
    Client(
        name="apple-app-store-server-library",
        home="apple-app-store-server-library",
        provider="appleiap",
        prefix="apn",
        title="@apple/app-store-server-library (npm)",
    ),
    Client(name="bytedance", home="bytedance", provider="douyin", prefix="byd"),
]
