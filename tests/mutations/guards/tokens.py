"""Access tokens and the keys that they are signed with."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Becomes, Check, Instead, Without

_T_TOKENS = "tests/api/test_tokens.py::test_a_token_that_is_not_ours_is_refused"

TOKENS = (
    guard("one algorithm", "ALGORITHMS", Becomes("['RS256', 'RS512', 'PS256']"), _T_TOKENS),
    guard("the issuer", "TokenVerifier.verify", Without("issuer="), _T_TOKENS),
    guard("the audience", "TokenVerifier.verify", Instead("options=", "{'verify_aud': False, **_}"), _T_TOKENS),
    guard("tokens expire", "TokenVerifier.verify", Without("'exp'"), _T_TOKENS),
    guard("tokens end in sight", "_require_end_in_sight", Check("LONGEST_LIFETIME"), _T_TOKENS),
    guard("a short leeway", "LEEWAY", Becomes("600"), _T_TOKENS),
    guard("headers that name keys", "_key_id", Check("DECEPTIVE_HEADERS"), _T_TOKENS),
    guard("tokens of some length", "_key_id", Check("MAX_TOKEN"), _T_TOKENS),
    guard("an organization is an id", "is_id", Becomes("isinstance(value, str)"), _T_TOKENS),
    guard("a user is what OpenID Connect allows", "USER_ID_PATTERN", Becomes("'(?s).+'"), _T_TOKENS),
    guard(
        "roles do not come apart",
        "ROLE_PATTERN",
        Becomes("'(?s).+'"),
        "tests/api/test_roles.py::test_a_role_is_a_whole_word",
        "tests/api/test_tokens.py::test_a_role_with_an_unusual_space_in_it_is_no_role",
    ),
    guard(
        "weak keys are left out",
        "_signing_key",
        Check("MIN_KEY_BITS"),
        "tests/api/test_tokens.py::test_a_weak_key_is_ignored",
    ),
    guard(
        "no flood of key fetches",
        "KeySet.key",
        Check("_may_fetch"),
        "tests/api/test_tokens.py::test_unknown_key_ids_do_not_cause_a_flood_of_fetches",
    ),
    guard(
        "withdrawn keys stop working",
        "KeySet.key",
        Check("KEYS_FRESH_FOR"),
        "tests/api/test_tokens.py::test_a_withdrawn_key_is_refused",
    ),
)
