"""Apple's own library, its checks over the network off."""

from __future__ import annotations

import base64

from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier

from benchmarks.driven import drive, each

held = {}


def opened(root, bundle_id):
    roots = [base64.b64decode(root)]
    held["verifier"] = SignedDataVerifier(roots, False, Environment.PRODUCTION, bundle_id, 1234567890)


def transaction(signed, count):
    verifier = held["verifier"]
    assert verifier.verify_and_decode_signed_transaction(signed).price == 6000
    return each(lambda: verifier.verify_and_decode_signed_transaction(signed), count)


if __name__ == "__main__":
    drive({"open": opened, "transaction": transaction})
