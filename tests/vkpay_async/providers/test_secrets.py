"""What an answer gives out in confidence is seen in no ``repr``."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import msgspec
import pytest

from vkpay_async import providers

HUSH = "hush-0123456789"
CONFIDENTIAL = re.compile(
    r"(access|refresh|order)_token|session_key|secret|password|private_key|salt|app_key"
)
NO_SECRETS = {"link_without_token"}


def confidential() -> Iterator[tuple[type[msgspec.Struct], str]]:
    """Every text of that kind in the providers' own objects."""
    for module in pkgutil.walk_packages(providers.__path__, "vkpay_async.providers."):
        for found in vars(import_module(module.name)).values():
            if not (isinstance(found, type) and issubclass(found, msgspec.Struct)):
                continue
            if found.__module__ != module.name:
                continue
            for field in msgspec.structs.fields(found):
                texts = "str" in str(field.type) or "Text" in str(field.type)
                if texts and CONFIDENTIAL.search(field.name) and field.name not in NO_SECRETS:
                    yield found, field.name


FOUND = list(confidential())


def test_they_are_found() -> None:
    names = {f"{found.__name__}.{name}" for found, name in FOUND}
    assert {"SessionAnswer.session_key", "TokenAnswer.access_token", "ClientToken.access_token"} <= names


@pytest.mark.parametrize(("found", "name"), FOUND, ids=lambda one: getattr(one, "__name__", one))
def test_it_is_hidden(found: type[msgspec.Struct], name: str) -> None:
    values: dict[str, Any] = {
        field.name: HUSH for field in msgspec.structs.fields(found) if field.required or field.name == name
    }
    assert HUSH not in repr(found(**values))
