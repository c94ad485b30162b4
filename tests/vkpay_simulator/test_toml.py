import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vkpay_simulator.toml import dumps

TEXT = st.text(max_size=12)
SCALARS = TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(SCALARS) | st.dictionaries(TEXT, inner) | st.lists(st.dictionaries(TEXT, inner), min_size=1)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(TEXT, VALUES))
def test_the_standard_library_reads_back_what_was_written(document: dict[str, Any]) -> None:
    assert tomllib.loads(dumps(document)) == document


def test_how_it_looks() -> None:
    document = {
        "notify_url": "http://127.0.0.1:8000/pay",
        "left_out": None,
        "merchants": {
            "default": {
                "wxpay": {
                    "subMerchants": [{"subMchid": "1"}, {"subMchid": "2"}],
                    "mp-weixin": {
                        "appId": "wx1",
                        "version": 3,
                        "sandbox": False,
                        "key": "-----BEGIN\nMII\\\n",
                    },
                }
            }
        },
        "a b": {"x": [1, 2.5, "z"]},
    }
    assert (
        dumps(document)
        == '''\
notify_url = "http://127.0.0.1:8000/pay"

[[merchants.default.wxpay.subMerchants]]
subMchid = "1"

[[merchants.default.wxpay.subMerchants]]
subMchid = "2"

[merchants.default.wxpay.mp-weixin]
appId = "wx1"
version = 3
sandbox = false
key = """
-----BEGIN
MII\\\\
"""

["a b"]
x = [1, 2.5, "z"]
'''
    )


def test_a_value_that_toml_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="no bytes"):
        dumps({"a": b"x"})
