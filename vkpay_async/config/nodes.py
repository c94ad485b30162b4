"""The settings of one provider node: a merchant's ``wxpay.h5``, ``alipay.transfer`` and so on.

Names are vk-uni-pay's, in snake_case; the loader accepts its camelCase as well, and ``…Path``, ``…Content`` or the
bare name for keys and certificates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import msgspec

from vkpay_async.config.secret import Material, Secret
from vkpay_async.errors import ConfigError

T = TypeVar("T")


class Node(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every node has. ``where`` names file and node in error texts."""

    default_base_url: ClassVar[str]

    where: str
    pid: str = "default"
    platform: str
    app_id: str
    base_url: str | None = None
    timeout: Annotated[int, msgspec.Meta(ge=1, le=600_000)] | None = None
    """Total time of a call in milliseconds."""

    @property
    def trust_group(self) -> str:
        """Nodes of a merchant with the same one believe the same keys of the provider."""
        return ""

    def require(self, key: str, why: str) -> Any:
        """The value of ``key``. Raises :class:`ConfigError` naming file, node and key when it is not set."""
        value = getattr(self, key)
        if not value:
            raise self.error(key, f"is not set; {why}")
        return value

    def load(self, key: str, loader: Callable[[str], T], why: str) -> T:
        """Reads the key or certificate under ``key``. Raises :class:`ConfigError`."""
        material: Secret = self.require(key, why)
        try:
            return loader(material.reveal())
        except OSError as error:
            raise self.error(key, f"cannot be read: {error.strerror}: {error.filename}") from error
        except ValueError as error:
            misplaced = isinstance(material, Material) and material.names_a_file
            hint = f"; put the name of a file into {key}_path" if misplaced else ""
            raise self.error(key, f"cannot be used: {error}{hint}") from error

    def error(self, key: str, text: str) -> ConfigError:
        return ConfigError(f"{self.where}: {key} {text}")


class WxpayNode(Node, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """WeChat Pay. Hosts: https://api.mch.weixin.qq.com unless ``base_url`` says otherwise."""

    default_base_url: ClassVar[str] = "https://api.mch.weixin.qq.com"
    materials: ClassVar[frozenset[str]] = frozenset(
        {"app_cert", "app_private_key", "wxpay_public_key", "platform_cert", "wxpay_public_cert", "pfx"}
    )

    mch_id: str
    secret: Secret | None = None
    key: Secret | None = None
    v3_key: Secret | None = None
    app_cert: Material | None = None
    app_private_key: Material | None = None
    serial_no: str | None = None
    wxpay_public_key: Material | None = None
    wxpay_public_key_id: str | None = None
    platform_cert: Material | None = None
    platform_serial_no: str | None = None
    wxpay_public_cert: Material | None = None
    wxpay_public_cert_sn: str | None = None
    pfx: Material | None = None
    version: int = 3
    scene_info: dict[str, Any] = {}
    sub_app_id: str | None = None
    sub_mch_id: str | None = None
    sub_merchants: list[dict[str, Any]] = []
    sign_type: str | None = None
    sandbox: bool = False

    @property
    def trust_group(self) -> str:
        return f"{self.mch_id} {self.wxpay_public_key_id} {self.platform_serial_no}"


class AlipayNode(Node, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Alipay. Host: https://openapi.alipay.com, the sandbox's with ``sandbox``, or ``base_url``."""

    default_base_url: ClassVar[str] = "https://openapi.alipay.com"
    sandbox_base_url: ClassVar[str] = "https://openapi-sandbox.dl.alipaydev.com"
    materials: ClassVar[frozenset[str]] = frozenset(
        {"private_key", "alipay_public_key", "alipay_public_cert", "alipay_root_cert", "app_cert"}
    )

    private_key: Material | None = None
    key_type: Literal["PKCS1", "PKCS8"] | None = None
    alipay_public_key: Material | None = None
    alipay_public_cert: Material | None = None
    alipay_root_cert: Material | None = None
    app_cert: Material | None = None
    app_cert_sn: str | None = None
    alipay_root_cert_sn: str | None = None
    encrypt_key: Secret | None = None
    mch_id: str | None = None
    app_auth_token: Secret | None = None
    app_auth_tokens: list[dict[str, Secret]] = []
    """Sub-merchants' ``appAuthToken``, ``authAppId`` and ``mchId``, for an application to choose from."""
    sign_type: Literal["RSA2", "RSA"] = "RSA2"
    sandbox: bool = False

    @property
    def certificate_mode(self) -> bool:
        """Certificates win over a bare public key, as in vk-uni-pay where they are the default."""
        return bool(self.app_cert)


NODES: dict[str, type[WxpayNode] | type[AlipayNode]] = {"wxpay": WxpayNode, "alipay": AlipayNode}

PLATFORMS: dict[str, tuple[str, ...]] = {
    "wxpay": ("mp-weixin", "app-plus", "h5", "h5-weixin", "mweb", "transfer", "codepay"),
    "alipay": ("mp-alipay", "app-plus", "h5", "page", "wap", "transfer", "codepay"),
}
