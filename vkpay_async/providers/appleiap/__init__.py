"""Apple in-app purchase: App Store Server API, notifications V2, StoreKit's signed data, old receipts."""
