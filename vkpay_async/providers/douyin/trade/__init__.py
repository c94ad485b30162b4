"""The general trade system (通用交易系统): orders signed with a key, calls with a client token, notifications by RSA."""
