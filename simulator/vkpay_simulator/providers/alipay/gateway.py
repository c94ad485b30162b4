"""``/gateway.do``: one address for every method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vkpay_simulator.exchange import Answer, Request
from vkpay_simulator.ids import Ids
from vkpay_simulator.providers.alipay.accounts import App
from vkpay_simulator.providers.alipay.admission import (
    Admission,
    Method,
    invalid_signature,
    plain_content,
    refusal,
)
from vkpay_simulator.providers.alipay.envelope import (
    ERROR_NODE,
    answer,
    content_text,
    encrypted_text,
    envelope,
    node_of,
)
from vkpay_simulator.providers.alipay.errors import Refusal
from vkpay_simulator.providers.alipay.fields import parse_biz_content
from vkpay_simulator.providers.alipay.hints import hint
from vkpay_simulator.providers.alipay.models import Call
from vkpay_simulator.providers.alipay.parameters import Parameters, parse_request
from vkpay_simulator.ui.alipay_cashier import error_page

# What a request for no known method is called in the journal.
GATEWAY_OPERATION = "alipay.gateway"


class Gateway:
    """Admits, dispatches, answers. Page methods answer with HTML, all others with signed JSON."""

    def __init__(self, apps: Mapping[str, App], methods: Mapping[str, Method], ids: Ids) -> None:
        self._apps = apps
        self._methods = methods
        self._ids = ids
        self._admission = Admission(apps, methods)

    def handle(self, request: Request) -> Answer:
        params = parse_request(request)
        try:
            call = self._admission.admit(params)
        except Refusal as refused:
            return self._refused(params, refused)
        return self._served(replace(call, origin=request.origin))

    def operation_of(self, request: Request) -> str:
        """The method asked for, for faults and the journal."""
        method = parse_request(request).get("method")
        return method if method in self._methods else GATEWAY_OPERATION

    def admit_order_string(self, params: Parameters) -> Call:
        """For the phone SDK's side: an order string is an ordinary signed parameter set."""
        call = self._admission.admit(params)
        if self._methods[call.method].kind != "sdk":
            raise refusal("isv.invalid-method")
        return call

    def business_error(self, request: Request, sub_code: str) -> Answer:
        """The refusal somebody asked for. It explains nothing: the journal names the fault."""
        params = parse_request(request)
        signature = sub_code == "isv.invalid-signature"
        refused = invalid_signature(params) if signature else refusal(sub_code)
        made = self._refused(params, refused, self._content_of(params), encrypted=refused.about_business)
        made.explain = ""
        return made

    def _served(self, call: Call) -> Answer:
        method = self._methods[call.method]
        try:
            result = method.handler(call)
        except Refusal as refused:
            return self._refused(call.params, refused, call.biz, encrypted=True)
        return self._page(result) if method.kind == "page" else self._content(call.params, result)

    def _refused(
        self,
        params: Parameters,
        refused: Refusal,
        biz: dict[str, Any] | None = None,
        *,
        encrypted: bool = False,
    ) -> Answer:
        method = self._methods.get(params.get("method"))
        if method is not None and biz is not None and refused.about_business:
            refused.fields |= method.beside(biz)
        if method is not None and method.kind == "page":
            made = self._page(error_page(refused.sub_code, refused.sub_msg))
        else:
            nameless = refused.in_error_node or (method is not None and method.fails_nameless)
            node = ERROR_NODE if nameless else node_of(params.get("method"))
            made = self._json(params, node, refused.content(), encrypted=encrypted)
        made.explain = refused.why or hint(refused.sub_code, refused.sub_msg)
        return made

    def _content_of(self, params: Parameters) -> dict[str, Any]:
        """The business parameters of a request nobody checked, as far as they can be read."""
        app = self._apps.get(params.get("app_id"))
        try:
            return parse_biz_content(plain_content(app, params) if app else params.get("biz_content"))
        except Refusal:
            return {}

    def _content(self, params: Parameters, content: dict[str, Any]) -> Answer:
        return self._json(params, node_of(params.get("method")), content, encrypted=True)

    def _json(self, params: Parameters, node: str, content: dict[str, Any], *, encrypted: bool) -> Answer:
        app = self._apps.get(params.get("app_id"))
        text = content_text(content)
        if encrypted and app and app.aes_key and params.get("encrypt_type"):
            text = encrypted_text(app.aes_key, text, params)
        return answer(envelope(node, text, params, app), params, self._trace_id())

    def _page(self, page: str) -> Answer:
        return answer(page.encode(), Parameters({}, "utf-8", "utf-8"), self._trace_id())

    def _trace_id(self) -> str:
        return "21" + self._ids.hex(28)
