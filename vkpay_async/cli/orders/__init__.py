"""``vkpay orders``: what the ledger has."""
