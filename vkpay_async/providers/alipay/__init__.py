"""Alipay, over the open platform's gateway (version 2)."""
