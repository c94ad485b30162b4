"""A user's authorisation to receive transfers without confirming each (免确认收款授权).

https://pay.weixin.qq.com/doc/v3/merchant/4015901167
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vkpay_async.errors import InvalidArgument
from vkpay_async.models import (
    AuthorizationInfo,
    AuthorizationRequest,
    AuthorizationState,
    TransferAuthorization,
)
from vkpay_async.providers.wxpay.bodies import body_from
from vkpay_async.providers.wxpay.models import CloseInfo, UserAuthorization
from vkpay_async.providers.wxpay.times import ms_from_rfc3339

PATH = "/v3/fund-app/mch-transfer/user-confirm-authorization"
LONGEST_NAME = 32
DEVICE_TYPES = ("IOS", "ANDROID", "HARMONY", "OTHER")
# Its page gives the longest, and the API's own refusal of an empty one the shortest; neither says which characters.
_NUMBER = re.compile(r"[0-9A-Za-z_\-]{5,32}", re.ASCII)
_STATES: Mapping[str, AuthorizationState] = {
    state.value: state for state in AuthorizationState if state is not AuthorizationState.UNKNOWN
}


def check_authorization(request: AuthorizationRequest) -> None:
    """Raises :class:`InvalidArgument` for what WeChat Pay would refuse, before anything is sent."""
    check_authorization_no(request.out_authorization_no)
    if not request.openid:
        raise InvalidArgument(
            "openid of the user is missing: set openid, under the appid that asks", code=1012
        )
    if not request.transfer_scene_id:
        raise InvalidArgument(
            "transfer_scene_id is missing: it is one of the scenes granted in the merchant platform, e.g. 1000"
        )
    _check_display_name(request.user_display_name)
    _check_notify_url(request.authorization_notify_url)
    device = request.scene_info.get("device_type")
    if device is not None and device not in DEVICE_TYPES:
        raise InvalidArgument(
            f"scene_info.device_type {device!r} is not known: use one of {', '.join(DEVICE_TYPES)}"
        )


def check_info(info: AuthorizationInfo) -> None:
    """The same for an authorisation that is asked for with a transfer."""
    check_authorization_no(info.out_authorization_no)
    _check_display_name(info.user_display_name)
    _check_notify_url(info.authorization_notify_url)


def check_authorization_no(number: str) -> str:
    """``number``, which may stand in a path as it is. Raises :class:`InvalidArgument`."""
    if not _NUMBER.fullmatch(number or ""):
        raise InvalidArgument(
            f"out_authorization_no {(number or '')[:40]!r} cannot be sent: use 5 to 32 letters, digits, _ - only"
        )
    return number


def authorization_body(request: AuthorizationRequest, appid: str) -> dict[str, Any]:
    fields = {
        "out_authorization_no": request.out_authorization_no,
        "appid": appid,
        "openid": request.openid,
        "transfer_scene_id": request.transfer_scene_id,
        "user_display_name": request.user_display_name,
        "user_recv_perception": request.user_recv_perception,
        "authorization_notify_url": request.authorization_notify_url,
        "scene_info": request.scene_info,
    }
    return body_from(fields, request.other)


def query_path(out_authorization_no: str, *, display: bool = False) -> str:
    """Raises :class:`InvalidArgument`."""
    path = f"{PATH}/out-authorization-no/{check_authorization_no(out_authorization_no)}"
    return f"{path}?is_display_authorization=true" if display else path


def close_path(out_authorization_no: str) -> str:
    """Raises :class:`InvalidArgument`."""
    return f"{query_path(out_authorization_no)}/close"


def authorization_from(
    found: UserAuthorization, raw: Mapping[str, Any], options: Mapping[str, str] | None = None
) -> TransferAuthorization:
    closed = found.close_info or CloseInfo()
    return TransferAuthorization(
        out_authorization_no=found.out_authorization_no,
        state=_STATES.get(found.state, AuthorizationState.UNKNOWN),
        raw_state=found.state,
        authorization_id=found.authorization_id,
        openid=found.openid,
        mch_id=found.mchid,
        appid=found.appid,
        user_display_name=found.user_display_name,
        transfer_scene_id=found.transfer_scene_id,
        user_recv_perception=found.user_recv_perception,
        authorize_time=ms_from_rfc3339(found.authorize_time),
        close_time=ms_from_rfc3339(closed.close_time),
        close_reason=closed.close_reason,
        options=options,
        raw=raw,
    )


def _check_display_name(name: str) -> None:
    if not name or len(name) > LONGEST_NAME:
        raise InvalidArgument(
            f"user_display_name has {len(name or '')} characters: name the user's account at your shop in 1 to "
            f"{LONGEST_NAME}; it is shown beside the authorisation"
        )


def _check_notify_url(url: str | None) -> None:
    if not url:
        raise InvalidArgument(
            "authorization_notify_url is missing: set it to where the authorisation's news goes"
        )
