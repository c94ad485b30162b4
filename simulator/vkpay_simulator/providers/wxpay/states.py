"""What may follow what."""

from __future__ import annotations

from vkpay_simulator.states import States

ORDER = States(
    {
        "NOTPAY": {"SUCCESS", "CLOSED"},
        "SUCCESS": {"REFUND"},
        "REFUND": set(),
        "CLOSED": set(),
    }
)

CODE_PAY_ORDER = States(
    {
        "NOTPAY": {"SUCCESS", "USERPAYING"},
        "USERPAYING": {"SUCCESS", "PAYERROR", "REVOKED"},
        "SUCCESS": {"REFUND", "REVOKED"},
        "PAYERROR": {"REVOKED"},
        "REFUND": set(),
        "REVOKED": set(),
    }
)

# A closed refund may be asked for again under its own number.
REFUND = States(
    {
        "PROCESSING": {"SUCCESS", "ABNORMAL", "CLOSED"},
        "ABNORMAL": {"PROCESSING"},
        "CLOSED": {"PROCESSING"},
        "SUCCESS": set(),
    }
)

TRANSFER = States(
    {
        "ACCEPTED": {"PROCESSING", "WAIT_USER_CONFIRM", "FAIL"},
        "PROCESSING": {"WAIT_USER_CONFIRM", "TRANSFERING", "FAIL"},
        "WAIT_USER_CONFIRM": {"TRANSFERING", "CANCELING", "FAIL"},
        "TRANSFERING": {"SUCCESS", "FAIL"},
        "CANCELING": {"CANCELLED"},
        "SUCCESS": set(),
        "FAIL": set(),
        "CANCELLED": set(),
    }
)

AUTHORIZATION = States(
    {
        "WAIT_USER_CONFIRM": {"TAKING_EFFECT", "CLOSED"},
        "TAKING_EFFECT": {"CLOSED"},
        "CLOSED": set(),
    }
)

STATE_TEXTS = {
    "NOTPAY": "订单未支付",
    "SUCCESS": "支付成功",
    "REFUND": "订单发生过退款，退款详情请查询退款单",
    "CLOSED": "订单已关闭",
    "REVOKED": "订单已撤销",
    "USERPAYING": "用户支付中，需要输入密码",
    "PAYERROR": "支付失败(其他原因，如银行返回失败)",
}
