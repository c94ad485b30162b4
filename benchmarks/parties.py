"""A merchant, a WeChat Pay and an Alipay of keys made for the run, and signed messages between them.

Programs that a run starts have the same keys: they are in the environment that they inherit.
"""

from __future__ import annotations

import base64
import json
import os
import time
from typing import Any
from urllib.parse import quote_plus

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

MCH_ID = "1900000001"
APP_ID = "wx0123456789abcdef"
SERIAL = "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C"
PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"
V3_KEY = "0123456789abcdef0123456789ABCDEF"

KEYS = "BENCHMARK_KEYS"
"""The variable that has them as PEM texts."""

ALIPAY_APP_ID = "2021000000000001"


def _pem(key: rsa.RSAPrivateKey, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def _keys() -> list[rsa.RSAPrivateKey]:
    if KEYS not in os.environ:
        made = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
        os.environ[KEYS] = json.dumps([_pem(key) for key in made])
        return made
    pems = json.loads(os.environ[KEYS])
    keys = [load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True) for pem in pems]
    return [key for key in keys if isinstance(key, rsa.RSAPrivateKey)]


MERCHANT, PLATFORM = _keys()


def merchant_pem(form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return _pem(MERCHANT, form)


def platform_public_pem() -> str:
    return PLATFORM.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def sign(message: bytes) -> str:
    """As WeChat Pay and Alipay do."""
    return base64.b64encode(PLATFORM.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def material() -> dict[str, str]:
    """What a peer is made from that cannot import this."""
    return {
        "mch_id": MCH_ID,
        "app_id": APP_ID,
        "serial": SERIAL,
        "public_key_id": PUBLIC_KEY_ID,
        "v3_key": V3_KEY,
        "alipay_app_id": ALIPAY_APP_ID,
        "private_pem": merchant_pem(),
        "private_pkcs1": merchant_pem(PrivateFormat.TraditionalOpenSSL),
        "public_pem": platform_public_pem(),
    }


def config(base_url: str) -> dict[str, Any]:
    """What the SDK loads to be this merchant."""
    return {
        "wxpay": {
            "h5": {
                "appId": APP_ID,
                "mchId": MCH_ID,
                "v3Key": V3_KEY,
                "serialNo": SERIAL,
                "appPrivateKeyContent": merchant_pem(),
                "wxpayPublicKeyContent": platform_public_pem(),
                "wxpayPublicKeyId": PUBLIC_KEY_ID,
                "baseUrl": base_url,
            }
        },
        "alipay": {
            "h5": {
                "appId": ALIPAY_APP_ID,
                "privateKey": merchant_pem(),
                "alipayPublicKey": platform_public_pem(),
                "baseUrl": base_url,
            }
        },
    }


def signed_headers(body: bytes) -> dict[str, str]:
    """The headers of an answer or a notification of this minute."""
    timestamp, nonce = str(int(time.time())), "593BEC0C930BF1AFEB40B4A08C8FB242"
    message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": PUBLIC_KEY_ID,
        "Wechatpay-Signature": sign(message),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Request-ID": "08F2E999C90610A4011889CD8C5820C8EC0428C936-0",
    }


def transaction(out_trade_no: str) -> dict[str, Any]:
    return {
        "mchid": MCH_ID,
        "appid": APP_ID,
        "out_trade_no": out_trade_no,
        "transaction_id": "4200000003202601010000000001",
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "attach": "",
        "success_time": "2026-01-01T00:00:01+08:00",
        "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "amount": {"total": 100, "payer_total": 100, "currency": "CNY", "payer_currency": "CNY"},
    }


def notification(out_trade_no: str) -> bytes:
    """The encrypted body of a payment notification."""
    return sealed(transaction(out_trade_no))


def sealed(resource: dict[str, Any], event: str = "TRANSACTION.SUCCESS", kind: str = "transaction") -> bytes:
    """The encrypted body of a notification of any kind."""
    nonce = "fdasflkja484"
    ciphertext = AESGCM(V3_KEY.encode()).encrypt(nonce.encode(), msgspec.json.encode(resource), kind.encode())
    made = envelope(nonce, base64.b64encode(ciphertext).decode())
    about = {"original_type": kind, "associated_data": kind}
    return msgspec.json.encode({**made, "event_type": event, "resource": {**made["resource"], **about}})


def envelope(nonce: str, ciphertext: str) -> dict[str, Any]:
    return {
        "id": "11111111-2222-3333-4444-555555555555",
        "create_time": "2026-01-01T00:00:02+08:00",
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": ciphertext,
            "associated_data": "transaction",
            "nonce": nonce,
        },
    }


def alipay_answer(method: str, **content: Any) -> bytes:
    """A signed answer of the gateway."""
    inner = json.dumps({"code": "10000", "msg": "Success", **content}, separators=(",", ":"))
    name = f"{method.replace('.', '_')}_response"
    return f'{{"{name}":{inner},"sign":"{sign(inner.encode())}"}}'.encode()


def alipay_notification(out_trade_no: str) -> dict[str, str]:
    """The fields of a payment notification, signature included."""
    return alipay_signed(alipay_fields(out_trade_no))


def alipay_fields(out_trade_no: str) -> dict[str, str]:
    return {
        "gmt_create": "2026-01-01 00:00:00",
        "charset": "utf-8",
        "seller_email": "seller@example.com",
        "subject": "Tea, 500 g",
        "buyer_id": "2088000000000002",
        "invoice_amount": "1.00",
        "notify_id": "2026010100222000000000001404721",
        "fund_bill_list": '[{"amount":"1.00","fundChannel":"ALIPAYACCOUNT"}]',
        "notify_type": "trade_status_sync",
        "trade_status": "TRADE_SUCCESS",
        "receipt_amount": "1.00",
        "buyer_pay_amount": "1.00",
        "app_id": ALIPAY_APP_ID,
        "seller_id": "2088000000000001",
        "gmt_payment": "2026-01-01 00:00:01",
        "notify_time": "2026-01-01 00:00:02",
        "version": "1.0",
        "out_trade_no": out_trade_no,
        "total_amount": "1.00",
        "trade_no": "2026010122001400000000000001",
        "auth_app_id": ALIPAY_APP_ID,
        "buyer_logon_id": "buy***@example.com",
        "point_amount": "0.00",
    }


def alipay_signed(fields: dict[str, str]) -> dict[str, str]:
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    return {**fields, "sign_type": "RSA2", "sign": sign(text.encode())}


def form(fields: dict[str, str]) -> bytes:
    return "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode()
