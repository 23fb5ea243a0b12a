"""Which pages may read answers in a browser: those of POM, and in a development stage those of further origins.

The preflight says which headers a page may send. API Gateway answers it (`infra.template.api`); locally, the local
stack does.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

from chalicelib.config import Config

ALLOWED_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match")
"""Headers that pages may send."""
EXPOSED_HEADERS = ("ETag", "Link", "Retry-After")
"""Headers of an answer that pages may read."""


def cross_origin_headers(config: Config, origin: str | None) -> Mapping[str, str]:
    """Returns the headers with which pages may read an answer. `origin` is the request's; None if it has none."""
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
