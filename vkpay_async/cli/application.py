"""The user's own objects, named ``module:attribute``: the application with its handlers, and its front door."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from vkpay_async.cli.source import database_url, load_config
from vkpay_async.client import VKPay
from vkpay_async.errors import ConfigError
from vkpay_async.web.front_door import FrontDoor

AppName = Annotated[
    str | None,
    typer.Argument(
        metavar="APP",
        help="module:attribute, your VKPay with its handlers, or a function without arguments that returns it.",
    ),
]
Drain = Annotated[float, typer.Option(min=0, help="Seconds that what runs has to end, once asked to stop.")]
AppOption = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="MODULE:ATTRIBUTE",
        help="Your VKPay with its handlers, or a function that returns it.",
    ),
]


def find_pay(app: str | None, config: Path | None, database: str | None) -> VKPay:
    """The user's application; without one, the config alone. Raises :class:`ConfigError`."""
    if app is None:
        loaded = load_config(config)
        return VKPay(loaded, database=database_url(loaded, database))
    if config is not None or database is not None:
        raise ConfigError(f"{app} brings its own config and database: leave out --config and --database")
    found = _named(app)
    made = found() if callable(found) and not isinstance(found, VKPay) else found
    if not isinstance(made, VKPay):
        raise ConfigError(f"{app} gives {_kind(made)}: name a VKPay, or a plain function that returns one")
    return made


def find_front_door(name: str, pay: VKPay) -> FrontDoor:
    """A front door of ``pay``, or what a function of it returns. Raises :class:`ConfigError`."""
    found = _named(name)
    made = found(pay) if callable(found) else found
    if not isinstance(made, FrontDoor):
        raise ConfigError(f"{name} gives {_kind(made)}: name a FrontDoor, or a function of the VKPay")
    if made.pay is not pay:
        raise ConfigError(f"{name} is the front door of another VKPay than the one that is served")
    return made


def _named(name: str) -> Any:
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise ConfigError(f"{name!r} is not module:attribute; for pay in shop.py write shop:pay")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise ConfigError(f"no module {error.name!r} in {here} or on the path of Python") from error
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise ConfigError(f"{module} has no {attribute}; name the variable that holds it") from None
    return found


def _kind(made: Any) -> str:
    if hasattr(made, "close") and hasattr(made, "cr_frame"):
        made.close()
    return f"a {type(made).__name__}"
