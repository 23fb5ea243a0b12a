"""The form of an Authorization header that can hold an access token, defined once for all who check it.

API Gateway rejects a header of another form without invoking the authorizer. The authorizer uses the same form, so
API Gateway never rejects a header that the authorizer would accept.
"""

from __future__ import annotations

import re

from chalicelib.domain.identity import Unauthorized

_PART = "[A-Za-z0-9_=-]"
BEARER = f"^[ \\t]*[Bb][Ee][Aa][Rr][Ee][Rr] [ \\t]*{_PART}+[.]{_PART}+[.]{_PART}*[ \\t]*$"
"""The scheme in any case (RFC 9110, section 11.1) and three parts of base64url with dots between them (RFC 7515,
section 7.1). The third part is empty in a token without a signature (section 6), which the authorizer rejects and
counts. The pattern uses only characters, classes and repetitions, because API Gateway does not document its
dialect.
"""

_FORM = re.compile(BEARER)


def token_of(header: str) -> str:
    """Returns the access token in an Authorization header.

    Raises:
        Unauthorized: the header cannot hold one (`malformed`).
    """
    if not _FORM.fullmatch(header):
        raise Unauthorized("malformed")
    return header.split()[1]
