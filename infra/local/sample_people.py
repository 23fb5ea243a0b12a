"""The people of the two sample companies who can sign in to the stand-in for POM."""

from __future__ import annotations

from dataclasses import dataclass

BLUE_LAGOON = "org_blue_lagoon"
"""The organization of Blue Lagoon Pools, which scripts and demos use too."""
DESERT_SPRINGS = "org_desert_springs"


@dataclass(frozen=True, slots=True)
class Person:
    """A person at a pool company. The sign-in menu sends `id`, and a token contains `user_id`."""

    id: str
    name: str
    user_id: str
    organization: str
    roles: tuple[str, ...]


ALICE = Person("alice", "Alice Moreno", "user_alice", BLUE_LAGOON, ("admin", "billing"))
BOB = Person("bob", "Bob Tran", "user_bob", BLUE_LAGOON, ("billing",))
MEL = Person("mel", "Mel Okafor", "user_mel", BLUE_LAGOON, ())
"""A member who can read all data and change nothing."""
DANA = Person("dana", "Dana Fields", "user_dana", DESERT_SPRINGS, ("admin", "billing"))

PEOPLE = {person.id: person for person in (ALICE, BOB, MEL, DANA)}
