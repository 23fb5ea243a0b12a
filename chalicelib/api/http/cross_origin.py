"""Which web pages may read responses in a browser: those of POM, and of further origins in a development stage.

The response to a preflight says which headers a page may send. API Gateway sends it (`infra.template.api`), and
locally the local stack does.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

from chalicelib.config import Config

ALLOWED_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match")
"""Headers that pages may send."""
EXPOSED_HEADERS = ("ETag", "Link", "Retry-After")
"""Headers of a response that pages may read."""


def cross_origin_headers(config: Config, origin: str | None) -> Mapping[str, str]:
    """Returns the headers that let pages read a response. `origin` is the request's Origin header, or None."""
    allowed_origin = _pom_origin(config.pom_settings_url)
    if origin is not None and origin in config.development_origins:
        allowed_origin = origin
    return {
        "Access-Control-Allow-Origin": allowed_origin,
        "Access-Control-Expose-Headers": ", ".join(EXPOSED_HEADERS),
        "Vary": "Origin",
    }


@cache
def _pom_origin(settings_url: str) -> str:
    """Returns the origin of POM's pages, which is that of its settings page."""
    page = urlsplit(settings_url)
    return f"{page.scheme}://{page.netloc}"
