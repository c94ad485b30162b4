"""The settings of one provider node: a merchant's ``wxpay.h5``, ``alipay.transfer`` and so on.

Names are vk-uni-pay's, in snake_case; the loader accepts its camelCase as well, and ``…Path``, ``…Content`` or the
bare name for keys and certificates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec

from vkpay_async.config.secret import Material, Secret
from vkpay_async.errors import ConfigError

T = TypeVar("T")


class Node(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every node has. ``where`` names file and node in error texts."""

    default_base_url: ClassVar[str]
    materials: ClassVar[frozenset[str]] = frozenset()
    """Its keys and certificates: settings that may name a file."""

    where: str
    pid: str = "default"
    platform: str
    app_id: str
    base_url: str | None = None
    timeout: Annotated[int, msgspec.Meta(ge=1, le=600_000)] | None = None
    """Total time of a call in milliseconds."""

    @property
    def address(self) -> str:
        """Where its calls go."""
        sandbox = getattr(self, "sandbox_base_url", None) if getattr(self, "sandbox", False) else None
        return str(self.base_url or sandbox or self.default_base_url)

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
