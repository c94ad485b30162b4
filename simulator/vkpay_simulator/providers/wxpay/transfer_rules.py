"""What a transfer may ask for: its scene, the receiver's name, the amount."""

from __future__ import annotations

from vkpay_simulator.providers.wxpay.accounts import Account
from vkpay_simulator.providers.wxpay.errors import WxpayError, param_error
from vkpay_simulator.providers.wxpay.fund_models import TransferRequest
from vkpay_simulator.providers.wxpay.scenes import SCENES

NAME_REQUIRED_FROM = 200_000
NAME_ALLOWED_FROM = 30
RED_PACKET_MOST = 20_000


def check_scene(account: Account, wanted: TransferRequest) -> None:
    scene = SCENES.get(wanted.transfer_scene_id)
    if scene is None:
        advice = f"There is no scene {wanted.transfer_scene_id}: use one of {', '.join(SCENES)}."
        raise WxpayError("INVALID_REQUEST", "你尚未获取该转账场景", advice=advice)
    given = sorted(info.info_type for info in wanted.transfer_scene_report_infos)
    if scene.report_infos and given != sorted(scene.report_infos):
        expected = "、".join(scene.report_infos)
        advice = f"Scene {wanted.transfer_scene_id} needs exactly these info_type, once each: {expected}."
        raise WxpayError("INVALID_REQUEST", f"转账场景报备信息有误，该场景应传入：{expected}", advice=advice)
    perception = wanted.user_recv_perception
    if account.check_perception and perception and perception not in scene.perceptions:
        advice = (
            f"Scene {wanted.transfer_scene_id} takes as user_recv_perception: {'、'.join(scene.perceptions)}."
        )
        raise WxpayError("INVALID_REQUEST", "暂不支持展示当前传入的用户收款感知", advice=advice)


def check_name(wanted: TransferRequest) -> None:
    if wanted.transfer_amount >= NAME_REQUIRED_FROM and not wanted.user_name:
        message = "转账金额达到2000元时，收款用户姓名必填"
        advice = "From 2000 yuan user_name is needed, encrypted, and checked against the real name."
        raise param_error("/user_name", "required from 2000 yuan", message=message, advice=advice)


def check_amount(account: Account, wanted: TransferRequest) -> None:
    amount = wanted.transfer_amount
    if account.transfer_limits and not account.transfer_limits[0] <= amount <= account.transfer_limits[1]:
        least, most = account.transfer_limits
        advice = f"{amount} fen: this merchant transfers {least} to {most} fen."
        raise WxpayError("INVALID_REQUEST", "转账金额超过限制", advice=advice)
    if amount < NAME_ALLOWED_FROM and wanted.user_name:
        advice = "Leave user_name out below 0.3 yuan."
        raise WxpayError("INVALID_REQUEST", "转账金额低于0.3元时，不支持传入收款用户姓名", advice=advice)
    style = wanted.user_recv_style
    if style and style.type == "RED_PACKET" and amount > RED_PACKET_MOST:
        advice = "RED_PACKET goes up to 200 yuan: use CONFIRM_PAGE."
        raise WxpayError("INVALID_REQUEST", "红包样式转账金额不能超过200元", advice=advice)
