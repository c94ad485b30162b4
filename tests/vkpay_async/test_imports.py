import json
import subprocess
import sys

import vkpay_async

LATE = {"aiohttp", "sqlalchemy", "aiosqlite", "qrcode", "typer", "rich", "vkpay_simulator"}


def test_importing_the_package_loads_nothing_that_is_not_used_yet() -> None:
    code = "import json, sys, vkpay_async; print(json.dumps([m.partition('.')[0] for m in sys.modules]))"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert LATE & set(json.loads(output)) == set()


def test_every_public_name_is_there() -> None:
    assert [name for name in vkpay_async.__all__ if not hasattr(vkpay_async, name)] == []
    assert vkpay_async.__all__ == sorted(vkpay_async.__all__)
