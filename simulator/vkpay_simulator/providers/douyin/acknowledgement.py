"""What Douyin takes for an acknowledgement, of both systems' notifications."""

from __future__ import annotations

from vkpay_simulator.providers.douyin.fields import parse_object


def accepts(status: int, body: bytes) -> bool:
    """HTTP 200 and ``{"err_no": 0, "err_tips": "success"}``."""
    reply = parse_object(body) or {}
    return status == 200 and reply.get("err_no") == 0 and reply.get("err_tips") == "success"
