"""Guaranteed payment (担保支付): requests signed with a salt, notifications with a token."""
