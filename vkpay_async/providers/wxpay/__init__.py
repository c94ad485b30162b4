"""WeChat Pay, API v3 (and API v2's signature, for products that only v2 has)."""
