"""Cross-origin access for one configured web front end, and for no other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.template.api import PREFLIGHT_MAX_AGE

ALLOWED_HEADERS = "Authorization,Content-Type,Idempotency-Key"
EXPOSED_HEADERS = "Link, Retry-After"


@dataclass(frozen=True)
class Cors:
    """Answers browsers on pages of `origin` (scheme, host and port; None allows nobody)."""

    origin: str | None

    def headers(self, request_origin: str | None) -> dict[str, str]:
        """The headers that let a page of `request_origin` read an answer."""
        if self.origin is None:
            return {}
        vary = {"Vary": "Origin"}
        if request_origin != self.origin:
            return vary
        return {
            **vary,
            "Access-Control-Allow-Origin": self.origin,
            "Access-Control-Expose-Headers": EXPOSED_HEADERS,
        }

    def preflight(self, request_origin: str | None, methods: Iterable[str]) -> dict[str, str]:
        """The headers that answer a preflight for an address that knows `methods`."""
        headers = self.headers(request_origin)
        if "Access-Control-Allow-Origin" not in headers:
            return headers
        return {
            **headers,
            "Access-Control-Allow-Methods": ",".join(sorted({*methods, "OPTIONS"})),
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Max-Age": str(PREFLIGHT_MAX_AGE),
        }
