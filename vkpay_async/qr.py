"""A QR code as a PNG data URL, from qrcode's matrix: its own PNG writers take three times as long, or Pillow.

Of the eight masks the one is taken that the standard's penalties choose, by qrcode's own reckoning. qrcode lays the data out
anew for each, which was two fifths of all; what another mask changes is the same for every code of a size.
"""

from __future__ import annotations

import base64
import struct
import zlib
from operator import xor
from typing import Any

MODULE_PIXELS = 6
BORDER_MODULES = 2

_MASKS = range(8)
_changes: dict[int, list[list[bytes]]] = {}
"""By version: for each mask the modules, row by row, in which it differs from the first; 1 is another colour."""


def qr_data_url(text: str) -> str:
    """``data:image/png;base64,…`` of ``text``, error correction Q, one bit a pixel. Takes some milliseconds."""
    return "data:image/png;base64," + base64.b64encode(qr_png(text)).decode("ascii")


def qr_png(text: str) -> bytes:
    """The PNG file of a QR code."""
    return _png(qr_matrix(text))


def qr_matrix(text: str) -> list[list[bool]]:
    """The modules of a QR code row by row, border included; ``True`` is dark."""
    import qrcode

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_Q, border=BORDER_MODULES)
    code.add_data(text)
    code.best_fit()
    code.makeImpl(False, _best_mask(code))
    matrix: list[list[bool]] = code.get_matrix()
    return matrix


def _best_mask(code: Any) -> int:
    """The first of those with the fewest penalty points, as ``best_mask_pattern`` of qrcode has it."""
    from qrcode.util import lost_point

    code.makeImpl(True, 0)
    first = code.modules
    changes = _changes.get(code.version)
    if changes is None:
        changes = _changes[code.version] = [_changed(code, first, mask) for mask in _MASKS]
    return min(_MASKS, key=lambda mask: lost_point([*map(_recoloured, first, changes[mask])]))


def _changed(code: Any, first: list[list[bool]], mask: int) -> list[bytes]:
    code.makeImpl(True, mask)
    return [bytes(map(xor, *rows)) for rows in zip(first, code.modules, strict=True)]


def _recoloured(row: list[bool], changes: bytes) -> list[int]:
    return [*map(xor, row, changes)]


def _png(matrix: list[list[bool]]) -> bytes:
    side = len(matrix) * MODULE_PIXELS
    lines = b"".join((b"\0" + _line(row)) * MODULE_PIXELS for row in matrix)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(lines))
        + _chunk(b"IEND", b"")
    )


def _line(row: list[bool]) -> bytes:
    bits = "".join(("0" if dark else "1") * MODULE_PIXELS for dark in row)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
