"""aiohttp's request with the headers that it was given. Imported with the first session, for aiohttp takes long to import."""

from __future__ import annotations

from collections.abc import Iterable

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDict

_SKIPPED: CIMultiDict[None] = CIMultiDict({"Content-Type": None})


class AsGiven(aiohttp.ClientRequest):
    """Adds no header of its own but ``Host``, ``Content-Length``, and ``Accept: */*`` where none was given.

    The session's ``skip_auto_headers`` says the same, and costs a sorted list and two copies of the headers in each request.
    """

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        self._skip_auto_headers = _SKIPPED
        if hdrs.ACCEPT not in self.headers:
            self.headers[hdrs.ACCEPT] = "*/*"
