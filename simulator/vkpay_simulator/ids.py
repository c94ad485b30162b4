"""Numbers, nonces and names, repeatable under a seed."""

from __future__ import annotations

import random
import string
import uuid

from faker import Faker


class Ids:
    """The simulator's only source of chance. Two worlds with one seed draw the same values in the same order."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a sandbox wants repeatable numbers, not secret ones
        self.faker = Faker("zh_CN")
        self.faker.seed_instance(self._random.getrandbits(64))

    def digits(self, count: int) -> str:
        return "".join(self._random.choices(string.digits, k=count))

    def hex(self, count: int) -> str:
        return "".join(self._random.choices("0123456789abcdef", k=count))

    def alnum(self, count: int) -> str:
        """Letters of both cases and digits."""
        return "".join(self._random.choices(string.ascii_letters + string.digits, k=count))

    def lower_alnum(self, count: int) -> str:
        return "".join(self._random.choices(string.ascii_lowercase + string.digits, k=count))

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def chance(self) -> float:
        return self._random.random()
