"""What is signed in OpenAPI v2, and RSA with SHA-256 (RSA2) or SHA-1 (RSA) over it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HASHES: dict[str, hashes.HashAlgorithm] = {"RSA2": hashes.SHA256(), "RSA": hashes.SHA1()}


def joined(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{key}={value}" for key, value in sorted(pairs))


def request_string(params: Mapping[str, str]) -> str:
    """The string a request is signed over: everything but ``sign`` and empty values, sorted."""
    return joined((k, v) for k, v in params.items() if k != "sign" and v)


def notification_string(params: Mapping[str, str]) -> str:
    """The string a notification or a return address is signed over: ``sign_type`` is left out as well."""
    return joined((k, v) for k, v in params.items() if k not in ("sign", "sign_type") and v)


def accepted_strings(params: Mapping[str, str]) -> list[str]:
    """What real clients sign: without empty values, with them, or (PHP) without values that begin with ``@``."""
    sent = [(key, value) for key, value in params.items() if key != "sign"]
    variants = [
        request_string(params),
        joined(sent),
        joined((key, value) for key, value in sent if value and not value.startswith("@")),
    ]
    return list(dict.fromkeys(variants))


def sign(key: rsa.RSAPrivateKey, data: bytes, sign_type: str = "RSA2") -> str:
    return base64.b64encode(key.sign(data, padding.PKCS1v15(), HASHES[sign_type])).decode()


def verified(key: rsa.RSAPublicKey, data: bytes, signature: str, sign_type: str = "RSA2") -> bool:
    try:
        key.verify(base64.b64decode(signature), data, padding.PKCS1v15(), HASHES[sign_type])
    except (InvalidSignature, ValueError):
        return False
    return True


def spoilt(signature: str) -> str:
    """Another base64 text of the same length."""
    return ("B" if signature[:1] == "A" else "A") + signature[1:]
