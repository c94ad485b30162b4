"""The MD5 signature, of requests and of notifications alike."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def signed_text(fields: Mapping[str, str]) -> str:
    """``k=v&k=v`` by name, values as they are and empty ones too, without ``sign`` and without the key."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "sign")


def sign(fields: Mapping[str, str], key: str) -> str:
    """Lower-case hex."""
    return hashlib.md5(f"{signed_text(fields)}&key={key}".encode()).hexdigest()


def spoilt(signature: str) -> str:
    """Another signature that looks like one."""
    return ("1" if signature[0] == "0" else "0") + signature[1:]
