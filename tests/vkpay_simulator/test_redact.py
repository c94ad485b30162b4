import time

import pytest

from vkpay_simulator.redact import redact, redact_headers


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            'WECHATPAY2-SHA256-RSA2048 mchid="1900",signature="abcdefghijklmnopqrstuvwxyz0123",serial_no="77"',
            'WECHATPAY2-SHA256-RSA2048 mchid="1900",signature="abcdefgh…",serial_no="77"',
        ),
        (
            "/gateway.do?app_id=1&sign=abcdefghijklmnopqrstuvwxyz0123&x=1",
            "/gateway.do?app_id=1&sign=abcdefgh…&x=1",
        ),
        ("sign=abcdefghi", "sign=abc…"),
        ("app_auth_token=abcdefghi&sign_type=RSA2", "app_auth_token=abc…&sign_type=RSA2"),
        ('{"auth_code": "134650110000", "total": 1}', '{"auth_code": "1346…", "total": 1}'),
        ('{"a":"{\\"auth_code\\":\\"134650110000\\"}"}', '{"a":"{\\"auth_code\\":\\"1346…\\"}"}'),
        (
            "biz_content=%7B%22auth_code%22%3A%22134650110000%22%7D",
            "biz_content=%7B%22auth_code%22%3A%221346…%22%7D",
        ),
        ("biz=%7B%22auth_code%22%3A+%22134650110000%22", "biz=%7B%22auth_code%22%3A+%221346…%22"),
        (
            '{"sub_msg":"验签字符串为：app_auth_token=abcdefghi&amp;auth_token=abcdefghi"}',
            '{"sub_msg":"验签字符串为：app_auth_token=abc…&amp;auth_token=abc…"}',
        ),
        ("{&quot;auth_code&quot;: &quot;134650110000&quot;}", "{&quot;auth_code&quot;: &quot;1346…&quot;}"),
        (
            "/sns/jscode2session?js_code=0abcdefghij&secret=abcdefghi",
            "/sns/jscode2session?js_code=0ab…&secret=abc…",
        ),
        ("grant_type=authorization_code&code=abcdefghi", "grant_type=authorization_code&code=abc…"),
        ('{"code":"10000","session_key":"abcdefghi"}', '{"code":"10000","session_key":"abc…"}'),
        (
            '{"callerId":"101","bodySign":"abcdefghijklmnopqrstuvwxyz0123"}',
            '{"callerId":"101","bodySign":"abcdefgh…"}',
        ),
        ("sign=ab", "sign=…"),
        ('{"client_secret":"abcdefghi"}', '{"client_secret":"abc…"}'),
        ('{"session_key": "abcdefghi"}', '{"session_key": "abc…"}'),
        ("design=nothing here", "design=nothing here"),
        ("", ""),
    ],
)
def test_what_opens_something_is_cut(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_credentials_in_headers_are_hidden() -> None:
    headers = {
        "authorization": "Bearer abcdefgh",
        "Cookie": "a=b",
        "Proxy-Authorization": "Basic x",
        "access-token": "clt.abcdefgh",
        "Authorization": 'WECHATPAY2-SHA256-RSA2048 signature="abcdefghijklmnopqrstuvwxyz0123"',
        "Accept": "*/*",
    }
    assert redact_headers(headers) == {
        "authorization": "***",
        "Cookie": "***",
        "Proxy-Authorization": "***",
        "access-token": "***",
        "Authorization": 'WECHATPAY2-SHA256-RSA2048 signature="abcdefgh…"',
        "Accept": "*/*",
    }


def test_a_hostile_body_costs_no_more_than_its_length() -> None:
    started = time.process_time()
    for hostile in ("\\" * 16_384, '"sign' * 4_000, "%5C" * 5_000, '"sign" ' + " " * 16_000):
        redact(hostile)
    assert time.process_time() - started < 1


def test_what_is_no_text_can_still_be_written_as_json() -> None:
    assert redact("a\udcffb") == "a?b"
