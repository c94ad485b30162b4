"""Frameworks: raw bytes in, the provider's reply out."""
