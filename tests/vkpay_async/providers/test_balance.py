"""What front ends of vk-uni-pay read of a balance."""

from __future__ import annotations

from vkpay_async import AccountBalance


def test_amounts_that_a_provider_does_not_have_are_left_out() -> None:
    assert AccountBalance().to_client() == {"code": 0, "msg": "ok"}
    douyin = AccountBalance(online_amount=10_050, withdrawable_amount=0, freeze_amount=1)
    assert douyin.to_client() == {
        "code": 0,
        "msg": "ok",
        "onlineAmount": 100.5,
        "withdrawableAmount": 0,
        "freezeAmount": 0.01,
    }
