"""Service providers keep their sub-merchants' tokens in the config."""

from __future__ import annotations

import pytest

from vkpay_async.config import config_from_dict
from vkpay_async.errors import ConfigError


def test_tokens_are_kept_and_hidden() -> None:
    token = {"appAuthToken": "202501BBexample", "authAppId": "2021000000000001", "mchId": "2088000000000001"}
    config = config_from_dict({"alipay": {"h5": {"appId": "2021000000000000", "appAuthTokens": [token]}}})
    node = config.node(None, "alipay", "h5")
    assert node.app_auth_tokens[0]["appAuthToken"].reveal() == "202501BBexample"
    assert "202501BBexample" not in repr(node)


@pytest.mark.parametrize(
    ("key", "value"), [("privateKey", 5), ("appAuthToken", {"token": "x"}), ("appAuthTokens", ["x"])]
)
def test_a_value_of_the_wrong_kind_names_node_and_key(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=r"alipay\.h5: \w+"):
        config_from_dict({"alipay": {"h5": {"appId": "2021000000000000", key: value}}})
