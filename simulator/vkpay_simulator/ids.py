"""Numbers, nonces and names, repeatable under a seed."""

from __future__ import annotations

import random
import string
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from faker import Faker


def _spread(characters: str) -> bytes:
    """For every byte one of the characters, each as often as any other but for the remainder."""
    return bytes(ord(characters[byte % len(characters)]) for byte in range(256))


_ALNUM = _spread(string.ascii_letters + string.digits)
_LOWER_ALNUM = _spread(string.ascii_lowercase + string.digits)
_NO_VERSION = uuid.UUID("ffffffff-ffff-0fff-3fff-ffffffffffff").int
_VERSION_4 = uuid.UUID("00000000-0000-4000-8000-000000000000").int


class Ids:
    """The simulator's only source of chance. Two worlds with one seed draw the same values in the same order."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = random.getrandbits(64) if seed is None else seed
        self._random = random.Random()
        self.faker = Faker("zh_CN")
        self.reset()

    def reset(self) -> None:
        """Starts over: the same draws come again."""
        self._start(self.seed)

    @contextmanager
    def stream(self, name: str) -> Iterator[None]:
        """Draws made inside depend on the seed and ``name`` only, and leave the draws outside as they were."""
        kept, people = self._random.getstate(), self.faker.random.getstate()
        self._start(f"{self.seed}/{name}")
        try:
            yield
        finally:
            self._random.setstate(kept)
            self.faker.random.setstate(people)

    def _start(self, seed: int | str) -> None:
        self._random.seed(seed)
        self.faker.seed_instance(self._random.getrandbits(64))

    def digits(self, count: int) -> str:
        return f"{self._random.randrange(10**count):0{count}}"

    def hex(self, count: int) -> str:
        return f"{self._random.getrandbits(4 * count):0{count}x}"

    def alnum(self, count: int) -> str:
        """Letters of both cases and digits."""
        return self._random.randbytes(count).translate(_ALNUM).decode()

    def lower_alnum(self, count: int) -> str:
        return self._random.randbytes(count).translate(_LOWER_ALNUM).decode()

    def uuid(self) -> str:
        digits = f"{self._random.getrandbits(128) & _NO_VERSION | _VERSION_4:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def chance(self) -> float:
        return self._random.random()
