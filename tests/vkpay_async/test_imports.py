from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from importlib import import_module

import pytest

import vkpay_async

LATE = {"aiohttp", "sqlalchemy", "aiosqlite", "qrcode", "typer", "rich", "opentelemetry", "vkpay_simulator"}
HEAVY = LATE | {"msgspec", "cryptography", "asyncio"}


def loaded_by(statement: str) -> set[str]:
    """The top-level packages a fresh interpreter has after it."""
    code = f"import json, sys; {statement}; print(json.dumps([m.partition('.')[0] for m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "statement", ["import vkpay_async", "from vkpay_async import OrderNotFound, fen_from_yuan"]
)
def test_the_package_and_its_errors_load_nothing_heavy(statement: str) -> None:
    assert HEAVY & loaded_by(statement) == set()


def test_the_front_door_loads_no_provider_and_nothing_that_is_not_used_yet() -> None:
    assert (LATE | {"cryptography"}) & loaded_by("from vkpay_async import VKPay") == set()


def imports_for_type_checkers() -> dict[str, str]:
    """The ``TYPE_CHECKING`` imports of the package, name by module."""
    [guarded] = [
        node
        for node in ast.parse(inspect.getsource(vkpay_async)).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return {
        alias.name: str(line.module)
        for line in guarded.body
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    }


def test_checkers_and_the_running_program_see_the_same_names() -> None:
    assert imports_for_type_checkers() == vkpay_async._HOME
    assert vkpay_async.__all__ == sorted({*vkpay_async._HOME, "__version__"})


def test_every_public_name_is_its_modules_own() -> None:
    for name, module in vkpay_async._HOME.items():
        assert getattr(vkpay_async, name) is getattr(import_module(module), name)


def test_a_star_import_brings_them_all() -> None:
    space: dict[str, object] = {}
    exec("from vkpay_async import *", space)  # noqa: S102
    assert set(vkpay_async.__all__) <= set(space)


def test_names_are_listed_before_they_are_loaded() -> None:
    code = "import vkpay_async; assert set(vkpay_async.__all__) <= set(dir(vkpay_async))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_misspelt_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'vkpay_async' has no attribute 'VkPay'"):
        vkpay_async.VkPay  # type: ignore[attr-defined] # noqa: B018
