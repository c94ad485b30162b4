"""Huawei in-app purchase (IAP Kit of HarmonyOS): virtual goods, which Huawei itself sells."""
