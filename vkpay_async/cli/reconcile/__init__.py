"""``vkpay reconcile``: the provider's bill against the ledger."""
