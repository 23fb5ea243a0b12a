"""Compresses responses as API Gateway does for an API with a minimum size.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-receive-response-with-compressed-payload.html
"""

from __future__ import annotations

import gzip

from infra.template.api import COMPRESSED_FROM

LEVEL = 6


def compressed(body: bytes, accept_encoding: str | None) -> bytes | None:
    """Returns the gzipped body, or None if the body is too small or the client does not accept gzip."""
    if len(body) < COMPRESSED_FROM or not _names_gzip(accept_encoding or ""):
        return None
    return gzip.compress(body, LEVEL, mtime=0)


def _names_gzip(accept_encoding: str) -> bool:
    codings = [each.partition(";") for each in accept_encoding.lower().replace(" ", "").split(",")]
    return any(name == "gzip" and parameter not in {"q=0", "q=0.0"} for name, _, parameter in codings)
