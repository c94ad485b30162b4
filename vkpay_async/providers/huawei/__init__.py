"""Huawei Pay (Payment Kit) for HarmonyOS apps and meta-services."""
