"""API Gateway passes on every Authorization header that the authorizer accepts, and few others."""

from __future__ import annotations

import re
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.tokens import MAX_TOKEN, KeySet, TokenVerifier
from chalicelib.domain.bearer import BEARER, token_of
from chalicelib.domain.identity import Unauthorized
from tests.api.tokens import CONFIG, Issuer, jwks, public_jwk

ISSUER = Issuer()
VERIFIER = TokenVerifier(CONFIG, KeySet(CONFIG.jwks_url, fetch=lambda _: jwks(public_jwk())))


def _has_no_blank_ends(sub: str) -> bool:
    """Returns True if the subject neither begins nor ends with a space (docs/decisions/0023-input-limits.md)."""
    return sub == sub.strip()


SCHEMES = st.tuples(*(st.sampled_from([letter, letter.upper()]) for letter in "bearer")).map("".join)
BLANKS = st.text(" \t", max_size=3)
CLAIMS = st.fixed_dictionaries(
    {
        "sub": st.text(string.ascii_letters + "|@.-_ ", min_size=1, max_size=255).filter(_has_no_blank_ends),
        "roles": st.one_of(st.text(max_size=80), st.lists(st.text(max_size=20), max_size=5)),
        "aud": st.sampled_from([CONFIG.audience, ["other", CONFIG.audience]]),
        "picture": st.text(max_size=2000),
    }
)


def matches_gateway_expression(header: str) -> bool:
    """Returns True if API Gateway's expression matches the whole header, so that it invokes the authorizer."""
    return re.fullmatch(BEARER, header) is not None


@given(SCHEMES, BLANKS, BLANKS, BLANKS, CLAIMS)
def test_every_token_of_our_issuer_matches_in_every_notation_of_its_header(
    scheme: str, before: str, between: str, after: str, claims: dict[str, Any]
) -> None:
    token = ISSUER.sign(**claims)
    header = f"{before}{scheme} {between}{token}{after}"
    assert matches_gateway_expression(header)
    assert token_of(header) == token
    if len(token) <= MAX_TOKEN:
        VERIFIER.verify(token)


@given(st.text(max_size=60) | st.from_regex(BEARER, fullmatch=True))
def test_the_authorizer_accepts_a_header_only_if_api_gateway_does(header: str) -> None:
    if matches_gateway_expression(header):
        assert token_of(header).count(".") == 2
    else:
        with pytest.raises(Unauthorized) as exc_info:
            token_of(header)
        assert exc_info.value.reason == "malformed"


@pytest.mark.parametrize("length", [MAX_TOKEN - 1, MAX_TOKEN, MAX_TOKEN + 1])
def test_only_the_authorizer_judges_length(length: int) -> None:
    token = ("a" * (length - 4)) + ".b.c"
    assert matches_gateway_expression(f"Bearer {token}")


@pytest.mark.parametrize(
    "header",
    [
        "", " ", "Bearer", "Bearer ", "Bearer hello", "Bearer a.b", "Bearer a.b.c.d", "Bearer ..", "Bearer .b.c",
        "Basic a.b.c", "a.b.c", "Bearer\ta.b.c", "Bearer a.b.c d.e.f", "Bearer a.b.c, Bearer a.b.c", "Bearer é.é.é",
        "Bearer a.b.c\n", "Bearer a.b.c\x85", "BearerBearer a.b.c", "Bearer a.b.c;", "Bearer a/b.c+d.e",
    ],
)  # fmt: skip
def test_a_header_that_cannot_have_a_token_does_not_invoke_the_authorizer(header: str) -> None:
    assert not matches_gateway_expression(header)


def test_the_expression_has_the_same_meaning_in_every_dialect() -> None:
    """AWS does not document the dialect, so the expression has no groups, no flags, only lists and one escape."""
    assert set(re.findall(r"\\.", BEARER)) == {r"\t"}
    assert not set(BEARER) & set("(){}|?$^") - {"^", "$"}
    assert BEARER.startswith("^")
    assert BEARER.endswith("$")
