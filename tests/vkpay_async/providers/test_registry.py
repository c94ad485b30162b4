from __future__ import annotations

import subprocess
import sys

import pytest

from vkpay_async.registry import REGISTRY, provider_class


@pytest.mark.parametrize("name", REGISTRY)
def test_a_provider_is_loaded_by_its_name(name: str) -> None:
    assert provider_class(name).name == name


@pytest.mark.parametrize("name", REGISTRY)
def test_the_code_of_a_configs_providers_is_loaded_when_the_application_starts(name: str) -> None:
    code = f"""
import sys
from vkpay_async.clock import SYSTEM_ENV
from vkpay_async.config import Config, Merchant
from vkpay_async.providers.registry import Providers
from vkpay_async.registry import REGISTRY

Providers(Config(merchants={{"default": Merchant(pid="default", nodes={{({name!r}, "h5"): None}})}}), SYSTEM_ENV)
loaded = [name for name, folder in REGISTRY.items() if f"{{folder}}.provider" in sys.modules]
assert loaded == [{name!r}], loaded
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
