"""Who may come in: the gateway's own checks, in the gateway's own order."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vkpay_simulator.providers.alipay import hints
from vkpay_simulator.providers.alipay.accounts import App, Seller
from vkpay_simulator.providers.alipay.diagnosis import why_unverified
from vkpay_simulator.providers.alipay.encryption import decrypt
from vkpay_simulator.providers.alipay.errors import GATEWAY, Refusal
from vkpay_simulator.providers.alipay.fields import parse_biz_content, parse_moment
from vkpay_simulator.providers.alipay.models import Call
from vkpay_simulator.providers.alipay.parameters import Parameters
from vkpay_simulator.providers.alipay.signing import HASHES, accepted_strings, request_string, verified

# Refusals of requests that name no method or no app stand under error_response.
NAMELESS = frozenset(
    {
        "isv.missing-method",
        "isv.invalid-method",
        "isv.missing-app-id",
        "isv.invalid-app-id",
    }
)


# AES in blocks of 16 bytes, in base64.
CIPHERTEXT = re.compile(r"[A-Za-z0-9+/]{22,}={0,2}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One API. ``products`` are the contracts of which one is needed (none: everybody may call);
    ``kind`` is how it is called: by the server, by a browser, or through the phone SDK;
    ``beside`` gives from ``biz_content`` what stands beside the codes when the service refuses; with ``fails_nameless``
    every refusal stands under ``error_response``."""

    handler: Callable[[Call], Any]
    products: frozenset[str] = frozenset()
    kind: Literal["server", "page", "sdk"] = "server"
    certificates_only: bool = False
    for_others: bool = True
    fails_nameless: bool = False
    beside: Callable[[dict[str, Any]], dict[str, str]] = lambda _biz: {}


def refusal(sub_code: str, why: str = "") -> Refusal:
    return Refusal(sub_code, in_error_node=sub_code in NAMELESS, why=why)


def invalid_signature(params: Parameters, why: str = "") -> Refusal:
    """The gateway shows the string it verified with, escaped for HTML."""
    text = GATEWAY["isv.invalid-signature"][1] + html.escape(request_string(params.values))
    return Refusal("isv.invalid-signature", text, why=why)


class Admission:
    """Turns parameters into a :class:`Call`, or raises the :class:`Refusal` that comes first."""

    def __init__(self, apps: Mapping[str, App], methods: Mapping[str, Method]) -> None:
        self._apps = apps
        self._methods = methods

    def admit(self, params: Parameters) -> Call:
        method = self._method(params)
        app = self._app(params)
        _check_presence(app, params)
        _check_form(params)
        _check_certificates(app, params, method)
        self._check_signature(app, params)
        content = plain_content(app, params)
        seller, auth_app_id = _principal(app, params, method)
        _check_permission(app, params, method)
        return Call(
            method=params.get("method"),
            app=app,
            seller=seller,
            auth_app_id=auth_app_id,
            params=params,
            biz=parse_biz_content(content),
        )

    def _method(self, params: Parameters) -> Method:
        name = params.get("method")
        if not name:
            raise refusal("isv.missing-method")
        if name not in self._methods:
            raise refusal("isv.invalid-method")
        return self._methods[name]

    def _app(self, params: Parameters) -> App:
        app_id = params.get("app_id")
        if not app_id:
            raise refusal("isv.missing-app-id")
        if app_id not in self._apps:
            raise refusal("isv.invalid-app-id", hints.unknown_app(app_id, self._apps))
        return self._apps[app_id]

    def _check_signature(self, app: App, params: Parameters) -> None:
        signature = params.get("sign")
        for text in accepted_strings(params.values):
            if verified(app.public_key, params.encoded(text), signature, app.sign_type):
                return
        raise invalid_signature(params, why_unverified(app, params, self._apps.values()))


def _check_presence(app: App, params: Parameters) -> None:
    sign_type = params.get("sign_type")
    if not sign_type:
        raise refusal("isv.missing-signature-type")
    if sign_type not in HASHES:
        raise refusal("isv.invalid-signature-type")
    if sign_type != app.sign_type:
        why = hints.other_sign_type(app.app_id, app.sign_type)
        raise refusal("isv.missing-signature-config", why)
    if not params.get("sign"):
        raise refusal("isv.missing-signature")


def _check_form(params: Parameters) -> None:
    if not params.get("timestamp"):
        raise refusal("isv.missing-timestamp")
    if parse_moment(params.get("timestamp")) is None:
        raise refusal("isv.invalid-timestamp")
    if not params.get("version"):
        raise refusal("isv.missing-version")
    if params.get("version") != "1.0":
        raise refusal("isv.unsupported-version")
    if params.codec is None:
        raise refusal("isv.invalid-charset")
    if params.get("format").upper() not in ("", "JSON"):
        raise refusal("isv.invalid-format")


def _check_certificates(app: App, params: Parameters, method: Method) -> None:
    sn, certificates = params.get("app_cert_sn"), app.certificates
    if not sn and (certificates or method.certificates_only):
        raise refusal("isv.missing-app-cert-sn", hints.no_certificate(app.app_id, bool(certificates)))
    if not sn:
        return
    if certificates is None:
        raise refusal("isv.app-cert-not-exist", hints.key_mode(app.app_id))
    if sn != certificates.app.sn:
        raise refusal("isv.app-cert-not-exist", hints.other_certificate(sn, certificates.app.sn))
    root_sn = params.get("alipay_root_cert_sn")
    if not root_sn:
        raise refusal("isv.missing-alipay-root-cert-sn")
    if root_sn != certificates.root_sn:
        raise refusal("isv.invalid-alipay-root-cert-sn", hints.other_root(root_sn, certificates.root_sn))


def _check_permission(app: App, params: Parameters, method: Method) -> None:
    if method.products and not method.products & app.products:
        why = hints.missing_product(app.app_id, params.get("method"), method.products, app.products)
        raise refusal("isv.insufficient-isv-permissions", why)


def plain_content(app: App, params: Parameters) -> str:
    """``biz_content`` in the clear."""
    kind, content = params.get("encrypt_type"), params.get("biz_content")
    if not kind and app.aes_key and CIPHERTEXT.fullmatch(content):
        raise refusal("isv.decryption-error-missing-encrypt-type")
    if not kind:
        return content
    if kind.upper() != "AES":
        raise refusal("isv.invalid-encrypt-type")
    if app.aes_key is None:
        raise refusal("isv.decryption-error-not-valid-encrypt-key")
    try:
        return decrypt(app.aes_key, content).decode(params.codec or "utf-8")
    except ValueError as error:
        raise refusal("isv.decryption-error-unknown") from error


def _principal(app: App, params: Parameters, method: Method) -> tuple[Seller, str]:
    """The seller the call is for: the app's own, or one that authorised the app."""
    token = params.get("app_auth_token")
    if not token:
        return app.seller, app.app_id
    if token not in app.authorisations:
        raise refusal("aop.invalid-app-auth-token")
    if not method.for_others:
        raise refusal("isv.not-support-app-auth")
    authorisation = app.authorisations[token]
    return authorisation.seller, authorisation.auth_app_id
