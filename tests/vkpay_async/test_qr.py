import base64
import struct
import zlib

import pytest
import qrcode

from vkpay_async.qr import BORDER_MODULES, MODULE_PIXELS, qr_data_url, qr_matrix, qr_png

TEXTS = [
    "weixin://wxpay/bizpayurl?pr=p4lpSuKzz",
    "https://qr.alipay.com/bax03431ljhokirwl38f00a7",
    "a",
    "x" * 700,
]


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """The parts of a PNG file, every checksum looked at."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + data)
        found.append((kind, data))
        at += 12 + length
    return found


def modules(png: bytes) -> list[list[bool]]:
    """The black and white squares that a reader of the picture sees."""
    parts = dict(chunks(png))
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert (depth, colour, rest, width) == (1, 0, [0, 0, 0], height)
    stride = 1 + (width + 7) // 8
    lines = zlib.decompress(parts[b"IDAT"])
    assert len(lines) == stride * height
    rows = []
    for y in range(0, height, MODULE_PIXELS):
        line = lines[y * stride : (y + 1) * stride]
        assert line[0] == 0
        assert lines[y * stride : (y + MODULE_PIXELS) * stride] == line * MODULE_PIXELS
        bits = "".join(f"{byte:08b}" for byte in line[1:])[:width]
        squares = [bits[x : x + MODULE_PIXELS] for x in range(0, width, MODULE_PIXELS)]
        assert all(len(set(square)) == 1 for square in squares)
        rows.append([square[0] == "0" for square in squares])
    return rows


@pytest.mark.parametrize("text", TEXTS)
def test_the_picture_shows_the_codes_modules(text: str) -> None:
    png = qr_png(text)
    assert [kind for kind, _ in chunks(png)] == [b"IHDR", b"IDAT", b"IEND"]
    assert modules(png) == qr_matrix(text)


@pytest.mark.parametrize("text", TEXTS)
def test_the_code_says_the_text_with_a_quarter_of_it_to_spare(text: str) -> None:
    other = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_Q, border=BORDER_MODULES)
    other.add_data(text)
    other.make(fit=True)
    assert qr_matrix(text) == other.get_matrix()


@pytest.mark.parametrize("length", [1, 30, 63, 150, 400])
def test_the_mask_is_the_one_that_qrcode_finds_best(length: int) -> None:
    for start in range(12):
        text = "".join(chr(33 + (start * 31 + at * at * 7) % 90) for at in range(length))
        other = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_Q, border=BORDER_MODULES)
        other.add_data(text)
        assert qr_matrix(text) == other.get_matrix()


def test_a_quiet_border_stands_around_the_code() -> None:
    matrix = qr_matrix(TEXTS[0])
    for row in (*matrix[:BORDER_MODULES], *matrix[-BORDER_MODULES:]):
        assert not any(row)
    assert all(not any(row[:BORDER_MODULES] + row[-BORDER_MODULES:]) for row in matrix)


def test_a_data_url_carries_the_same_picture() -> None:
    head, _, data = qr_data_url(TEXTS[0]).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data, validate=True) == qr_png(TEXTS[0])
