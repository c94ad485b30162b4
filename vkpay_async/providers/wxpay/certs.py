"""Whose signatures are believed: WeChat Pay's public key, its platform certificates, or both at once.

While a merchant moves from certificates to the public key, answers and notifications signed with either arrive.
``Wechatpay-Serial`` says which one it is, so one map from serial to key serves both.
https://pay.weixin.qq.com/doc/v3/merchant/4012153196
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from vkpay_async.crypto.aes import Gcm
from vkpay_async.crypto.pem import load_certificate, load_public_key, public_key_of
from vkpay_async.crypto.rsa import verify_sha256
from vkpay_async.crypto.x509 import serial_hex
from vkpay_async.errors import NotificationInvalid, SignatureInvalid, SignatureProbe
from vkpay_async.providers.wxpay.about import WxpayNode
from vkpay_async.providers.wxpay.models import UNREADABLE, CertificateList, Encrypted
from vkpay_async.providers.wxpay.signing import SCHEME, answer_message
from vkpay_async.providers.wxpay.times import ms_from_seconds, ms_of

PUBLIC_KEY_PREFIX = "PUB_KEY_ID_"
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"
MAX_AGE_MS = 300_000
REFRESH_PAUSE_MS = 10_000
ASKED_WHEN_EMPTY = 20
_CERTIFICATE_LIST = msgspec.json.Decoder(CertificateList)


class UnknownSerial(SignatureInvalid):
    """Signed with a key we do not hold (yet)."""

    def __init__(self, serial: str) -> None:
        serial = serial[:80]
        super().__init__(
            f"signed with {serial!r}, which is neither wxpay_public_key_id nor a known platform certificate; look up "
            "the key in the merchant platform (account center → API security) and put it into the config"
        )
        self.serial = serial


class PlatformCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A platform certificate. Times are milliseconds since the epoch."""

    serial_no: str
    effective_time: int
    expire_time: int
    pem: str
    public_key: RSAPublicKey

    @classmethod
    def of(cls, certificate: x509.Certificate, serial_no: str | None = None) -> PlatformCertificate:
        return cls(
            serial_no=serial_no or serial_hex(certificate),
            effective_time=ms_of(certificate.not_valid_before_utc),
            expire_time=ms_of(certificate.not_valid_after_utc),
            pem=certificate.public_bytes(Encoding.PEM).decode("ascii"),
            public_key=public_key_of(certificate),
        )


class NamedKey(NamedTuple):
    """A public key, and the serial or id that ``Wechatpay-Serial`` calls it by."""

    serial: str
    key: RSAPublicKey


class Verifier:
    """The keys that may vouch for WeChat Pay. Several nodes of one merchant may share one."""

    def __init__(
        self, *, public_key: NamedKey | None = None, certificates: Iterable[PlatformCertificate] = ()
    ) -> None:
        self.public_key = public_key
        self._asked_since_ms: int | None = None
        self._asked = 0
        self._certificates = {certificate.serial_no: certificate for certificate in certificates}

    @classmethod
    def from_node(cls, node: WxpayNode) -> Verifier:
        """The keys of a node's settings. Raises :class:`ConfigError`."""
        pairs = (("platform_cert", "platform_serial_no"), ("wxpay_public_cert", "wxpay_public_cert_sn"))
        certificates = [_configured(node, key, serial) for key, serial in pairs if getattr(node, key)]
        return cls(public_key=_public_key(node), certificates=certificates)

    @property
    def empty(self) -> bool:
        return self.public_key is None and not self._certificates

    def add(self, certificates: Iterable[PlatformCertificate]) -> None:
        """Believes these as well. Those known before stay until they expire."""
        self._certificates.update((certificate.serial_no, certificate) for certificate in certificates)

    def note_asking(self, now_ms: int) -> None:
        """Remembers that the certificates are being asked for."""
        if self._rested(now_ms):
            self._asked_since_ms, self._asked = now_ms, 0
        self._asked += 1

    def may_ask(self, now_ms: int) -> bool:
        """Whether a stranger's word may make us ask: once in ten seconds, some times more while nothing is known."""
        return self._rested(now_ms) or (self.empty and self._asked < ASKED_WHEN_EMPTY)

    def _rested(self, now_ms: int) -> bool:
        return self._asked_since_ms is None or not 0 <= now_ms - self._asked_since_ms < REFRESH_PAUSE_MS

    def with_certificates(self, certificates: Iterable[PlatformCertificate]) -> Verifier:
        """Another verifier that knows these as well."""
        other = Verifier(public_key=self.public_key, certificates=self._certificates.values())
        other.add(certificates)
        return other

    def encryption_key(self, now_ms: int) -> NamedKey:
        """What sensitive fields are encrypted with: the public key, else the newest valid certificate.

        Raises :class:`SignatureInvalid` when there is none.
        """
        if self.public_key is not None:
            return self.public_key
        valid = [c for c in self._certificates.values() if now_ms < c.expire_time]
        if not valid:
            raise SignatureInvalid("no key to encrypt with: set wxpay_public_key and wxpay_public_key_id")
        newest = max(valid, key=lambda certificate: certificate.effective_time)
        return NamedKey(newest.serial_no, newest.public_key)

    def verify(self, headers: Mapping[str, str], body: bytes, now_ms: int) -> None:
        """Raises :class:`SignatureInvalid` unless WeChat Pay signed ``body`` within five minutes of ``now_ms``.

        :class:`SignatureProbe` for its own test of us, :class:`UnknownSerial` when the key is not known.
        """
        timestamp, nonce, signature, serial = _signature_headers(headers)
        if signature.startswith(PROBE_PREFIX):
            raise SignatureProbe(
                "WeChat Pay tests whether signatures are verified; it was refused, as it should be"
            )
        _check_age(timestamp, now_ms)
        key = self._key(serial, now_ms)
        try:
            verify_sha256(key, signature, answer_message(timestamp, nonce, body))
        except (SignatureInvalid, UnicodeEncodeError) as error:
            raise SignatureInvalid(
                f"the signature under {serial} does not hold: hand over the body exactly as it was received, and "
                "check that wxpay_public_key belongs to wxpay_public_key_id"
            ) from error

    def _key(self, serial: str, now_ms: int) -> RSAPublicKey:
        if self.public_key is not None and serial == self.public_key.serial:
            return self.public_key.key
        certificate = self._certificates.get(serial)
        if certificate is None or now_ms >= certificate.expire_time:
            raise UnknownSerial(serial)
        return certificate.public_key


def decrypt_certificates(body: bytes, gcm: Gcm) -> list[PlatformCertificate]:
    """The RSA certificates of an answer of ``/v3/certificates``, not yet believed. Raises :class:`SignatureInvalid`."""
    try:
        entries = _CERTIFICATE_LIST.decode(body).data
        return [_decrypted(e.serial_no, e.encrypt_certificate, gcm) for e in entries if e.is_rsa]
    except (NotificationInvalid, ValueError, *UNREADABLE) as error:
        raise SignatureInvalid(
            "the platform certificates cannot be decrypted: check that v3_key is the merchant's current APIv3 key"
        ) from error


def _decrypted(serial_no: str, sealed: Encrypted, gcm: Gcm) -> PlatformCertificate:
    return PlatformCertificate.of(load_certificate(sealed.open(gcm)), serial_no)


def _signature_headers(headers: Mapping[str, str]) -> tuple[str, str, str, str]:
    if headers.get("wechatpay-signature-type", SCHEME) != SCHEME:
        raise SignatureInvalid(
            f"signed as {headers['wechatpay-signature-type'][:40]!r}, only {SCHEME} is supported: "
            "switch the merchant's API security back to RSA"
        )
    try:
        return (
            headers["wechatpay-timestamp"],
            headers["wechatpay-nonce"],
            headers["wechatpay-signature"],
            headers["wechatpay-serial"],
        )
    except KeyError as error:
        raise SignatureInvalid(
            f"the header {error.args[0]} is missing: hand over all headers, and check that no proxy drops them"
        ) from error


def _check_age(timestamp: str, now_ms: int) -> None:
    try:
        age_ms = now_ms - ms_from_seconds(timestamp)
    except ValueError as error:
        raise SignatureInvalid(
            f"wechatpay-timestamp is {timestamp[:20]!r}, not seconds; refuse it"
        ) from error
    if not -MAX_AGE_MS <= age_ms <= MAX_AGE_MS:
        raise SignatureInvalid(
            f"signed {abs(age_ms) // 1000} s {'ago' if age_ms > 0 else 'in the future'}, more than five minutes off: "
            "an old copy, or this machine's clock is wrong; set it by NTP"
        )


def _public_key(node: WxpayNode) -> NamedKey | None:
    if not node.wxpay_public_key:
        return None
    key_id = node.require("wxpay_public_key_id", "it starts with PUB_KEY_ID_ and stands beside the key")
    if not key_id.startswith(PUBLIC_KEY_PREFIX):
        raise node.error(
            "wxpay_public_key_id", "must start with PUB_KEY_ID_; copy it from the merchant platform"
        )
    return NamedKey(key_id, node.load("wxpay_public_key", load_public_key, "the public key of WeChat Pay"))


def _configured(node: WxpayNode, key: str, serial_key: str) -> PlatformCertificate:
    certificate = PlatformCertificate.of(node.load(key, load_certificate, "a platform certificate"))
    serial = getattr(node, serial_key)
    if serial and serial.upper().lstrip("0") != certificate.serial_no:
        raise node.error(
            serial_key, f"is not the serial of {key}, which is {certificate.serial_no}; leave it out"
        )
    return certificate
