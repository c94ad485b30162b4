"""For the journal: why something was refused and what to do about it, in plain English."""

from __future__ import annotations

from collections.abc import Collection

_HINTS = {
    "isv.missing-alipay-root-cert-sn": "Send alipay_root_cert_sn with app_cert_sn: the digest of the RSA-signed certificates in alipayRootCertContent.",
    "isv.missing-method": "No method came. Parameters go into the query or a form body (application/x-www-form-urlencoded); a JSON body is not read.",
    "isv.invalid-timestamp": "timestamp must look like 2024-01-02 03:04:05, in Beijing time.",
    "isv.not-support-app-auth": "This method cannot be called for another merchant: leave app_auth_token out.",
    "aop.invalid-app-auth-token": "The app_auth_token was not given to this app_id: take one of appAuthTokens in the same node of GET /_sim/merchants/partner.",
    "isv.decryption-error-not-valid-encrypt-key": "Content encryption is not set up for this app: POST /_sim/alipay/account with encryption true.",
    "isv.decryption-error-missing-encrypt-type": "biz_content looks encrypted: send encrypt_type=AES with it, and sign both.",
    "isv.decryption-error-unknown": "biz_content cannot be decrypted: AES-128-CBC with encryptKey of the config row, 16 zero bytes as IV, PKCS#7 padding, base64.",
    "isv.invalid-method": "The simulator does not have this method under /gateway.do. Order strings of app.pay go to POST /_sim/alipay/app-pay.",
    "ACQ.TRADE_HAS_CLOSE": "The order was closed, cancelled or refunded in full, and its number is used up: take a new out_trade_no.",
    "ACQ.CONTEXT_INCONSISTENT": "The order exists with another amount, subject or product: repeat it unchanged, or take a new out_trade_no.",
    "ACQ.PAYMENT_AUTH_CODE_INVALID": "An auth_code has 16 to 24 digits, begins with 25 to 30 and works for one order; codes that begin with 2503 are refused always.",
    "ACQ.SELLER_BALANCE_NOT_ENOUGH": "The seller's balance is too low: POST /_sim/alipay/account with a balance (in fen).",
    "PAYER_BALANCE_NOT_ENOUGH": "The payer's balance is too low: POST /_sim/alipay/account with a balance (in fen).",
}
ROWS = "GET /_sim/merchants/{pid}"
ACCOUNT = "POST /_sim/alipay/account"


def hint(sub_code: str, sub_msg: str) -> str:
    return _HINTS.get(sub_code, f"Alipay refuses with {sub_code}: {sub_msg}")


def unknown_app(app_id: str, known: Collection[str]) -> str:
    return f"No merchant here has the app_id {app_id}: take the one of {ROWS} (there are {', '.join(known)})."


def missing_product(app_id: str, method: str, needed: Collection[str], has: Collection[str]) -> str:
    return (
        f"{method} needs the product {' or '.join(sorted(needed))}; app {app_id} has "
        f"{', '.join(sorted(has)) or 'none'}. {ACCOUNT} with products changes that."
    )


def other_sign_type(app_id: str, right: str) -> str:
    return f"App {app_id} uploaded a key for sign_type {right}: sign with that, or change it with {ACCOUNT}."


def no_contract(product_code: str) -> str:
    return f"Nobody here has a contract for {product_code}: the simulator does not have that product."


def open_ids_only(app_id: str) -> str:
    return (
        f"App {app_id} knows people by open id and not by user id: send the open id, or set id_mode to user_id "
        f"with {ACCOUNT}."
    )


def no_certificate(app_id: str, certificate_mode: bool) -> str:
    if certificate_mode:
        return (
            f"App {app_id} is in certificate mode: send app_cert_sn and alipay_root_cert_sn with every call."
        )
    return (
        f"This method moves money out and needs certificate mode; app {app_id} is in key mode. "
        "Use the node transfer of the config row, whose app has certificates."
    )


def key_mode(app_id: str) -> str:
    return f"App {app_id} is in key mode and has no certificate: leave app_cert_sn out."


def other_certificate(sent: str, right: str) -> str:
    return (
        f"app_cert_sn is {sent}, and that of appCertContent is {right}: MD5 of the issuer "
        "(CN=…,OU=…,O=…,C=CN) followed by the serial number in decimal."
    )


def other_root(sent: str, right: str) -> str:
    return (
        f"alipay_root_cert_sn is {sent}, and that of alipayRootCertContent is {right}: only RSA-signed "
        "certificates count, in file order, joined with _."
    )


def unopened(number: str, method: str) -> str:
    return (
        f"Order {number} was made by {method}, but nobody opened it yet, and Alipay has no trade before that. "
        f'POST /_sim/scan {{"out_trade_no": "{number}"}} opens it, POST /_sim/pay pays it.'
    )


def void(number: str) -> str:
    return (
        f"Order {number} was never opened, and is void: its time or its code ran out, or it was closed or "
        "cancelled. Make it again, or take a new number."
    )


def no_trade(number: str, seller: str, elsewhere: Collection[str]) -> str:
    if elsewhere:
        return (
            f"Seller {seller} has no order {number}; it is of seller {', '.join(elsewhere)}: check app_id and "
            "app_auth_token."
        )
    return (
        f"Seller {seller} has no order {number}. An app.pay string is no order before it was posted to "
        "/_sim/alipay/app-pay, nor is a page.pay or wap.pay address before it was opened."
    )
