"""``vkpay demo``: every way of paying, against a simulator that it starts itself."""
