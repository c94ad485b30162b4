"""For the journal: what to do about a refusal, in plain English."""

from __future__ import annotations

_HINTS = {
    "isv.invalid-signature": "The signature does not verify with the app's public key. Compare the string in sub_msg with the one you signed: same charset, raw values, sign_type included; then check that the private key belongs to this app_id.",
    "isv.missing-app-cert-sn": "Send app_cert_sn and alipay_root_cert_sn: the app is in certificate mode, or the method (money out) needs it.",
    "isv.app-cert-not-exist": "app_cert_sn is not that of the app's certificate: MD5 of issuer text and decimal serial.",
    "isv.invalid-alipay-root-cert-sn": "alipay_root_cert_sn takes the RSA-signed certificates of the root bundle only, in file order, joined with _.",
    "isv.invalid-app-id": "No merchant here has this app_id: take the one of GET /_sim/merchants/{pid}.",
    "isv.missing-signature-config": "The app uploaded a key for another sign_type: use RSA2.",
    "isv.invalid-timestamp": "timestamp must look like 2024-01-02 03:04:05, in Beijing time.",
    "isv.not-support-app-auth": "This method cannot be called for another merchant: leave app_auth_token out.",
    "aop.invalid-app-auth-token": "The app_auth_token was not given to this app_id.",
    "isv.decryption-error-not-valid-encrypt-key": "Content encryption is not set up for this app: POST /_sim/alipay/account with encryption true.",
    "isv.invalid-method": "The simulator does not have this method under /gateway.do. Order strings of app.pay go to POST /_sim/alipay/app-pay.",
    "ACQ.TRADE_NOT_EXIST": "No such trade. It exists only once the buyer opened the cashier: scan or pay it first.",
}


def hint(sub_code: str, sub_msg: str) -> str:
    return _HINTS.get(sub_code, f"Alipay refuses with {sub_code}: {sub_msg}")
