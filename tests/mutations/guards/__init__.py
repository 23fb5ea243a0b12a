"""The guards: what each is in, what is taken from that, and which test must fail without it.

A new guard needs a row here. A row names a symbol and something in it by names that stay when code is reworded or
moved: never a local variable, a message or the shape of a line.
"""

from __future__ import annotations

from tests.mutations.guard import Guard
from tests.mutations.guards.api import API
from tests.mutations.guards.connecting import CONNECTING
from tests.mutations.guards.facts import FACTS
from tests.mutations.guards.operating import OPERATING
from tests.mutations.guards.saga import SAGA
from tests.mutations.guards.stores import STORES
from tests.mutations.guards.tokens import TOKENS
from tests.mutations.guards.webhooks import WEBHOOKS

GUARDS: tuple[Guard, ...] = (*WEBHOOKS, *FACTS, *CONNECTING, *STORES, *SAGA, *TOKENS, *API, *OPERATING)
