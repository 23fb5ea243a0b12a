"""Stores a grant of access as the OAuth callback stores it, without an authorization code of Stripe's.

A run may have no person who presses Connect, and the account may already be connected. Then this module replaces one
step: Stripe's response at `/oauth/token`. The product runs the steps before and after it. `python -m
infra.sandbox.product.granting STATE ACCOUNT` uses the stack that the environment names, and prints the state that the
browser would bring back.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from chalicelib.bootstrap import Adapters
from chalicelib.config import load_config
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.usecases.connecting.connect import PROOF, secret_digest
from infra.local import followed_clock


def grant(state: str, account_id: str) -> str:
    """Stores the grant. Returns the state with the proof of the return. Raises LookupError for an unknown state."""
    followed_clock.follow()
    ports = Adapters(load_config())
    authorization = ports.connections.authorization(secret_digest(state))
    if authorization is None:
        raise LookupError("POM has not given out this state.")
    proof, account = ports.clock.nonce(), StripeAccountId(account_id)
    granted_authorization = replace(
        authorization, returned_at=ports.clock.now(), account_id=account, proof_hash=secret_digest(proof)
    )
    ports.connections.save_authorization(granted_authorization)
    return f"{state}{PROOF}{proof}"


if __name__ == "__main__":
    print(grant(sys.argv[1], sys.argv[2]))
