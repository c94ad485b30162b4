"""The answer's envelope: the exact bytes are signed, so they are put together by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from multidict import CIMultiDict

from vkpay_simulator.exchange import Answer
from vkpay_simulator.providers.alipay.accounts import App
from vkpay_simulator.providers.alipay.encryption import encrypt
from vkpay_simulator.providers.alipay.parameters import Parameters
from vkpay_simulator.providers.alipay.signing import sign, spoilt

ERROR_NODE = "error_response"
FIRST = ("code", "msg", "sub_code", "sub_msg")

_SIGN = re.compile(rb'"sign":"([A-Za-z0-9+/=]*)"(?=,"sign_type"|\}$)')


def node_of(method: str) -> str:
    return method.replace(".", "_") + "_response"


def compact(value: object) -> str:
    """JSON on one line, ``/`` escaped as the gateway does, everything else as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")


def content_text(fields: Mapping[str, Any]) -> str:
    """The response object: the codes first, then the rest by name; ``None`` stands for absent."""
    head = {name: fields[name] for name in FIRST if name in fields}
    rest = {name: fields[name] for name in sorted(fields.keys() - head.keys())}
    return compact({k: v for k, v in (head | rest).items() if v is not None})


def encrypted_text(key: bytes, text: str, params: Parameters) -> str:
    """The string literal, quotes included, that stands in the object's place."""
    return f'"{encrypt(key, params.encoded(text))}"'


def envelope(node: str, text: str, params: Parameters, app: App | None) -> bytes:
    """The whole body. Without an app there is no key to sign with."""
    if app is None:
        return params.encoded(f'{{"{node}":{text}}}')
    signed = params.encoded(text)
    head, tail = (
        f'{{"{node}":'.encode(),
        f',"sign":"{sign(app.alipay_key, signed, app.sign_type)}"}}'.encode(),
    )
    # Some clients in key mode stumble over this member, so it is there only for those who speak of certificates.
    if app.certificates and params.get("app_cert_sn"):
        tail = f',"alipay_cert_sn":"{app.certificates.alipay.sn}"'.encode() + tail
    return head + signed + tail


def answer(body: bytes, params: Parameters, trace_id: str) -> Answer:
    charset = params.charset if params.codec else "utf-8"
    headers = CIMultiDict({"Content-Type": f"text/html;charset={charset}", "trace_id": trace_id})
    return Answer(body=body, headers=headers)


def with_spoilt_sign(body: bytes) -> bytes:
    """The same body with another ``sign``; a body without one comes back as it is."""
    return _SIGN.sub(lambda found: b'"sign":"%s"' % spoilt(found[1].decode()).encode(), body)
