"""As whom a server runs: PostgreSQL refuses to be root, so root hands it to an account without rights."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path
from typing import Any


class Unavailable(Exception):
    """This machine cannot run the server; the text says why and what would help."""


def without_rights() -> dict[str, Any]:
    """Arguments for ``subprocess``: none when we are not root ourselves."""
    if os.geteuid() != 0:
        return {}
    found = _unprivileged()
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def give(directory: Path) -> None:
    """Hand a directory and all in it to the account that :func:`without_rights` names."""
    if os.geteuid() != 0:
        return
    found = _unprivileged()
    for path in (directory, *directory.rglob("*")):
        os.chown(path, found.pw_uid, found.pw_gid)


def reachable(install: Path, parts: tuple[str, ...], copy: Path) -> Path:
    """``install``, or a copy of its parts where the account cannot walk to it (an environment under /root)."""
    if os.geteuid() != 0 or all(path.stat().st_mode & 0o001 for path in (install, *install.parents)):
        return install
    for part in parts:
        if (install / part).exists() and not (copy / part).exists():
            shutil.copytree(install / part, copy / part, symlinks=True)
    return copy


def _unprivileged() -> pwd.struct_passwd:
    for name in ("nobody", "daemon"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Unavailable(
        "PostgreSQL refuses to run as root and there is no account 'nobody'; run the tests as a user"
    )
