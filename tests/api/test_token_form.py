"""Which Authorization headers API Gateway lets through: all that the authorizer takes, and few others."""

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
    """The authorizer takes no subject that begins or ends with a blank (docs/decisions/0023-input-limits.md)."""
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


def lets_through(header: str) -> bool:
    """Whether API Gateway invokes the authorizer, taking its expression for one of the whole header."""
    return re.fullmatch(BEARER, header) is not None


@given(SCHEMES, BLANKS, BLANKS, BLANKS, CLAIMS)
def test_every_token_of_our_issuer_gets_through_however_its_header_is_written(
    scheme: str, before: str, between: str, after: str, claims: dict[str, Any]
) -> None:
    token = ISSUER.sign(**claims)
    header = f"{before}{scheme} {between}{token}{after}"
    assert lets_through(header)
    assert token_of(header) == token
    if len(token) <= MAX_TOKEN:
        VERIFIER.verify(token)


@given(st.text(max_size=60) | st.from_regex(BEARER, fullmatch=True))
def test_the_authorizer_reads_a_token_exactly_where_api_gateway_lets_the_header_through(header: str) -> None:
    if lets_through(header):
        assert token_of(header).count(".") == 2
    else:
        with pytest.raises(Unauthorized) as refused:
            token_of(header)
        assert refused.value.reason == "malformed"


@pytest.mark.parametrize("length", [MAX_TOKEN - 1, MAX_TOKEN, MAX_TOKEN + 1])
def test_length_is_the_authorizers_to_judge(length: int) -> None:
    token = ("a" * (length - 4)) + ".b.c"
    assert lets_through(f"Bearer {token}")


@pytest.mark.parametrize(
    "header",
    [
        "", " ", "Bearer", "Bearer ", "Bearer hello", "Bearer a.b", "Bearer a.b.c.d", "Bearer ..", "Bearer .b.c",
        "Basic a.b.c", "a.b.c", "Bearer\ta.b.c", "Bearer a.b.c d.e.f", "Bearer a.b.c, Bearer a.b.c", "Bearer é.é.é",
        "Bearer a.b.c\n", "Bearer a.b.c\x85", "BearerBearer a.b.c", "Bearer a.b.c;", "Bearer a/b.c+d.e",
    ],
)  # fmt: skip
def test_what_cannot_be_a_token_does_not_invoke_the_authorizer(header: str) -> None:
    assert not lets_through(header)


def test_the_expression_means_the_same_in_every_dialect() -> None:
    """AWS does not say which one API Gateway reads: no groups, no flags, lists of characters, one escape, anchors."""
    assert set(re.findall(r"\\.", BEARER)) == {r"\t"}
    assert not set(BEARER) & set("(){}|?$^") - {"^", "$"}
    assert BEARER.startswith("^")
    assert BEARER.endswith("$")
