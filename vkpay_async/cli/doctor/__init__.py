"""``vkpay doctor``: what is wrong with a configuration, and what to do."""
