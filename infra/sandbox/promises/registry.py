"""All promises, in the order of a run."""

from __future__ import annotations

from infra.sandbox.promises.by_hand import BY_HAND
from infra.sandbox.promises.connecting import CONNECTING
from infra.sandbox.promises.customers import CUSTOMERS
from infra.sandbox.promises.debits import DEBITS
from infra.sandbox.promises.deleting import DELETING
from infra.sandbox.promises.keys import KEYS
from infra.sandbox.promises.lists import LISTS
from infra.sandbox.promises.money_by_hand import MONEY_BY_HAND
from infra.sandbox.promises.oauth import OAUTH
from infra.sandbox.promises.payments import PAYMENTS
from infra.sandbox.promises.refunds import REFUNDS
from infra.sandbox.promises.revisions import REVISIONS
from infra.sandbox.promises.sending import SENDING
from infra.sandbox.promises.timing import TIMING

PROMISES = (
    *SENDING, *KEYS, *LISTS, *PAYMENTS, *DEBITS, *REFUNDS, *CUSTOMERS, *CONNECTING,
    *REVISIONS, *DELETING, *OAUTH, *TIMING, *BY_HAND, *MONEY_BY_HAND,
)  # fmt: skip
"""Each promise can also run alone. Promises share objects, so promises that change a shared object come late."""
