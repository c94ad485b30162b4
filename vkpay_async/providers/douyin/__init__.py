"""Douyin: guaranteed payment (ecpay v1) and the general trade system."""
