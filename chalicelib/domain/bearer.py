"""The form of an Authorization header that can hold an access token, in one place for everybody who asks for it.

API Gateway refuses a header of another form by itself and does not invoke the authorizer. The authorizer reads the
header by the same form, so API Gateway never refuses what the authorizer would take.
"""

from __future__ import annotations

import re

from chalicelib.domain.identity import Unauthorized

_PART = "[A-Za-z0-9_=-]"
BEARER = f"^[ \\t]*[Bb][Ee][Aa][Rr][Ee][Rr] [ \\t]*{_PART}+[.]{_PART}+[.]{_PART}*[ \\t]*$"
"""The scheme in any case (RFC 9110, section 11.1) and three parts of base64url with dots between them (RFC 7515,
section 7.1). The third is empty in a token without signature (section 6), which is the authorizer's to refuse and to
count. Characters, classes and repetitions only: API Gateway does not say which dialect it reads."""

_FORM = re.compile(BEARER)


def token_of(header: str) -> str:
    """Returns the access token in an Authorization header.

    Raises:
        Unauthorized: the header cannot hold one (`malformed`).
    """
    if not _FORM.fullmatch(header):
        raise Unauthorized("malformed")
    return header.split()[1]
