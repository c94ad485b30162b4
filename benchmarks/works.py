"""What ``micro`` measures in this process: our own work, and the same by hand or with other libraries, keys loaded."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import gmssl_pyx
import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks import apple, floors, parties
from vkpay_async import config_from_dict
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.crypto.jws import split
from vkpay_async.crypto.sm2 import Sm2PrivateKey
from vkpay_async.models import CreateOrder, RawNotification
from vkpay_async.providers.appleiap.verifier import App, Verifier
from vkpay_async.providers.base import Flow, HttpResponse, Provider, run_offline
from vkpay_async.providers.registry import Providers
from vkpay_async.providers.wxpay.models import Transaction
from vkpay_async.qr import MODULE_PIXELS, qr_png

Work = Callable[[], Any]
Works = Mapping[str, Work]

NUMBER = "T20260101000001"
NOWHERE = "http://127.0.0.1"
WECHAT_ANSWER = b'{"code_url":"weixin://wxpay/bizpayurl?pr=JyC91EIz1"}'
CODE_URL = "weixin://wxpay/bizpayurl?pr=JyC91EIz1&and=a-link-of-some-sixty-char"
PKCS1, SHA256, ES256 = padding.PKCS1v15(), hashes.SHA256(), ec.ECDSA(hashes.SHA256())


def provider_of(pay_type: str, base_url: str = NOWHERE) -> Provider:
    return Providers(config_from_dict(parties.config(base_url)), SYSTEM_ENV).get(None, pay_type)


def order_of(pay_type: str) -> CreateOrder:
    return CreateOrder(
        pay_type=pay_type,
        out_trade_no=NUMBER,
        total_fee=100,
        subject="Tea, 500 g",
        notify_url=f"https://pay.example.com/pay/vk-pay-notify/{pay_type}/{NUMBER}",
    )


def calls() -> Works:
    """A call without transport: the request is made and signed, the answer verified and typed."""
    body, headers = WECHAT_ANSWER, parties.signed_headers(WECHAT_ANSWER)
    alipay_body = parties.alipay_answer("alipay.trade.precreate", out_trade_no=NUMBER, qr_code="https://q")
    lower = {name.lower(): value for name, value in headers.items()}
    answers = {
        "wxpay_h5": HttpResponse(status=200, headers=lower, body=body),
        "alipay_h5": HttpResponse(status=200, headers={}, body=alipay_body),
    }
    message, signed = b"x" * 400, base64.b64decode(parties.sign(b"x" * 400))
    public, hand = parties.PLATFORM.public_key(), floors.WeChatCaller(NOWHERE)

    def crypto() -> None:
        parties.MERCHANT.sign(message, PKCS1, SHA256)
        public.verify(signed, message, PKCS1, SHA256)

    def by_hand() -> None:
        hand.request("0" * 32)
        hand.answer(body, headers)

    def ours(pay_type: str) -> Work:
        provider, order, answer = provider_of(pay_type), order_of(pay_type), answers[pay_type]
        return lambda: run_offline(provider.create(order), lambda _: answer)

    return {
        "call/crypto": crypto,
        "call/by hand": by_hand,
        "call/ours": ours("wxpay_h5"),
        "call/ours, alipay": ours("alipay_h5"),
    }


def signatures() -> Works:
    """RSA alone, and a merchant's node from its PEM texts."""
    message, signed = b"x" * 400, base64.b64decode(parties.sign(b"x" * 400))
    public, pem = parties.PLATFORM.public_key(), parties.merchant_pem().encode()

    def loaded() -> None:
        """With the self-test that ours has: sign and verify once."""
        key: Any = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        key.public_key().verify(key.sign(message, PKCS1, SHA256), message, PKCS1, SHA256)

    return {
        "rsa/sign": lambda: parties.MERCHANT.sign(message, PKCS1, SHA256),
        "rsa/verify": lambda: public.verify(signed, message, PKCS1, SHA256),
        "client/by hand": loaded,
        "client/ours": lambda: provider_of("wxpay_h5"),
        "client/checked by OpenSSL": lambda: load_pem_private_key(pem, None),
    }


def wechat_notified() -> Works:
    body = parties.notification(NUMBER)
    headers = parties.signed_headers(body)
    resource = json.loads(body)["resource"]
    key, gcm, hand = parties.PLATFORM.public_key(), AESGCM(parties.V3_KEY.encode()), floors.Hand()
    signed = base64.b64decode(headers["Wechatpay-Signature"])
    message = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
    nonce, sealed = resource["nonce"].encode(), base64.b64decode(resource["ciphertext"])

    def crypto() -> None:
        key.verify(signed, message, PKCS1, SHA256)
        gcm.decrypt(nonce, sealed, b"transaction")

    return {
        "wechat notification/crypto": crypto,
        "wechat notification/by hand": lambda: hand.read(headers, body),
        "wechat notification/ours": typed("wxpay_h5", headers, body),
    }


def alipay_notified() -> Works:
    fields = parties.alipay_notification(NUMBER)
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in ("sign", "sign_type"))
    key, signed, message = parties.PLATFORM.public_key(), base64.b64decode(fields["sign"]), text.encode()
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return {
        "alipay notification/crypto": lambda: key.verify(signed, message, PKCS1, SHA256),
        "alipay notification/ours": typed("alipay_h5", headers, parties.form(fields)),
    }


def typed(pay_type: str, headers: Mapping[str, str], body: bytes) -> Work:
    """Raw bytes to our own notification."""
    provider = provider_of(pay_type)
    lower = {name.lower(): value for name, value in headers.items()}
    raw = RawNotification(path=f"/vk-pay-notify/{pay_type}/{NUMBER}", headers=lower, body=body)

    def work() -> Any:
        return run_offline(provider.notification(raw), _asked)

    assert work().trade.total_fee == 100
    return work


def purchases(chain: apple.Chain, signed: str) -> Works:
    """Apple's signed transaction, its certificates known and unknown."""
    verifier = Verifier(
        roots=[chain.root],
        app=App(bundle_ids={"Production": frozenset({apple.BUNDLE_ID})}),
        env=SYSTEM_ENV,
    )
    leaf, message = chain.leaf_key.public_key(), split(signed).signed
    raw = chain.leaf_key.sign(message, ES256)
    issued = [
        (one, by.public_key())
        for one, by in ((chain.leaf, chain.intermediate), (chain.intermediate, chain.root))
    ]

    def crypto() -> None:
        leaf.verify(raw, message, ES256)

    def cold_crypto() -> None:
        for one, key in issued:
            assert isinstance(key, ec.EllipticCurvePublicKey)
            key.verify(one.signature, one.tbs_certificate_bytes, ec.ECDSA(hashes.SHA384()))
        leaf.verify(raw, message, ES256)

    def known() -> Any:
        return _offline(verifier.transaction(signed))

    def cold() -> Any:
        verifier._chains._kept.clear()
        return _offline(verifier.transaction(signed))

    assert known().price == 6000
    return {
        "apple/crypto": crypto,
        "apple/ours": known,
        "apple cold/crypto": cold_crypto,
        "apple cold/ours": cold,
    }


def sm2() -> Works:
    """gmssl-pyx alone, ours on it, and gmssl, which is pure Python."""
    from gmssl.sm2 import CryptSM2

    point, number = gmssl_pyx.sm2_key_generate()
    key, message = Sm2PrivateKey(number), b"x" * 400
    digest, signed = key.public.digest(message), key.sign(message)
    raw = base64.b64decode(signed)
    peer = CryptSM2(private_key=number.hex(), public_key=point.hex())
    theirs = peer.sign_with_sm3(message)
    assert peer.verify_with_sm3(theirs, message)
    return {
        "sm2 sign/library": lambda: gmssl_pyx.sm2_sign_sm3_digest(number, digest),
        "sm2 sign/ours": lambda: key.sign(message),
        "sm2 sign/gmssl": lambda: peer.sign_with_sm3(message),
        "sm2 verify/library": lambda: gmssl_pyx.sm2_verify_sm3_digest(point, digest, raw),
        "sm2 verify/ours": lambda: key.public.verify(signed, message),
        "sm2 verify/gmssl": lambda: peer.verify_with_sm3(theirs, message),
    }


def coding() -> Works:
    """JSON to typed and back, beside the standard library's to dicts."""
    value = parties.transaction(NUMBER)
    body, order = msgspec.json.encode(value), floors.WeChatCaller.order
    decoder = msgspec.json.Decoder(Transaction)
    return {
        "decode/ours, typed": lambda: decoder.decode(body),
        "decode/json": lambda: json.loads(body),
        "encode/ours": lambda: msgspec.json.encode(order),
        "encode/json": lambda: json.dumps(order),
    }


def qr_images() -> Works:
    """The same image by qrcode with Pillow."""
    import qrcode
    from qrcode.image.pil import PilImage

    def with_pillow() -> bytes:
        code = qrcode.QRCode(
            error_correction=qrcode.constants.ERROR_CORRECT_Q, border=2, box_size=MODULE_PIXELS
        )
        code.add_data(CODE_URL)
        made = io.BytesIO()
        code.make_image(image_factory=PilImage).save(made, "PNG")
        return made.getvalue()

    return {"qr/qrcode with Pillow": with_pillow, "qr/ours": lambda: qr_png(CODE_URL)}


def _offline(flow: Flow[Any]) -> Any:
    return run_offline(flow, _asked)


def _asked(request: Any) -> HttpResponse:
    raise SystemExit(f"nothing had to be asked for, and {request.operation} was")
