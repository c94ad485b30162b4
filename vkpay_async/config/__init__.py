"""Settings: nodes per provider and platform, merchants by pid, secrets wrapped."""

from vkpay_async.config.load import config_from_dict, config_from_env, config_from_file
from vkpay_async.config.nodes import AlipayNode, Node, WxpayNode
from vkpay_async.config.secret import Material, Secret
from vkpay_async.config.settings import Config, HttpSettings, Merchant

__all__ = [
    "AlipayNode",
    "Config",
    "HttpSettings",
    "Material",
    "Merchant",
    "Node",
    "Secret",
    "WxpayNode",
    "config_from_dict",
    "config_from_env",
    "config_from_file",
]
