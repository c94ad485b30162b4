from urllib.parse import parse_qsl, urlencode

import pytest

from vkpay_async.providers.alipay.encoding import encoded

EVERY_CHARACTER = "".join(map(chr, range(0x250))) + "茶叶，500 克🍵"


def test_it_is_read_as_it_was_written() -> None:
    params = {"sign": "a+b/c==", "subject": "a&b=c %41+", "text": EVERY_CHARACTER, "名 &=": "", "~_.-": " "}
    assert dict(parse_qsl(encoded(params), keep_blank_values=True, strict_parsing=True)) == params


def test_it_is_what_the_standard_library_writes() -> None:
    params = {"text": EVERY_CHARACTER, EVERY_CHARACTER: "x", "biz_content": '{"subject":"茶\\n","n":[1]}'}
    assert encoded(params) == urlencode(params)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        encoded({"subject": "\ud83c"})
