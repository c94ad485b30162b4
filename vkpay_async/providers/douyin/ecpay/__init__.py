"""Guaranteed payment (担保支付), which Douyin is giving up: calls signed with a salt, notifications with a token."""
