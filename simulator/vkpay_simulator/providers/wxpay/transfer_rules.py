"""What a transfer, or an authorisation of transfers, may ask for: who, its scene, the receiver's name, the amount."""

from __future__ import annotations

from urllib.parse import urlsplit

from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error
from vkpay_simulator.providers.wxpay.fund_models import (
    AuthorizationRequest,
    ReportInfo,
    TransferFields,
    TransferRequest,
)
from vkpay_simulator.providers.wxpay.relations import check_mode, check_permission, is_openid
from vkpay_simulator.providers.wxpay.scenes import SCENES, Scene

NAME_REQUIRED_FROM = 200_000
NAME_ALLOWED_FROM = 30
RED_PACKET_MOST = 20_000
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def check_callable(pointer: str, url: str, allowed_hosts: frozenset[str]) -> None:
    """https, but for this machine and the hosts that notifications may go to."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "https" or parts.hostname in LOOPBACK | allowed_hosts:
            return
    except ValueError:
        pass
    name = pointer.rpartition("/")[2]
    advice = f"{name} of a transfer has to be https, but on this machine and for --allow-notify-host."
    raise param_error(pointer, "has to be https", value=url, advice=advice)


def check_openid(openid: str) -> None:
    if not is_openid(openid):
        raise param_error("/openid", "openid is invalid", value=openid, message="无效的openid")


def check_sender(account: Account, appid: str) -> None:
    check_mode(account, partner=False)
    check_permission(account, "transfer")
    if appid not in account.appids.values():
        advice = f"{appid} is not bound to {account.mchid}: use {' or '.join(account.appids.values())}."
        raise WxpayError("INVALID_REQUEST", "APPID不存在", number=268445527, advice=advice)


def check_scene(account: Account, wanted: TransferFields | AuthorizationRequest) -> None:
    scene = SCENES.get(wanted.transfer_scene_id)
    if scene is None:
        advice = f"There is no scene {wanted.transfer_scene_id}: use one of {', '.join(SCENES)}."
        raise WxpayError("INVALID_REQUEST", "你尚未获取该转账场景", advice=advice)
    if isinstance(wanted, TransferFields) and wanted.transfer_scene_report_infos:
        _check_reports(scene, wanted.transfer_scene_id, wanted.transfer_scene_report_infos)
    perception = wanted.user_recv_perception
    if account.check_perception and perception and perception not in scene.perceptions:
        advice = (
            f"Scene {wanted.transfer_scene_id} takes as user_recv_perception: {'、'.join(scene.perceptions)}."
        )
        raise WxpayError("INVALID_REQUEST", "暂不支持展示当前传入的用户收款感知", advice=advice)


def _check_reports(scene: Scene, scene_id: str, reports: list[ReportInfo]) -> None:
    given = sorted(info.info_type for info in reports)
    if scene.report_infos and given != sorted(scene.report_infos):
        expected = "、".join(scene.report_infos)
        advice = f"Scene {scene_id} needs exactly these info_type, once each: {expected}."
        raise WxpayError("INVALID_REQUEST", f"转账场景报备信息有误，该场景应传入：{expected}", advice=advice)


def check_name(wanted: TransferFields) -> None:
    if wanted.transfer_amount >= NAME_REQUIRED_FROM and not wanted.user_name:
        message = "转账金额达到2000元时，收款用户姓名必填"
        advice = "From 2000 yuan user_name is needed, encrypted, and checked against the real name."
        raise param_error("/user_name", "required from 2000 yuan", message=message, advice=advice)


def check_amount(account: Account, wanted: TransferFields) -> None:
    amount = wanted.transfer_amount
    if account.transfer_limits and not account.transfer_limits[0] <= amount <= account.transfer_limits[1]:
        least, most = account.transfer_limits
        advice = f"{amount} fen: this merchant transfers {least} to {most} fen."
        raise WxpayError("INVALID_REQUEST", "转账金额超过限制", advice=advice)
    if amount < NAME_ALLOWED_FROM and wanted.user_name:
        advice = "Leave user_name out below 0.3 yuan."
        raise WxpayError("INVALID_REQUEST", "转账金额低于0.3元时，不支持传入收款用户姓名", advice=advice)
    style = wanted.user_recv_style if isinstance(wanted, TransferRequest) else None
    if style and style.type == "RED_PACKET" and amount > RED_PACKET_MOST:
        advice = "RED_PACKET goes up to 200 yuan: use CONFIRM_PAGE."
        raise WxpayError("INVALID_REQUEST", "红包样式转账金额不能超过200元", advice=advice)
