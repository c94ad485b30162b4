"""Finding what a number in a path stands for, with the error that its endpoint gives."""

from __future__ import annotations

from vkpay_simulator.providers.appleiap.errors import AppleError
from vkpay_simulator.providers.appleiap.gate import Call
from vkpay_simulator.providers.appleiap.models import Customer, Transaction

LONGEST = 32


def checked(number: str, code: int = 4000006) -> str:
    """Raises :class:`AppleError` for what is no number of Apple's."""
    if not (number.isascii() and number.isdigit() and len(number) <= LONGEST):
        raise AppleError(code, f"{number[:LONGEST]!r} is no number of a transaction: they are digits.")
    return number


def customer(call: Call, number: str) -> Customer:
    found = call.store.customer_of(checked(number))
    if found is None:
        raise AppleError(4040010, elsewhere(call, number))
    return found


def transaction(call: Call, number: str) -> Transaction:
    """By its own number only; an app transaction's is refused."""
    found = call.store.transactions.get(checked(number))
    if found is not None:
        return found
    if call.store.customer_of(number) is not None:
        raise AppleError(4000048, f"{number} is the number of an app transaction.")
    raise AppleError(4040010, elsewhere(call, number))


def original(call: Call, number: str, *, malformed: int, code: int = 4040005) -> Transaction:
    """The newest transaction of an original number."""
    checked(number, malformed)
    same = [one for one in call.store.transactions.values() if one.original_transaction_id == number]
    if not same:
        raise AppleError(code, elsewhere(call, number))
    return same[-1]


def elsewhere(call: Call, number: str) -> str:
    """Why there is no such number here."""
    for environment, store in call.app.stores.items():
        if store is not call.store and store.customer_of(number) is not None:
            return f"{number} was bought in the environment {environment}: ask that one."
    return f"{call.app.bundle_id} has no {number} in {call.store.environment}."
