"""A merchant and a WeChat Pay of keys made for the run, and signed messages between them."""

from __future__ import annotations

import base64
import time
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

MCH_ID = "1900000001"
APP_ID = "wx0123456789abcdef"
SERIAL = "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C"
PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"
V3_KEY = "0123456789abcdef0123456789ABCDEF"

MERCHANT = rsa.generate_private_key(65537, 2048)
PLATFORM = rsa.generate_private_key(65537, 2048)


def merchant_pem() -> str:
    return MERCHANT.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def platform_public_pem() -> str:
    return PLATFORM.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


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
        }
    }


def signed_headers(body: bytes) -> dict[str, str]:
    """The headers of an answer or a notification of this minute."""
    timestamp, nonce = str(int(time.time())), "593BEC0C930BF1AFEB40B4A08C8FB242"
    message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    signature = PLATFORM.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": PUBLIC_KEY_ID,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
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
    plain = msgspec.json.encode(transaction(out_trade_no))
    nonce = "fdasflkja484"
    ciphertext = AESGCM(V3_KEY.encode()).encrypt(nonce.encode(), plain, b"transaction")
    return msgspec.json.encode(
        {
            "id": "11111111-2222-3333-4444-555555555555",
            "create_time": "2026-01-01T00:00:02+08:00",
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
            "resource": {
                "original_type": "transaction",
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(ciphertext).decode(),
                "associated_data": "transaction",
                "nonce": nonce,
            },
        }
    )
