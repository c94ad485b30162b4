"""Endpoints about the connection itself: platform certificates and the echo."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from cryptography import x509

from vkpay_simulator.clock import CHINA
from vkpay_simulator.exchange import Request
from vkpay_simulator.keys import certificate_pem
from vkpay_simulator.providers.wxpay import signing
from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error
from vkpay_simulator.providers.wxpay.fields import read_body
from vkpay_simulator.providers.wxpay.fund_models import EchoRequest
from vkpay_simulator.providers.wxpay.gate import Reply
from vkpay_simulator.providers.wxpay.notify import Notifier
from vkpay_simulator.providers.wxpay.relations import reveal

if TYPE_CHECKING:
    from vkpay_simulator.world import World

NO_CERTIFICATES = (
    "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。可查看指引"
    "https://pay.weixin.qq.com/docs/merchant/products/platform-certificate/wxp-pub-key-guide.html"
)


class Platform:
    """``/v3/certificates`` and ``/v3/security/echo``."""

    def __init__(self, world: World, notifier: Notifier) -> None:
        self._world = world
        self._notifier = notifier

    def certificates(self, account: Account, request: Request) -> Reply:
        algorithm = request.query.get("algorithm_type", "RSA")
        if algorithm not in ("RSA", "SM2", "ALL"):
            raise param_error(
                "algorithm_type", "value is not one of the allowed", value=algorithm, location="query"
            )
        if account.v3_key is None:
            advice = "The merchant has no APIv3 key, which the certificates would be encrypted with."
            raise WxpayError("SIGN_ERROR", "商户未设置APIv3密钥", advice=advice)
        certificates = [platform.certificate for platform in account.platform if platform.certificate]
        if not certificates or algorithm == "SM2":
            advice = "This merchant has no such certificates. In public-key mode verify with wxpayPublicKeyContent of the configuration, and download nothing."
            raise WxpayError("RESOURCE_NOT_EXISTS", NO_CERTIFICATES, advice=advice)
        return Reply({"data": [self._listed(account.v3_key, certificate) for certificate in certificates]})

    def _listed(self, v3_key: str, certificate: x509.Certificate) -> dict[str, Any]:
        nonce = self._world.ids.hex(12)
        pem = certificate_pem(certificate).encode()
        return {
            "serial_no": f"{certificate.serial_number:040X}",
            "effective_time": _china(certificate.not_valid_before_utc),
            "expire_time": _china(certificate.not_valid_after_utc),
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": nonce,
                "associated_data": "certificate",
                "ciphertext": signing.seal(v3_key, nonce, "certificate", pem),
            },
        }

    def echo(self, account: Account, request: Request) -> Reply:
        wanted = read_body(request, EchoRequest, account.mchid)
        secret = wanted.encrypted_echo_message
        sealed = ""
        if secret:
            plain = reveal(account, request, "/encrypted_echo_message", secret)
            sealed = signing.encrypt(
                account.certificate.public, plain, bytes.fromhex(self._world.ids.hex(40))
            )
        said = {"echo_message": wanted.echo_message}
        if wanted.notify_url:
            self._notifier.send(
                account,
                event="SECURITY_ECHO.SUCCESS",
                original_type="security",
                summary="回显成功",
                resource=said | ({"encrypt_echo_message": sealed} if sealed else {}),
                url=wanted.notify_url,
                subject="",
            )
        return Reply(said | ({"encrypted_echo_message": sealed} if sealed else {}))


def _china(moment: datetime) -> str:
    return moment.astimezone(CHINA).isoformat()
