"""API v2 as far as it stands here: its signature, and the endpoint by which a merchant tries its key out.

``POST /xdc/apiv2getsignkey/sign/getsignkey`` takes ``mch_id``, ``nonce_str`` and ``sign`` as XML, and answers with a
``sandbox_signkey``. As in all of v2 the status is 200 whatever happens.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import md5, sha256
from hmac import new as new_hmac
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer, Request, Route

if TYPE_CHECKING:
    from vkpay_simulator.providers.wxpay.accounts import Account, Accounts

SIGN_KEY_PATH = "/xdc/apiv2getsignkey/sign/getsignkey"


def signature(fields: Mapping[str, str], key: str, sign_type: str = "MD5") -> str:
    """The ``sign`` that the server computes over everything it received, the empty and ``sign`` itself left out."""
    counted = {name: value for name, value in fields.items() if name != "sign" and value != ""}
    text = "".join(f"{name}={counted[name]}&" for name in sorted(counted)) + f"key={key}"
    if sign_type == "HMAC-SHA256":
        return new_hmac(key.encode(), text.encode(), sha256).hexdigest().upper()
    return md5(text.encode(), usedforsecurity=False).hexdigest().upper()


def seal_refund(xml: str, key: str) -> str:
    """``req_info`` of a refund notification: AES-256-ECB under the hex digest of the API key."""
    aes_key = md5(key.encode(), usedforsecurity=False).hexdigest().encode()
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(aes_key), modes.ECB()).encryptor()  # noqa: S305 - the provider's choice
    padded = padder.update(xml.encode()) + padder.finalize()
    return b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def v2_routes(accounts: Accounts) -> list[Route]:
    def sign_key(request: Request) -> Answer:
        fields = _fields(request.body)
        if fields is None:
            return _failed("XML格式错误")
        account = accounts.find(fields.get("mch_id", ""))
        if account is None:
            return _failed("商户号mch_id或sub_mch_id不存在")
        if fields.get("sign") != signature(fields, account.v2_key):
            return _failed("签名错误")
        return _xml(_sign_key(account))

    return [Route(method="POST", path=SIGN_KEY_PATH, operation="v2_sign_key", handler=sign_key)]


def _sign_key(account: Account) -> dict[str, str]:
    drawn = md5(f"sandbox {account.v2_key}".encode(), usedforsecurity=False).hexdigest()
    return {
        "return_code": "SUCCESS",
        "return_msg": "ok",
        "mch_id": account.mchid,
        "sandbox_signkey": drawn,
    }


def _fields(body: bytes) -> dict[str, str] | None:
    try:
        root = fromstring(body.decode())
    except (ParseError, DefusedXmlException, UnicodeDecodeError):
        return None
    return {member.tag: member.text or "" for member in root}


def _failed(text: str) -> Answer:
    return _xml({"return_code": "FAIL", "return_msg": text})


def _xml(fields: Mapping[str, str]) -> Answer:
    members = "".join(f"<{name}>{_value(value)}</{name}>" for name, value in fields.items())
    headers = CIMultiDict({"Content-Type": "text/xml; charset=utf-8"})
    return Answer(body=f"<xml>{members}</xml>".encode(), headers=headers)


def _value(text: str) -> str:
    return f"<![CDATA[{text}]]>" if "]]>" not in text else escape(text)
