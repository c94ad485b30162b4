"""``vkpay serve``: the web side as a service of its own."""
