"""All changes."""

from __future__ import annotations

from infra.sandbox.changes.behaviour import BEHAVIOUR
from infra.sandbox.changes.change import Change
from infra.sandbox.changes.fields import FIELDS
from infra.sandbox.changes.keys import KEYS
from infra.sandbox.changes.lists import LISTS
from infra.sandbox.changes.responses import RESPONSES
from infra.sandbox.changes.sequences import SEQUENCES

CHANGES: tuple[Change, ...] = (*FIELDS, *SEQUENCES, *KEYS, *BEHAVIOUR, *LISTS, *RESPONSES)
