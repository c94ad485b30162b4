"""``vkpay notifications``: what was heard, and what became of it."""
