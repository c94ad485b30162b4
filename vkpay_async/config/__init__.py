"""Settings: nodes per provider and platform, merchants by pid, secrets wrapped."""

from vkpay_async.config.nodes import AlipayNode, Node, WxpayNode
from vkpay_async.config.secret import Material, Secret

__all__ = ["AlipayNode", "Material", "Node", "Secret", "WxpayNode"]
