"""The guards: what each is in, what is taken from that, and which test must fail without it.

A new guard needs a row. A row names a symbol and something in it by names that stay when code is reworded or moved:
never a local variable, a message or the shape of a line. To add one:

1. Choose the list whose subject is nearest, and copy a row.
2. Name the function, class or constant as Python calls it, and choose what is taken from it. `taken.py` beside this
   directory says which operation is for what, and the top of `places.py` what a word can be.
3. Name the tests that must fail without the guard.
4. Run `make test ARGS=tests/mutations`, then `.venv/bin/python -m tests.mutations --only "its name"`, which must say
   `killed`. `SURVIVED` means that no named test noticed: name another test, or write it.
"""

from __future__ import annotations

from tests.mutations.guard import Guard
from tests.mutations.guards.acts import ACTS
from tests.mutations.guards.api import API
from tests.mutations.guards.attention import ATTENTION
from tests.mutations.guards.balance import BALANCE
from tests.mutations.guards.closed import CLOSED
from tests.mutations.guards.connecting import CONNECTING
from tests.mutations.guards.corrections import CORRECTIONS
from tests.mutations.guards.customers import CUSTOMERS
from tests.mutations.guards.days import DAYS
from tests.mutations.guards.deposits import DEPOSITS
from tests.mutations.guards.drafts import DRAFTS
from tests.mutations.guards.erasing import ERASING
from tests.mutations.guards.facts import FACTS
from tests.mutations.guards.hand import HAND
from tests.mutations.guards.money import MONEY
from tests.mutations.guards.operating import OPERATING
from tests.mutations.guards.payouts import PAYOUTS
from tests.mutations.guards.publishing import PUBLISHING
from tests.mutations.guards.refunds import REFUNDS
from tests.mutations.guards.restoring import RESTORING
from tests.mutations.guards.saga import SAGA
from tests.mutations.guards.stores import STORES
from tests.mutations.guards.timeline import TIMELINE
from tests.mutations.guards.tokens import TOKENS
from tests.mutations.guards.webhooks import WEBHOOKS

GUARDS: tuple[Guard, ...] = (
    *TIMELINE,
    *WEBHOOKS, *FACTS, *MONEY, *CONNECTING, *STORES, *SAGA, *TOKENS, *API, *OPERATING, *CUSTOMERS, *DAYS, *HAND,
    *REFUNDS, *DRAFTS, *ATTENTION, *BALANCE, *PAYOUTS, *DEPOSITS, *CORRECTIONS, *PUBLISHING, *RESTORING,
    *ERASING, *CLOSED, *ACTS,
)  # fmt: skip
