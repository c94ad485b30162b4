"""A service provider's app acts for the merchant whose token it holds."""

from __future__ import annotations

import json
from typing import Any

from vkpay_async.providers.alipay.about import AlipayNode


def test_the_service_provider_is_not_the_seller(
    make: Any, key_node: AlipayNode, server: Any, exchange: Any, order: Any
) -> None:
    provider = make(key_node, mch_id="2088101122136241")
    run = exchange(lambda request: server.ok(request, qr_code="q"))
    run(provider.create(order(app_auth_token="sub-merchant-token")))
    params = server.params(run.requests[0])
    assert params["app_auth_token"] == "sub-merchant-token"
    assert "seller_id" not in json.loads(params["biz_content"])
