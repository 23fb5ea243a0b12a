"""Stores a grant of access as the callback of OAuth stores it, without an authorization code of Stripe's.

Nobody may be there to press Connect in Stripe, and the account may be connected to the platform already. Then this
stands in for one step, Stripe's answer at `/oauth/token`. The steps before and after it are the product's own.
`python -m infra.sandbox.product.granting STATE ACCOUNT` works on the stack that the environment names, and prints the
state that the browser would bring back.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from chalicelib.bootstrap import Adapters
from chalicelib.config import load_config
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.usecases.connecting.connect import PROOF, hashed
from infra.local import followed_clock


def grant(state: str, account_id: str) -> str:
    """Returns the state with the proof of the return. Raises LookupError if POM has not given out the state."""
    followed_clock.follow()
    ports = Adapters(load_config())
    authorization = ports.connections.authorization(hashed(state))
    if authorization is None:
        raise LookupError("POM has not given out this state.")
    proof, account = ports.clock.nonce(), StripeAccountId(account_id)
    granted_authorization = replace(
        authorization, returned_at=ports.clock.now(), account_id=account, proof_hash=hashed(proof)
    )
    ports.connections.save_authorization(granted_authorization)
    return f"{state}{PROOF}{proof}"


if __name__ == "__main__":
    print(grant(sys.argv[1], sys.argv[2]))
