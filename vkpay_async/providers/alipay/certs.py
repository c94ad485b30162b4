"""Which key verifies what Alipay says: one configured key, or certificates named by their serial number."""

from __future__ import annotations

import base64
import re
from collections.abc import MutableMapping, Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from vkpay_async.crypto.pem import (
    load_certificate,
    load_certificates,
    load_private_key,
    load_public_key,
    public_key_of,
)
from vkpay_async.crypto.x509 import alipay_root_sn, alipay_sn, verify_chain
from vkpay_async.errors import SignatureInvalid
from vkpay_async.providers.alipay.about import AlipayNode

Certificates: TypeAlias = MutableMapping[tuple[str, str], x509.Certificate]
"""Downloaded certificates by (root SN, SN), checked before they are put in; nodes may share one."""

_SN = re.compile(r"[0-9a-f]{32}")


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """A node's keys, loaded. ``roots`` and the serial numbers belong to certificate mode."""

    private_key: RSAPrivateKey
    alipay_key: RSAPublicKey
    app_cert_sn: str = ""
    root_cert_sn: str = ""
    alipay_cert_sn: str = ""
    roots: Sequence[x509.Certificate] = ()

    def __repr__(self) -> str:
        return f"Credentials(app_cert_sn={self.app_cert_sn!r})"


def load_credentials(node: AlipayNode) -> Credentials:
    """Reads the node's keys and certificates. Raises :class:`ConfigError` naming the key that is wrong."""
    private_key = node.load(
        "private_key", load_private_key, "it signs every call: paste the app's private key"
    )
    loaded = _with_certificates(node, private_key) if node.certificate_mode else _with_key(node, private_key)
    if _same_pair(loaded.alipay_key, private_key):
        raise node.error(
            _key_name(node),
            "is the app's own half of private_key; take Alipay's (支付宝公钥), which the console shows next to it",
        )
    return loaded


class Keyring:
    """The keys that Alipay's signatures may hold under."""

    def __init__(self, credentials: Credentials, certificates: Certificates | None = None) -> None:
        self._credentials = credentials
        self.downloaded: Certificates = {} if certificates is None else certificates

    def configured(self, sn: str | None) -> RSAPublicKey | None:
        """The key of the settings, where that is the one."""
        own = self._credentials
        return own.alipay_key if sn is None or not own.roots or sn == own.alipay_cert_sn else None

    def find(self, sn: str | None, at: datetime) -> RSAPublicKey | None:
        """The key for ``alipay_cert_sn``, ``None`` when its certificate has to be downloaded first.

        Raises :class:`SignatureInvalid` for a text that cannot be a serial number.
        """
        key = self.configured(sn)
        if key is not None or sn is None:
            return key
        own = self._credentials
        if not _SN.fullmatch(sn):
            raise SignatureInvalid(
                "alipay_cert_sn is not a certificate's serial number; nothing was looked up"
            )
        known = self.downloaded.get((own.root_cert_sn, sn))
        if known is None or known.not_valid_after_utc < at:
            return None
        return public_key_of(known)

    def admit(self, sn: str, content: str, at: datetime) -> RSAPublicKey:
        """Checks and keeps a downloaded certificate (base64 of PEM). Raises :class:`SignatureInvalid`."""
        try:
            chain = load_certificates(base64.b64decode(content))
            key = public_key_of(chain[0])
            if alipay_sn(chain[0]) != sn:
                raise SignatureInvalid(f"asked for Alipay's certificate {sn}, got another; try again later")
            verify_chain(chain, self._credentials.roots, at=at)
        except ValueError as error:
            raise SignatureInvalid(f"Alipay's certificate {sn} cannot be read: {error}") from error
        self.downloaded[(self._credentials.root_cert_sn, sn)] = chain[0]
        return key


def _with_key(node: AlipayNode, private_key: RSAPrivateKey) -> Credentials:
    """Key mode. Old nodes hold the two serial numbers in place of the certificates, which is enough to sign with."""
    why = "it verifies every answer: paste Alipay's public key, or set app_cert for certificate mode"
    return Credentials(
        private_key=private_key,
        alipay_key=node.load(_key_name(node), load_public_key, why),
        app_cert_sn=node.app_cert_sn or "",
        root_cert_sn=node.alipay_root_cert_sn or "",
    )


def _with_certificates(node: AlipayNode, private_key: RSAPrivateKey) -> Credentials:
    why = "certificate mode needs app_cert, alipay_public_cert and alipay_root_cert"
    app_cert = node.load("app_cert", load_certificate, why)
    alipay_cert = node.load("alipay_public_cert", load_certificate, why)
    roots = node.load("alipay_root_cert", load_certificates, why)
    if not _same_pair(node.load("app_cert", load_public_key, why), private_key):
        raise node.error(
            "app_cert", "does not belong to private_key; download it again after changing the key"
        )
    return Credentials(
        private_key=private_key,
        alipay_key=node.load("alipay_public_cert", load_public_key, why),
        app_cert_sn=alipay_sn(app_cert),
        root_cert_sn=alipay_root_sn(roots),
        alipay_cert_sn=alipay_sn(alipay_cert),
        roots=roots,
    )


def _key_name(node: AlipayNode) -> str:
    """Certificates win where both are given; nothing given at all is reported as the key missing."""
    given = bool(node.alipay_public_cert)
    return (
        "alipay_public_cert"
        if given and (node.certificate_mode or not node.alipay_public_key)
        else "alipay_public_key"
    )


def _same_pair(public: RSAPublicKey, private: RSAPrivateKey) -> bool:
    return public.public_numbers() == private.public_key().public_numbers()
