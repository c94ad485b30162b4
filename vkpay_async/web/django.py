"""Django under ASGI: ``path("pay/", include(vkpay_urls(pay)))``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from vkpay_async.web.asgi import raw_path
from vkpay_async.web.exchange import Request, below, joined_headers
from vkpay_async.web.router import Router

if TYPE_CHECKING:
    from vkpay_async.client import VKPay
    from vkpay_async.web.front_door import FrontDoor

_CHUNK = 64 * 1024


def vkpay_urls(pay: VKPay, *, front_door: FrontDoor | None = None) -> list[Any]:
    """URL patterns: the notify routes, ``/health`` and ``/ready``; ``front_door`` answers at the prefix itself.

    Needs no CSRF token. Connections open at the first use; Django has no place to close them, so call ``pay.close()`` where
    a process ends in an orderly way. Nor has it one to run the jobs: run ``vkpay worker`` beside it. Raises :class:`ImportError` without Django.
    """
    try:
        from django.http import HttpResponse
        from django.urls import re_path
        from django.views.decorators.csrf import csrf_exempt
    except ImportError as error:
        raise ImportError("vkpay_urls needs Django: pip install django") from error
    router = Router(pay, front_door)

    async def view(request: Any, tail: str) -> Any:
        reply = await router.answer(_request(request, tail), _chunks(request))
        return HttpResponse(reply.body, status=reply.status, headers=dict(reply.headers))

    return [re_path(r"^(?P<tail>.*)$", csrf_exempt(view))]


def _request(request: Any, tail: str) -> Request:
    if not hasattr(request, "scope"):
        raise RuntimeError(
            "vkpay_urls needs Django's ASGI application (get_asgi_application): under WSGI every request has an event loop "
            "of its own, and connections do not live from one to the next"
        )
    path = raw_path(request.scope)
    return Request(
        method=request.method,
        path=below(path, request.path.removesuffix(tail)),
        full_path=path,
        query=request.META.get("QUERY_STRING", ""),
        headers=joined_headers(request.headers.keys(), request.headers.values()),
        peer=request.META.get("REMOTE_ADDR"),
    )


async def _chunks(request: Any) -> AsyncIterator[bytes]:
    """Django has received the body before a view runs; this reads it without Django's own limit."""
    while chunk := request.read(_CHUNK):
        yield chunk
