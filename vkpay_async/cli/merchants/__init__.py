"""``vkpay config import``, ``key`` and ``rotate``: the merchants that stand in the database."""
