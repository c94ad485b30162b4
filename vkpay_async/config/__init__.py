"""Settings: nodes per provider and platform, merchants by pid, secrets wrapped."""

from vkpay_async.config.load import config_from_dict, config_from_env, config_from_file
from vkpay_async.config.nodes import Node
from vkpay_async.config.secret import Material, Secret
from vkpay_async.config.settings import Config, HttpSettings, Merchant

__all__ = [
    "Config",
    "HttpSettings",
    "Material",
    "Merchant",
    "Node",
    "Secret",
    "config_from_dict",
    "config_from_env",
    "config_from_file",
]
